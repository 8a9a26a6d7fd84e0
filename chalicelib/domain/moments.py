"""A moment an operator announces (rain in a place, a price for a segment), and the event each customer gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from chalicelib.domain.events import Event
from chalicelib.domain.instants import to_text


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a moment concerns: exactly one of these."""

    place: str | None = None
    segment: str | None = None
    identifiers: Sequence[str] | None = None


_PREFIX = "moment:"


class Announced(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was announced: its id (a repeat of it is the same moment), name, facts, time and end (ms, 0: none).

    `place` is set where it concerns a place; whether a customer is still there is checked when it reaches them.
    """

    id: str
    name: str
    at: int
    until: int = 0
    place: str = ""
    facts: dict[str, Any] = {}

    def is_over(self, now: int) -> bool:
        """Whether its end has come."""
        return bool(self.until) and now >= self.until


def event_for(moment: Announced, profile: str, now: int) -> Event:
    """The event by which one customer gets the moment; the same for every repeat of it."""
    about: dict[str, Any] = {"moment": moment.id}
    if moment.place:
        about["place"] = moment.place
    if moment.until:
        about["until"] = to_text(moment.until)
    return Event(
        message_id=f"{_PREFIX}{moment.id}:{profile}",
        type="track",
        event=moment.name,
        timestamp=moment.at,
        received_at=max(moment.at, now),
        properties=about,
        context=moment.facts,
        origin="moment",
        proven=True,
        profile=profile,
    )


def cause_of(event: Event) -> str:
    """What a decision is keyed by: the event, or the moment that was announced for many.

    Two profiles that turn out to be one customer have each had the moment, but it was one.
    """
    moment = event.properties.get("moment")
    return f"{_PREFIX}{moment}" if event.origin == "moment" and moment else event.message_id
