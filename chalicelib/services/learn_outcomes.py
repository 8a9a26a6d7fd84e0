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
        B       latest 7 ... folds a late count ... stores 8: refused, leaves the marks

    Marks go last, so that whoever dies on the way, or is refused, leaves everything to be done again.
    """

    tallies: Tallies
    fold: FoldTallies
    read: ReadTallies
    rules: LiveRules
    learned: LiveLearned
    clock: Clock

    def __call__(self, job: dict[str, Any] | None = None) -> int:  # noqa: ARG002 - jobs are told of what they do
        """Learn what there is to learn; the version in force after it, 0 if that is none, or not for us to say."""
        marks, latest, rules = self.tallies.marked(), self.tallies.latest(), self.rules.current()
        now = self.clock()
        fresh = latest.playbook == rules.version and now < latest.at + RENEWED
        if (fresh or not latest.version) and not marks and now % HOUR >= RIPENS:
            return latest.version
        self.fold(marks)
        found = learn(self.read.ripe(), rules.playbook)
        if self._is_new(found, latest, fresh=fresh):
            following = Latest(latest.version + 1, rules.version, now)
            learned = msgspec.structs.replace(found, version=following.version)
            if not self.tallies.store(learned, following, latest):
                return 0
            latest = following
        self.fold.clear(marks)
        return latest.version

    def _is_new(self, found: Learned, latest: Latest, *, fresh: bool) -> bool:
        """Whether it says anything new: counts that are rounded away teach nothing."""
        known = self.learned.version(latest.version)
        return found != msgspec.structs.replace(known, version=0) or (latest.version > 0 and not fresh)
