"""Once a minute: what was counted since is folded into sums, and what they teach becomes the snapshot in force."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from chalicelib.domain.learning import Learned
from chalicelib.domain.periods import DAY, HOUR
from chalicelib.domain.snapshots import learn
from chalicelib.domain.tallies import Latest
from chalicelib.domain.timers import MINUTE
from chalicelib.services.fold_tallies import FoldTallies
from chalicelib.services.live_learned import LiveLearned
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock, Tallies
from chalicelib.services.read_tallies import ReadTallies

RIPENS = 5 * MINUTE
"""So long into an hour (ms) it is looked whether contacts have become old enough to learn from."""
RENEWED = 30 * DAY
"""A snapshot is stored anew after this long even if it says the same: it is kept from when it was stored."""


@dataclass(frozen=True, slots=True)
class LearnOutcomes:
    """Carries out `{"kind": "learn"}`. Doing it again, or twice at once, is harmless.

        A   latest 7 ... stores 8, puts it in force
        B       latest 7 ... stores 8: refused, 8 is in force

    Marks go last, so that whoever dies on the way leaves everything to be done again.
    """

    tallies: Tallies
    fold: FoldTallies
    read: ReadTallies
    rules: LiveRules
    learned: LiveLearned
    clock: Clock

    def __call__(self, job: dict[str, Any] | None = None) -> int:  # noqa: ARG002 - jobs are told of what they do
        """Learn what there is to learn; the version of the snapshot this put in force, 0 if none."""
        marks, latest, rules = self.tallies.marked(), self.tallies.latest(), self.rules.current()
        now = self.clock()
        fresh = latest.playbook == rules.version and now < latest.at + RENEWED
        if fresh and not marks and now % HOUR >= RIPENS:
            return 0
        self.fold(marks)
        version = self._store(learn(self.read.ripe(), rules.playbook), latest, rules.version, fresh=fresh)
        self.fold.clear(marks)
        return version

    def _store(self, found: Learned, latest: Latest, playbook: int, *, fresh: bool) -> int:
        """The next snapshot, if it says anything new: counts that are rounded away teach nothing."""
        known = self.learned.version(latest.version)
        if found == msgspec.structs.replace(known, version=0) and (fresh or not latest.version):
            return 0
        following = Latest(latest.version + 1, playbook, self.clock())
        learned = msgspec.structs.replace(found, version=following.version)
        return following.version if self.tallies.store(learned, following, latest) else 0
