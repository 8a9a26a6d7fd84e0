"""Discarding a customer's events in the quarantine: they are never folded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.events import Event
from chalicelib.services.empty_quarantine import EmptyQuarantine

KIND = "drop"


@dataclass(frozen=True, slots=True)
class DropQuarantine:
    """Some at once, the rest by and by."""

    empty: EmptyQuarantine

    def start(self, address: str) -> dict[str, Any]:
        """Discard what was set aside of a customer until now: how many so far. Raises `NotFound`."""
        taken = self.empty.start(address, _forget)
        return {"profile": taken.profile, "discarded": taken.events, "more": taken.more}

    def __call__(self, job: dict[str, Any]) -> None:
        """Carry out `{"kind": "drop", "profile", "until", "cursor"}`."""
        self.empty.go_on(job, _forget)


def _forget(_events: Sequence[Event]) -> None:
    """Nothing is done with them; that they are removed is all."""
