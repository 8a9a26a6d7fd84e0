"""What the shop's days use: events in batches, decisions, e-mails, and minutes in which nothing happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from infra.local.functions import TICK
from infra.local.schedule import tick_event
from infra.local.stack import OPERATOR_KEY, WRITE_KEY, Stack
from tests.cost.meter import Meter
from tests.cost.prices import plus, times
from tests.cost.shop import sent

ROUNDS = 10
SECOND, MINUTE = 1_000, 60_000
#: What runs by the clock, whatever is going on: counted by the minute, not by the event.
CLOCKED = ("Tick", "RunJobs")


@dataclass(frozen=True, slots=True)
class Flows:
    """Each gives the use of one: an event, a decision, an e-mail, an idle minute."""

    stack: Stack
    meter: Meter
    names: Sequence[str]
    _number: Any = field(default_factory=lambda: count(1))

    def events(
        self, size: int, people: int, title: str = "Product Viewed", rounds: int = ROUNDS
    ) -> dict[str, float]:
        """An event in HTTP batches of this size, each of so many customers in turn; an ingest takes one batch."""
        for turn in range(-1, rounds):
            if turn == 0:
                self.meter.clear()  # the first warmed up
            self.stack.move_clock(self.stack.now() + 5 * SECOND)
            chosen = [self.names[(turn * people + n) % len(self.names)] for n in range(people)]
            batch = [
                sent(next(self._number), chosen[n % people], title, self.stack.now()) for n in range(size)
            ]
            self._ask("/v1/batch", {"batch": batch}, WRITE_KEY)
            self.stack.settle()
        return times(self.meter.total(but=CLOCKED), 1 / (rounds * size))

    def _ask(self, path: str, body: Any, key: str) -> None:
        self.meter.used["APIHandler"]["api_requests"] += 1
        with self.meter.inside("APIHandler"):
            answer = self.stack.request("POST", path, body, key=key)
        assert answer.status == 200, answer.body

    def decisions(self, together: int, rounds: int = ROUNDS) -> dict[str, float]:
        """A decision for a customer who is there; so many reach relay in one batch."""
        for turn in range(-1, rounds):
            if turn == 0:
                self.meter.clear()
            self.stack.move_clock(self.stack.now() + 60 * MINUTE)
            for n in range(together):
                body = {"userId": self.names[(turn * together + n) % len(self.names)], "placement": "web.home.hero",
                        "context": {"page": {"path": "/", "title": "Your Shop"}, "locale": "en-US"}}  # fmt: skip
                self._ask("/v1/decide", body, OPERATOR_KEY)
            self.stack.settle()
        return times(self.meter.total(but=CLOCKED), 1 / (rounds * together))

    def emails(self, title: str = "Price Dropped", rounds: int = ROUNDS) -> dict[str, float]:
        """An e-mail from its decision to its delivery: what ten events that bring one use, less ten that bring none."""
        without = times(self.events(10, 10, "Product Viewed", rounds), 10 * rounds)
        mailed = times(self.events(10, 10, title, rounds), 10 * rounds)
        return times(plus(mailed, times(without, -1)), 1 / mailed["ses_emails"])

    def idle(self, minutes: int = 30) -> dict[str, float]:
        """A minute in which nothing happens."""
        self.stack.move_clock(self.stack.now() + 3 * 24 * 60 * MINUTE)
        self.stack.settle()
        self.meter.clear()
        for passed in range(minutes):
            self.stack.move_clock(self.stack.now() + MINUTE)
            if self._ticks() <= passed:  # the local stack passes over an empty minute
                TICK.invoke(tick_event(self.stack.now()))
            self.stack.settle()
        assert self._ticks() >= minutes
        return times(self.meter.total(), 1 / minutes)

    def _ticks(self) -> float:
        return self.meter.told["Tick"]["invocations"]
