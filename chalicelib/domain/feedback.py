"""What providers say about a message we sent: their notifications as one shape, and that as an event.

Sources: SES event publishing ("Contents of event data"; the older notifications say `notificationType`);
SNS SMS delivery status logs; AWS End User Messaging SMS User Guide, "Event types for SMS, MMS, and voice" and
"SMS example log" (`isFinal`; what no carrier told of within 72 hours becomes unknown).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.errors import Malformed
from chalicelib.domain.events import Event
from chalicelib.domain.instants import from_text
from chalicelib.domain.machines import is_machine_agent

#: What each kind of SES event becomes, and the state the delivery's row moves to ("" for none; `deliveries.TOLD`).
_SES = {
    "Send": ("", "sent"),
    "Delivery": ("Email Delivered", "delivered"),
    "Bounce": ("Email Bounced", "bounced"),
    "Reject": ("Email Bounced", "bounced"),
    "Complaint": ("Email Marked as Spam", "complained"),
    "Open": ("Email Opened", ""),
    "Click": ("Email Link Clicked", ""),
}
_TEXT_DELIVERED = frozenset({"TEXT_DELIVERED", "TEXT_SUCCESSFUL"})
#: Taken by AWS, and nothing more is known: still on its way, or no carrier ever told.
_TEXT_TAKEN = frozenset({"TEXT_QUEUED", "TEXT_PENDING", "TEXT_SENT", "TEXT_UNKNOWN"})
#: The number is none. Everything else may be otherwise another time: a phone that is off, a carrier that blocks.
_TEXT_PERMANENT = frozenset({"TEXT_INVALID"})


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification about one message.

    `title` is the event it becomes, "" for one that only settles the row; `row` the state the row moves to.
    `delivery` is our tag; where a provider has none, `provider_id` finds it. `type` is SES's bounce type
    (`Permanent`, `Transient`, `Undetermined`). `key` is the same for every copy of the notification. `agent` is what
    opened or clicked, where SES's own tracking is on.
    """

    key: str
    title: str
    row: str
    at: int
    channel: str
    provider_id: str
    delivery: str = ""
    address: str = ""
    type: str = ""
    reason: str = ""
    link: str = ""
    agent: str = ""

    @property
    def stops(self) -> str:
        """Why nothing may be sent to the address again, "" if something may."""
        if self.row == "bounced" and self.type == "Permanent":
            return "bounced"
        return "complained" if self.row == "complained" else ""


def notices_of(payload: Mapping[str, Any]) -> tuple[Notice, ...]:
    """The notices in a notification, one for each address it speaks of; none for a kind we don't know.

    Raises `Malformed` for a known kind that lacks what it must have.
    """
    try:
        found = _notices(payload)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Malformed("feedback") from error
    for one in found:
        if not all(isinstance(each, str) for each in (one.provider_id, one.delivery, one.address, one.type)):
            raise Malformed("feedback")
    return found


def _notices(payload: Mapping[str, Any]) -> tuple[Notice, ...]:
    kind = str(payload.get("eventType") or payload.get("notificationType") or "")
    if kind in _SES and "mail" in payload:
        return _ses(kind, payload)
    if kind.startswith("TEXT_"):
        return _text(kind, payload)
    if "notification" in payload and "delivery" in payload and "status" in payload:
        return (_sns(payload),)
    return ()


def _ses(kind: str, payload: Mapping[str, Any]) -> tuple[Notice, ...]:
    mail = payload["mail"]
    detail = payload.get(kind.lower()) or {}
    title, row = _SES[kind]
    at = from_text(detail.get("timestamp") or mail["timestamp"])
    tags = mail.get("tags") or {}
    bounced = "Permanent" if kind == "Bounce" else "Rejected" if kind == "Reject" else ""
    return tuple(
        Notice(
            key=_key("ses", mail["messageId"], kind, str(at), address),
            title=title,
            row=row,
            at=at,
            channel="email",
            provider_id=mail["messageId"],
            delivery=next(iter(tags.get("delivery") or ()), ""),
            address=address,
            type=detail.get("bounceType") or bounced,
            reason=_reason(detail),
            link=str(detail.get("link") or ""),
            agent=str(detail.get("userAgent") or ""),
        )
        for address in _addressed(detail, mail)
    )


def _reason(detail: Mapping[str, Any]) -> str:
    said = (detail.get(name) for name in ("bounceSubType", "complaintFeedbackType", "reason"))
    return str(next(filter(None, said), ""))


def _addressed(detail: Mapping[str, Any], mail: Mapping[str, Any]) -> list[str]:
    listed = detail.get("bouncedRecipients") or detail.get("complainedRecipients")
    if listed:
        return [one["emailAddress"] for one in listed]
    return list(detail.get("recipients") or mail.get("destination") or [""])


def _text(kind: str, payload: Mapping[str, Any]) -> tuple[Notice, ...]:
    delivered = kind in _TEXT_DELIVERED
    taken = kind in _TEXT_TAKEN or (not delivered and payload.get("isFinal") is False)
    row = "sent" if taken else "delivered" if delivered else "bounced"
    bounced = row == "bounced"
    context = payload.get("context") or {}
    at = int(payload["eventTimestamp"])
    return (
        Notice(
            key=_key("sms", payload["messageId"], kind, str(at)),
            title="" if taken else "Sms Delivered" if delivered else "Sms Bounced",
            row=row,
            at=at,
            channel="sms",
            provider_id=payload["messageId"],
            delivery=str(context.get("delivery") or ""),
            address=payload.get("destinationPhoneNumber") or "",
            type="" if not bounced else "Permanent" if kind in _TEXT_PERMANENT else "Transient",
            reason=kind if bounced else "",
        ),
    )


def _sns(payload: Mapping[str, Any]) -> Notice:
    delivered = payload["status"] == "SUCCESS"
    said = str(payload["delivery"].get("providerResponse") or "")
    notification = payload["notification"]
    at = from_text(notification["timestamp"])
    return Notice(
        key=_key("sms", notification["messageId"], payload["status"], str(at)),
        title="Sms Delivered" if delivered else "Sms Bounced",
        row="delivered" if delivered else "bounced",
        at=at,
        channel="sms",
        provider_id=notification["messageId"],
        address=payload["delivery"].get("destination") or "",
        type="" if delivered else "Permanent" if "invalid" in said.lower() else "Transient",
        reason="" if delivered else said,
    )


def _key(*parts: str) -> str:
    return "f_" + hashlib.blake2b("\x1f".join(parts).encode(), digest_size=15).hexdigest()


def by_machine(notice: Notice) -> bool:
    """Whether it tells of an open or a click by a machine."""
    opens = notice.title == "Email Opened"
    looked = opens or notice.title == "Email Link Clicked"
    return looked and is_machine_agent(notice.agent, opens=opens)


def event_of(
    notice: Notice, *, delivery: str, profile: str, body: Mapping[str, Any], address_hash: str, now: int
) -> Event:
    """The event a notice becomes, addressed to the profile the delivery was made for.

    Its id follows from the notification, so a copy of that is a copy of the event. `body` is the row's.
    """
    said = {"type": notice.type, "reason": notice.reason, "link": notice.link, "address": notice.address}
    properties = {
        "delivery": delivery,
        "decision": body.get("decision", ""),
        "message": body.get("message", ""),
        "variant": body.get("variant", ""),
        "channel": notice.channel,
        **{name: value for name, value in said.items() if value},
        **({"address_hash": address_hash} if address_hash else {}),
        **({"machine": True} if by_machine(notice) else {}),
    }
    return Event(
        message_id=notice.key,
        type="track",
        event=notice.title,
        timestamp=min(notice.at, now),
        received_at=now,
        properties=properties,
        origin="topeka",
        proven=True,
        profile=profile,
    )
