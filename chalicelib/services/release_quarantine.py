"""Releasing a customer's events from the quarantine: they go back to the events queue, and are folded as any other.

They are marked, so that ingest does not set them aside again. An event is its message id, so one that is sent
twice is folded once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.errors import TooLarge
from chalicelib.domain.events import Event, EventBatch
from chalicelib.services.empty_quarantine import PART, EmptyQuarantine
from chalicelib.services.ports import EventQueue

KIND = "release"
PAUSE = 5_000
"""Between two jobs of one release (ms), so that what was a flood comes back as a stream: 1,000 events a second."""


@dataclass(frozen=True, slots=True)
class ReleaseQuarantine:
    """Some at once, the rest by and by."""

    empty: EmptyQuarantine
    events: EventQueue

    def start(self, address: str) -> dict[str, Any]:
        """Release what was set aside of a customer until now: how many so far. Raises `NotFound`."""
        taken = self.empty.start(address, self._send)
        return {"profile": taken.profile, "released": taken.events, "more": taken.more}

    def __call__(self, job: dict[str, Any]) -> None:
        """Carry out `{"kind": "release", "profile", "until", "cursor"}`."""
        self.empty.go_on(job, self._send)

    def _send(self, events: Sequence[Event]) -> None:
        for start in range(0, len(events), PART):
            self._send_part(events[start : start + PART])

    def _send_part(self, events: Sequence[Event]) -> None:
        """As one message, or half by half where one cannot hold them."""
        try:
            self.events.send(EventBatch(events=tuple(events), released=True))
        except TooLarge:
            if len(events) == 1:
                raise
            half = len(events) // 2
            self._send_part(events[:half])
            self._send_part(events[half:])
