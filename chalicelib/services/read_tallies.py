"""What was counted in the last days, summed."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.cells import Cells, total
from chalicelib.domain.periods import DAY, MONTHS, month_of
from chalicelib.services.ports import Clock, Tallies

EVER = 400
"""As far back (days) as anything is kept: what experiments look at."""
RECENT = 90
"""How far back (days) learning looks, so that it follows when customers' taste changes."""


@dataclass(frozen=True, slots=True)
class ReadTallies:
    """Sums as the last minute's folding left them."""

    tallies: Tallies
    clock: Clock

    def __call__(self, days: int = EVER) -> Cells:
        """Everything counted since the beginning of the month (UTC) that was `days` ago: a row a month is read."""
        first = month_of(self.clock() - days * DAY)
        return total(month.cells for month in self.tallies.sums(MONTHS, first).values())
