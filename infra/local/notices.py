"""What SES and AWS End User Messaging publish about a message, in their own shapes.

Sources: Amazon SES Developer Guide, "Examples of event data that Amazon SES publishes to Amazon SNS";
AWS End User Messaging SMS User Guide, "Event types" and "Two-way SMS messaging".
"""

from __future__ import annotations

from typing import Any

from chalicelib.domain.instants import to_text
from infra.local.moto_providers import Taken
from infra.local.resources import ACCOUNT, PREFIX

#: Segment's names for what becomes of an e-mail, and SES's.
SES_EVENTS = {
    "Email Sent": "Send",
    "Email Delivered": "Delivery",
    "Email Deferred": "DeliveryDelay",
    "Email Bounced": "Bounce",
    "Email Marked as Spam": "Complaint",
    "Email Rejected": "Reject",
    "Email Opened": "Open",
    "Email Link Clicked": "Click",
}
#: The same of an SMS: event type and status.
SMS_EVENTS = {
    "Sms Sent": ("TEXT_SENT", "SENT"),
    "Sms Delivered": ("TEXT_DELIVERED", "DELIVERED"),
    "Sms Failed": ("TEXT_INVALID", "INVALID"),
    "Sms Bounced": ("TEXT_INVALID", "INVALID"),
    "Sms Undeliverable": ("TEXT_UNREACHABLE", "UNREACHABLE"),
    "Sms Blocked": ("TEXT_BLOCKED", "BLOCKED"),
}
#: A person's; `Mozilla/5.0` alone would be Apple's prefetching.
_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_TRANSIENT = {"TEXT_INVALID": ("TEXT_UNREACHABLE", "UNREACHABLE")}


def ses_event(taken: Taken, kind: str, at: int, bounce_type: str = "Permanent") -> dict[str, Any]:
    """One SES event; `kind` is SES's name for it."""
    stamp = to_text(at)
    mail = {
        "timestamp": stamp,
        "source": taken.sender,
        "sendingAccountId": ACCOUNT,
        "messageId": taken.provider_id,
        "destination": [taken.to],
        "headersTruncated": False,
        "headers": [],
        "commonHeaders": {"messageId": taken.provider_id},
        "tags": {"ses:configuration-set": [PREFIX], **{name: [value] for name, value in taken.tags.items()}},
    }
    detail_of = {
        "Send": ("send", {}),
        "Delivery": ("delivery", _delivered(taken, stamp)),
        "DeliveryDelay": (
            "deliveryDelay",
            {"timestamp": stamp, "delayType": "TransientCommunicationFailure"},
        ),
        "Bounce": ("bounce", _bounced(taken, stamp, bounce_type)),
        "Complaint": ("complaint", _complained(taken, stamp)),
        "Reject": ("reject", {"reason": "Bad content"}),
        "Open": ("open", {"timestamp": stamp, "ipAddress": "192.0.2.1", "userAgent": _BROWSER}),
        "Click": (
            "click",
            {
                "timestamp": stamp,
                "ipAddress": "192.0.2.1",
                "link": "https://example.com/",
                "userAgent": _BROWSER,
            },
        ),
    }
    name, detail = detail_of[kind]
    return {"eventType": kind, "mail": mail, name: detail}


def _delivered(taken: Taken, stamp: str) -> dict[str, Any]:
    return {
        "timestamp": stamp,
        "processingTimeMillis": 500,
        "recipients": [taken.to],
        "smtpResponse": "250 2.6.0 Message received",
        "reportingMTA": "local",
    }


def _bounced(taken: Taken, stamp: str, bounce_type: str) -> dict[str, Any]:
    permanent = bounce_type == "Permanent"
    recipient = {
        "emailAddress": taken.to,
        "action": "failed" if permanent else "delayed",
        "status": "5.1.1" if permanent else "4.2.2",
        "diagnosticCode": "smtp; 550 5.1.1 user unknown" if permanent else "smtp; 452 4.2.2 mailbox full",
    }
    return {
        "feedbackId": f"bounce-{taken.provider_id}",
        "bounceType": bounce_type,
        "bounceSubType": "General" if permanent else "MailboxFull",
        "bouncedRecipients": [recipient],
        "timestamp": stamp,
        "reportingMTA": "dsn; local",
    }


def _complained(taken: Taken, stamp: str) -> dict[str, Any]:
    return {
        "feedbackId": f"complaint-{taken.provider_id}",
        "complainedRecipients": [{"emailAddress": taken.to}],
        "complaintFeedbackType": "abuse",
        "timestamp": stamp,
        "arrivalDate": stamp,
    }


def sms_event(
    taken: Taken, delivery: str, name: str, at: int, bounce_type: str = "Permanent"
) -> dict[str, Any]:
    """One End User Messaging event; `name` is ours (`Sms Delivered`)."""
    kind, status = SMS_EVENTS[name]
    if bounce_type == "Transient":
        kind, status = _TRANSIENT.get(kind, (kind, status))
    return {
        "eventType": kind,
        "eventVersion": "1.0",
        "eventTimestamp": at,
        "isFinal": kind != "TEXT_SENT",
        "originationPhoneNumber": taken.sender,
        "destinationPhoneNumber": taken.to,
        "isoCountryCode": "US",
        "messageId": taken.provider_id,
        "messageRequestTimestamp": at,
        "messageEncoding": "GSM",
        "messageType": "PROMOTIONAL",
        "messageStatus": status,
        "messageStatusDescription": f"Message has status {status}",
        "context": {"delivery": delivery},
        "totalMessageParts": 1,
    }


def inbound_sms(sender: str, recipient: str, text: str, message_id: str) -> dict[str, Any]:
    """A customer's answer, as a number's two-way channel publishes it."""
    return {
        "originationNumber": sender,
        "destinationNumber": recipient,
        "messageKeyword": "keyword_local",
        "messageBody": text,
        "inboundMessageId": message_id,
        "previousPublishedMessageId": "",
    }
