"""Segment's six calls as they arrive over HTTP, made into events one by one.

Source of the shapes: Segment, "HTTP Tracking API source" and "Spec: Common fields". What one event lacks
never sinks its neighbours: each either becomes an `Event` or an `BadRequest` that says how to mend it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from chalicelib.domain.errors import BadRequest
from chalicelib.domain.events import Event, EventType, Origin, is_reserved
from chalicelib.domain.instants import corrected, from_text

EVENT_BYTES = 32 * 1024
BATCH_BYTES = 500 * 1024
BATCH_EVENTS = 2_500
MESSAGE_ID_CHARACTERS = 100
LEVELS = 64

#: Message ids of our own events start so; a write key may not take one before we do.
OWN_IDS = ("topeka:", "moment:", "playbook:", "ring-", "sms-in-")

_TYPES = frozenset({"identify", "track", "page", "screen", "group", "alias"})
Id = str | int | None


class Call(msgspec.Struct, rename="camel"):
    """One call as a client sends it. Numbers are accepted as ids, as Segment does; `null` is no identifier."""

    type: str | None = None
    event: str | None = None
    name: str | None = None
    category: str | None = None
    user_id: Id = None
    anonymous_id: Id = None
    previous_id: Id = None
    group_id: Id = None
    message_id: str | None = None
    timestamp: str | None = None
    sent_at: str | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: dict[str, Any] | None = None


class Batch(msgspec.Struct, rename="camel"):
    """The body of a batch call; its events stay raw, so that one bad event is bad alone."""

    batch: list[msgspec.Raw]
    sent_at: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """How a request came in: when (ms), whose key it bore, and how to prove or name what it sent.

    `proves` tells whether a token proves a user id; `new_id` makes a message id where one is missing.
    """

    received_at: int
    origin: Origin
    proves: Callable[[str, str], bool]
    new_id: Callable[[], str]
    sent_at: int | None = None


_CALL = msgspec.json.Decoder(Call)


def event_of(raw: bytes | msgspec.Raw, receipt: Receipt, kind: str | None = None) -> Event:
    """The event in one call's JSON. `kind` is the type the path gave; in a batch each says its own.

    Raises `BadRequest`.
    """
    call = _call(raw)
    kind = _kind(kind or call.type)
    context = dict(call.context or {})
    token = context.pop("userToken", None)
    user_id = _id(call.user_id)
    event = Event(
        message_id=_message_id(call.message_id, receipt),
        type=kind,
        timestamp=_happened(call, receipt),
        received_at=receipt.received_at,
        event=call.event or "" if kind == "track" else "",
        name=call.name or "",
        user_id=user_id,
        anonymous_id=_id(call.anonymous_id),
        previous_id=_id(call.previous_id),
        group_id=_id(call.group_id),
        properties=_properties(call, kind),
        traits=call.traits or {},
        context=context,
        origin=receipt.origin,
        proven=receipt.origin == "operator" or _proven(user_id, token, receipt),
    )
    _check(event)
    return event


def too_deep(value: Any, levels: int = LEVELS) -> bool:
    """Whether objects and lists nest deeper than `levels`; walks level by level, so no depth can hurt it."""
    level = [value]
    for _ in range(levels):
        level = [child for node in level if isinstance(node, dict | list) for child in _children(node)]
        if not level:
            return False
    return any(isinstance(node, dict | list) for node in level)


def _children(node: dict[str, Any] | list[Any]) -> Sequence[Any]:
    return list(node.values()) if isinstance(node, dict) else node


def _call(raw: bytes | msgspec.Raw) -> Call:
    if len(memoryview(raw)) > EVENT_BYTES:
        raise BadRequest("event-too-large", "Keep each event within 32 KB.")
    try:
        call = _CALL.decode(raw)
    except msgspec.ValidationError as error:
        words, _, path = str(error).partition(" - at `$")
        raise BadRequest("invalid-type", f"{words}.", path.strip("`.")) from error
    except RecursionError as error:
        raise _deep() from error
    except (msgspec.DecodeError, ValueError) as error:
        raise BadRequest("invalid-json", "Send well-formed JSON in UTF-8.") from error
    if too_deep([call.properties, call.traits, call.context]):
        raise _deep()
    return call


def _deep() -> BadRequest:
    return BadRequest("too-deep", f"Nest objects and lists at most {LEVELS} levels deep.")


def _kind(kind: str | None) -> EventType:
    if kind not in _TYPES:
        raise BadRequest("invalid-type", f"Set `type` to one of {', '.join(sorted(_TYPES))}.", "type")
    return cast(EventType, kind)


def _id(value: Id) -> str | None:
    return None if value is None or value == "" else str(value)


def _message_id(given: str | None, receipt: Receipt) -> str:
    if not given:
        return receipt.new_id()
    if len(given) >= MESSAGE_ID_CHARACTERS:
        raise BadRequest("message-id-too-long", "Keep `messageId` under 100 characters.", "messageId")
    if receipt.origin == "client" and given.startswith(OWN_IDS):
        raise BadRequest("reserved-message-id", "Choose a `messageId` that starts otherwise.", "messageId")
    return given


def _happened(call: Call, receipt: Receipt) -> int:
    sent_at = instant(call.sent_at, "sentAt")
    timestamp = instant(call.timestamp, "timestamp")
    return corrected(timestamp, receipt.sent_at if sent_at is None else sent_at, receipt.received_at)


def instant(text: str | None, field: str) -> int | None:
    """An optional ISO 8601 field in ms. Raises `BadRequest`."""
    if not text:
        return None
    try:
        return from_text(text)
    except ValueError as error:
        raise BadRequest(
            "invalid-timestamp", f"Write `{field}` as an ISO 8601 date and time.", field
        ) from error


def _properties(call: Call, kind: str) -> dict[str, Any]:
    """A page's or screen's name and category also count as its properties, as in Segment's own libraries."""
    properties = dict(call.properties or {})
    if kind in ("page", "screen"):
        for field, value in (("name", call.name), ("category", call.category)):
            if value and field not in properties:
                properties[field] = value
    return properties


def _proven(user_id: str | None, token: object, receipt: Receipt) -> bool:
    return user_id is not None and isinstance(token, str) and receipt.proves(user_id, token)


def _check(event: Event) -> None:
    if event.type == "track" and not event.event:
        raise BadRequest("missing-event", "Name what was tracked in `event`.", "event")
    if event.type == "track" and event.origin == "client" and is_reserved(event.event):
        raise BadRequest(
            "reserved-event", "Choose another name: this one is for Topeka's own events.", "event"
        )
    if event.type == "group" and not event.group_id:
        raise BadRequest("missing-group", "Name the group in `groupId`.", "groupId")
    if event.type == "alias" and not event.previous_id:
        raise BadRequest("missing-previous-id", "Name the earlier id in `previousId`.", "previousId")
    if not _says_who(event):
        raise BadRequest("no-identifier", "Say who it was: set `userId` or `anonymousId`.", "userId")


def _says_who(event: Event) -> bool:
    """Whether any identifier may be found in it; which ones count is for identity to say."""
    if event.user_id or event.anonymous_id:
        return True
    if event.type == "alias":
        return False
    if event.context.get("externalIds") or event.context.get("device"):
        return True
    traits = [event.traits, event.context.get("traits")] if event.type == "identify" else []
    return any(isinstance(t, dict) and (t.get("email") or t.get("phone")) for t in traits)
