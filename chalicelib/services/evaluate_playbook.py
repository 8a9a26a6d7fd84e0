"""What another playbook would have done, and earned, at the moments of the last days.

    customers, page by page -> their decisions of these days -> each customer as they were -> decide anew
                            -> what changes, for whom, and why; and off-policy estimates of what it earns

Decisions of customers in the holdout are left out: they were never a choice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.evaluating.estimating import evaluate
from chalicelib.domain.evaluating.expecting import expectations
from chalicelib.domain.evaluating.logged import Logged
from chalicelib.domain.evaluating.telling import told
from chalicelib.domain.learning import Learned
from chalicelib.domain.playbook.compiler import compile_playbook
from chalicelib.domain.profile import Profile
from chalicelib.domain.proposals import Compared, Comparison, compared
from chalicelib.domain.replaying import tells_moment
from chalicelib.domain.rewinding import rewound
from chalicelib.domain.rules import Rules
from chalicelib.domain.timelines import records_of
from chalicelib.services.adopt_playbook import whole_history
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock, Profiles, Timeline
from chalicelib.services.publish_playbook import PublishPlaybook

DAY = 86_400_000
PART = 100
A_REQUEST = 1_000
PATIENCE = 15.0
"""Decisions that one HTTP request looks at, and for how long (s), then with what it has: an answer has 29 seconds."""


@dataclass(frozen=True, slots=True)
class EvaluatePlaybook:
    """Writes nothing. `learned` finds a snapshot by its version (KeyError if it is gone), `now_learned` the latest.

    `stopwatch` tells seconds that pass, whatever the clock says.
    """

    publish: PublishPlaybook
    profiles: Profiles
    timeline: Timeline
    rules: LiveRules
    learned: Callable[[int], Learned]
    now_learned: Callable[[], Learned]
    clock: Clock
    stopwatch: Callable[[], float] = time.monotonic

    def __call__(
        self, text: bytes, days: int, most: int = A_REQUEST, patience: float = PATIENCE
    ) -> dict[str, Any]:
        """What would change and what that would earn. Raises `BadRequest` for a playbook with faults.

        At most about `most` decisions are looked at, for `patience` seconds: those of a sample of customers as they
        come in the table, which is in no order.
        """
        started = self.stopwatch()
        proposed = compile_playbook(self.publish.check(text), 0)
        found: list[Compared] = []
        customers = 0
        whole = True
        for profile in self._customers(self.clock() - days * DAY):
            customers += 1
            found += self._compared(profile, proposed, self.clock() - days * DAY)
            if len(found) >= most or self.stopwatch() > started + patience:
                whole = False
                break
        comparison = Comparison.of(found)
        return {
            "days": days,
            "customers": customers,
            "decisions": len(found),
            "sampled": not whole,
            **comparison.told(),
            "value": told(evaluate(_logged(found))),
        }

    def _customers(self, since: int) -> Iterator[Profile]:
        """Everybody about whom anything was decided since then, page by page."""
        cursor = ""
        while True:
            page = self.profiles.scan(cursor, PART)
            for door in self.profiles.read(page.items).values():
                if isinstance(door, Profile) and door.ledger.now >= since:
                    yield door
            cursor = page.cursor
            if not cursor:
                return

    def _compared(self, profile: Profile, proposed: Rules, since: int) -> Iterator[Compared]:
        records = [one for one in self._records(profile, since) if one.get("tested") != "held"]
        if not records:
            return
        history = whole_history(self.timeline, profile)
        switches, learned = self.rules.switches(), self.now_learned()
        for record, was in rewound(profile, history, proposed, records):
            made_with = self._made_with(record)
            if made_with is not None:
                yield compared(profile, record, was, history, made_with, (proposed, learned), switches)

    def _records(self, profile: Profile, since: int) -> Iterator[Mapping[str, Any]]:
        cursor = ""
        while True:
            page = self.timeline.decisions(records_of(profile), PART, cursor)
            for record in page.items:
                if record["at"] < since:
                    return
                if "facts" in record and tells_moment(record):
                    yield record
            cursor = page.cursor
            if not cursor:
                return

    def _made_with(self, record: Mapping[str, Any]) -> tuple[Rules, Learned] | None:
        """The playbook and snapshot it was decided with; None where they are kept no more."""
        try:
            return self.rules.version(record.get("playbook", 0)), self.learned(record.get("learned", 0))
        except KeyError:
            return None


def _logged(found: list[Compared]) -> Iterator[Logged]:
    """What the estimators read: decisions that could have come out otherwise, with what is expected of each action."""
    scored = [one for one in found if one.propensity > 0]
    expected = expectations((one.customer, one.action, one.reward) for one in scored)
    for one in scored:
        yield Logged(
            one.action,
            min(1.0, one.propensity),
            one.reward,
            one.proposal.odds,
            expected.of(one.customer, {*one.proposal.odds, one.action}),
            one.customer,
        )
