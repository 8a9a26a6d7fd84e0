"""Counting and learning over fakes: what the tests of folding and of learning share."""

from __future__ import annotations

import msgspec

from chalicelib.domain.cells import MESSAGE, message_cell, row
from chalicelib.domain.effects import Count
from chalicelib.domain.learning import Learned
from chalicelib.domain.periods import HOUR
from chalicelib.domain.playbook.parsing import parse
from chalicelib.services.fold_tallies import FoldTallies
from chalicelib.services.learn_outcomes import LearnOutcomes
from chalicelib.services.live_learned import LiveLearned
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.read_tallies import ReadTallies
from tests.fakes import FakeClock, FakePlaybooks, FakeTallies

SHOP = """
playbook: 1
name: Shop
topics: {offers: {label: Offers, default: assume}}
placements: {web.home: {channel: web}}
messages:
  umbrella:
    kind: offer
    topic: offers
    placements: [web.home]
    value: 3
    variants: {plain: {web: {headline: Dry}}, cheerful: {web: {headline: Sing}}}
  boots: {kind: offer, topic: offers, placements: [web.home], value: 3, variants: {v: {web: {headline: Warm}}}}
experiments: {copy: {message: umbrella, split: learn}}
"""


class Stage:
    """A workspace whose playbook is `SHOP`, at noon."""

    def __init__(self) -> None:
        self.clock, self.tallies, self.playbooks = FakeClock(), FakeTallies(), FakePlaybooks()
        self.fold = FoldTallies(self.tallies, self.clock)
        self.read = ReadTallies(self.tallies, self.clock)
        self.publish(SHOP)
        self.learn = self.worker()

    def publish(self, text: str) -> None:
        playbook, faults, *_ = parse(text)
        assert not faults
        self.playbooks.publish(text, msgspec.msgpack.encode(playbook), self.clock())

    def worker(self) -> LearnOutcomes:
        """What learns, with caches of its own."""
        return LearnOutcomes(
            tallies=self.tallies,
            fold=self.fold,
            read=self.read,
            rules=LiveRules(self.playbooks, self.clock, max_age=0),
            learned=LiveLearned(self.tallies, self.clock),
            clock=self.clock,
        )

    def learned(self) -> Learned:
        """The snapshot in force."""
        return self.tallies.load(self.tallies.latest().version)

    def tell(self, id: str, at: int | None = None, channel: str = "web", **sums: float) -> None:
        """Something is counted of the umbrella's plain variant: of contacts two hours ago, if nothing is said."""
        cells = {message_cell("umbrella", "plain", channel, "known"): row(MESSAGE, **(sums or {"shown": 1}))}
        now = self.clock()
        self.tallies.append([Count(id, now - 2 * HOUR if at is None else at, cells)], now)
