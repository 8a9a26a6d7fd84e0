"""Whether a message may be handed to its provider now, or how long it waits in the queue until it may.

First the channel's breaker, then its rate, and where the breaker tries whether the provider answers again, that too:
so a message that waits for its slot is never the probe that everybody waits for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from chalicelib.domain.breaker import CLOSED, TRIP, Breaker
from chalicelib.domain.errors import NotTaken, Retry, Unanswered
from chalicelib.domain.pacing import LINE, between, is_good, lane_of
from chalicelib.services.ports import Clock, Turns

#: How long a worker believes what it saw of a breaker (ms).
MAX_AGE = 1_000


@dataclass(frozen=True, slots=True)
class Turn:
    """`wait` is how long (ms, at most 15 minutes; 0: now), `why`, and `slot` what to come back with (ms).

    `probe` is the breaker as this message holds it, where it is the one that tries.
    """

    wait: int = 0
    why: Literal["", "rate", "breaker", "switched-off"] = ""
    slot: int = 0
    probe: Breaker | None = None


NOW = Turn()


@dataclass(frozen=True, slots=True)
class TakeTurn:
    """One worker's. `rates` tells messages a second by channel, 0 for no limit."""

    turns: Turns
    rates: Callable[[str], float]
    clock: Clock
    _seen: dict[str, tuple[int, Breaker]] = field(default_factory=dict)
    _failed: Counter[str] = field(default_factory=Counter)

    def __call__(self, channel: str, kind: str, delivery: str, slot: int = 0) -> Turn:
        """The turn of a message (kind: offer, brand, service) that comes with a slot, 0 for none yet."""
        now = self.clock()
        breaker = self._breaker(channel, now)
        if breaker.is_open(now):
            return _until(breaker, now, delivery)
        turn = self._slot(channel, kind, delivery, slot, now)
        return turn if turn.wait or breaker == CLOSED else self._probe(channel, breaker, delivery, now)

    @contextmanager
    def calling(self, channel: str, turn: Turn) -> Iterator[None]:
        """Hears how the call went that was this turn's. Never fails by itself: the provider may have acted."""
        try:
            yield
        except (NotTaken, Unanswered):
            self._failed[channel] += 1
            with suppress(Retry):
                self._open(channel, turn)
            raise
        self._failed[channel] = 0
        if turn.probe is not None:
            with suppress(Retry):
                self._move(channel, turn.probe, CLOSED)

    def _slot(self, channel: str, kind: str, delivery: str, slot: int, now: int) -> Turn:
        rate = self.rates(channel)
        if rate <= 0 or is_good(slot, now):
            return NOW
        if now < slot:  # come too early: a queue's delay is at most 15 minutes, and its clock another
            return Turn(min(slot - now, LINE), "rate", slot)
        lane = lane_of(channel, kind, rate)
        taken = self.turns.take(lane.name, now, lane.width, LINE)
        if taken is None:
            return Turn(between(LINE // 2, LINE, delivery, str(now)), "rate")
        return NOW if taken <= now else Turn(taken - now, "rate", taken)

    def _probe(self, channel: str, breaker: Breaker, delivery: str, now: int) -> Turn:
        """One of all workers' messages gets it; the others wait for what it finds."""
        probe = breaker.probed(now)
        if self._move(channel, breaker, probe):
            return Turn(probe=probe)
        return _until(probe, now, delivery)

    def _open(self, channel: str, turn: Turn) -> None:
        """A probe that failed; or the last of several failures, while nobody else has opened it."""
        now = self.clock()
        if turn.probe is not None:
            self._move(channel, turn.probe, turn.probe.opened(now))
        elif self._failed[channel] >= TRIP and self._move(channel, CLOSED, CLOSED.opened(now)):
            self._failed[channel] = 0

    def _breaker(self, channel: str, now: int) -> Breaker:
        at, seen = self._seen.get(channel, (-MAX_AGE, CLOSED))
        if 0 <= now - at < MAX_AGE:
            return seen
        seen = self.turns.breaker(channel)
        self._seen[channel] = (now, seen)
        return seen

    def _move(self, channel: str, old: Breaker, new: Breaker) -> bool:
        self._seen.pop(channel, None)
        return self.turns.move_breaker(channel, old, new)


def _until(breaker: Breaker, now: int, delivery: str) -> Turn:
    return Turn(breaker.until - now + between(0, breaker.spread(), delivery, str(now)), "breaker")
