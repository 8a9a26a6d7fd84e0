"""Whether a message may be handed to its provider now, or how long it waits in the queue until it may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from chalicelib.domain.pacing import LINE, between, is_good, lane_of
from chalicelib.services.ports import Clock, Turns


@dataclass(frozen=True, slots=True)
class Turn:
    """`wait` is how long (ms, at most 15 minutes; 0: now), `why`, and `slot` what to come back with (ms)."""

    wait: int = 0
    why: Literal["", "rate"] = ""
    slot: int = 0


NOW = Turn()


@dataclass(frozen=True, slots=True)
class TakeTurn:
    """`rates` tells messages a second by channel, 0 for no limit."""

    turns: Turns
    rates: Callable[[str], float]
    clock: Clock

    def __call__(self, channel: str, kind: str, delivery: str, slot: int = 0) -> Turn:
        """The turn of a message (kind: offer, brand, service) that comes with a slot, 0 for none yet."""
        now, rate = self.clock(), self.rates(channel)
        if rate <= 0 or is_good(slot, now):
            return NOW
        if now < slot:  # come too early: a queue's delay is at most 15 minutes, and its clock another
            return Turn(min(slot - now, LINE), "rate", slot)
        lane = lane_of(channel, kind, rate)
        taken = self.turns.take(lane.name, now, lane.width, LINE)
        if taken is None:
            return Turn(between(LINE // 2, LINE, delivery, str(now)), "rate")
        return NOW if taken <= now else Turn(taken - now, "rate", taken)
