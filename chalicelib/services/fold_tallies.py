"""What was counted since, into sums: slots from their logs, then hours, days and months from their parts.

Every sum is computed anew from below and overwritten, so doing it again is the same as once. Of two workers at once:

    A   reads version 1 of a sum ... reads the log .............................. puts version 2: refused
    B              reads version 1 ... a late count comes ... reads the log ... puts version 2

What stands was always computed from what was there after the version before it was written, so it never goes back.
Who is refused does it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chalicelib.domain.cells import Cells, total
from chalicelib.domain.errors import Conflict
from chalicelib.domain.periods import CLOSED, LOG_KEPT, PARTS_KEPT, start_of, whole_of
from chalicelib.domain.tallies import Sum, folded
from chalicelib.services.ports import Clock, Tallies

TRIES = 3


@dataclass(frozen=True, slots=True)
class FoldTallies:
    """Brings the sums up to date with the log of marked slots."""

    tallies: Tallies
    clock: Clock

    def __call__(self, slots: Iterable[str]) -> None:
        """Fold these slots and all they are part of. Raises `Conflict` if others keep folding the same."""
        periods = set(slots)
        for slot in sorted(periods):
            self._store(slot, self._from_log)
        for _ in ("hours", "days", "months"):
            periods = {whole_of(period) for period in periods}
            for period in sorted(periods):
                self._store(period, self._from_parts)

    def clear(self, marks: dict[str, str]) -> None:
        """Take the marks of closed slots away, once all that was made of them is stored."""
        now = self.clock()
        for slot, mark in marks.items():
            if now >= start_of(slot) + CLOSED:
                self.tallies.clear(slot, mark)

    def _store(self, period: str, computed: Callable[[str, Sum], Cells]) -> None:
        for _ in range(TRIES):
            stored = self.tallies.sum(period)  # before what it is computed from
            cells = computed(period, stored)
            if cells == stored.cells:
                return
            try:
                self.tallies.put_sum(period, cells, stored.version)
            except Conflict:
                continue
            return
        raise Conflict((period,))

    def _from_log(self, slot: str, stored: Sum) -> Cells:
        """What the log says; what is stored already, if part of the log may be gone."""
        if stored.version and self.clock() >= start_of(slot) + LOG_KEPT:
            return stored.cells
        return folded(self.tallies.log(slot))

    def _from_parts(self, period: str, stored: Sum) -> Cells:
        """What its parts say; what is stored already, if some of them may be gone."""
        if stored.version and self.clock() >= start_of(period) + PARTS_KEPT[len(period)]:
            return stored.cells
        return total(part.cells for part in self.tallies.sums(period).values())
