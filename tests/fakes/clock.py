"""A clock that stands still until it is moved."""

from __future__ import annotations

from dataclasses import dataclass

MONDAY_NOON = 1_772_452_800_000
"""2026-03-02T12:00:00Z."""


@dataclass
class FakeClock:
    """Call it for the time in ms; set `now`, or move it `forward`."""

    now: int = MONDAY_NOON

    def __call__(self) -> int:
        return self.now

    def forward(self, ms: int) -> int:
        """Let time pass; the new time."""
        self.now += ms
        return self.now
