"""A customer event, in Segment's shape, with the proof of who sent it.

Source of the shape: Segment's tracking API specification (Spec: Common fields, Identify, Track, Page,
Screen, Group, Alias).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

EventType = Literal["identify", "track", "page", "screen", "group", "alias"]
Origin = Literal["client", "operator", "moment", "topeka"]

#: Names only Topeka itself may send: delivery feedback, timers and signals.
RESERVED_PREFIXES = ("Email ", "Sms ", "Topeka ")
RESERVED_NAMES = frozenset({"Unsubscribed"})
#: How the timeline tells of a link that a rule refused: `properties` are the identifier's kind, the reason, the event.
LINK_REFUSED = "Topeka Link Refused"
#: Outcomes of a decision, sent by clients; each counts once and only for the profile it was made for.
OUTCOMES = {
    "Message Viewed": "opened",
    "Message Clicked": "clicked",
    "Message Dismissed": "dismissed",
    "Message Converted": "converted",
}

PERMISSION_SET = "Topeka Permission Set"
"""What a customer said about being contacted, as we took it down."""


class Event(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One thing a customer did, or that happened to them. An event *is* its `message_id`.

    `timestamp` is corrected for clock skew and never later than `received_at` (both milliseconds).
    `origin` says who sent it: `client` (write key), `operator` (operator key), `moment` (an operator's moment
    about many customers), or `topeka` (our own: feedback,
    timers). `proven` is true for a valid `userToken` or an operator key. `profile` addresses one of our
    own events to a profile id instead of identifiers.
    """

    message_id: str
    type: EventType
    timestamp: int
    received_at: int
    event: str = ""
    name: str = ""
    user_id: str | None = None
    anonymous_id: str | None = None
    previous_id: str | None = None
    group_id: str | None = None
    properties: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    context: dict[str, Any] = {}
    origin: Origin = "client"
    proven: bool = False
    profile: str = ""

    @property
    def title(self) -> str:
        """The name it counts under: a track's own, else `Page Viewed`, `Screen Viewed`, `Identify`, ..."""
        return self.event if self.type == "track" else TITLES[self.type]

    @property
    def by_machine(self) -> bool:
        """Whether a machine did it (`machines.py`): then it is history, and nothing follows from it."""
        return self.origin == "topeka" and self.properties.get("machine") is True

    @property
    def order(self) -> tuple[int, str]:
        """The one order in which events are taken: time, then message id."""
        return (self.timestamp, self.message_id)


def ours(
    id: str, name: str, profile: str, now: int, about: dict[str, Any] | None = None, *, proven: bool = False
) -> Event:
    """An event of our own about a profile, now; a copy of it has the same `id`."""
    return Event(
        id, "track", now, now, name, properties=about or {}, origin="topeka", proven=proven, profile=profile
    )


TITLES: dict[str, str] = {
    "identify": "Identify",
    "page": "Page Viewed",
    "screen": "Screen Viewed",
    "group": "Group",
    "alias": "Alias",
}


class Rejection(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event that was refused, kept for the operator: `excerpt` is at most 2 KB of what was sent."""

    id: str
    code: str
    message: str
    index: int
    received_at: int
    excerpt: str = ""


class EventBatch(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message of the events queue: what one HTTP request (or one of our own workers) handed in.

    `released` means that an operator let these events out of the quarantine: they are not set aside again.
    """

    events: tuple[Event, ...] = ()
    rejected: tuple[Rejection, ...] = ()
    attempt: int = 0
    released: bool = False


def is_reserved(name: str) -> bool:
    """Whether a write key must not send a track event of this name."""
    return name in RESERVED_NAMES or name.startswith(RESERVED_PREFIXES)
