"""What was counted in the last days, summed."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.cells import Cells, add, parts_of, total
from chalicelib.domain.periods import DAY, HOUR, MONTHS, day_of, hour_of, month_of, start_of
from chalicelib.domain.permissions import goes_to_them
from chalicelib.services.ports import Clock, Tallies

EVER = 400
"""As far back (days) as anything is kept: what experiments look at."""
RECENT = 90
"""How far back (days) learning looks, so that it follows when customers' taste changes."""

QUICK = HOUR // 4
"""How long (ms) a contact where the customer came to us is given to be answered before it counts as ignored."""
SLOW = DAY
"""The same where we went to the customer."""


@dataclass(frozen=True, slots=True)
class ReadTallies:
    """Sums as the last minute's folding left them."""

    tallies: Tallies
    clock: Clock

    def __call__(self, days: int = EVER) -> Cells:
        """Everything counted since the beginning of the month (UTC) that was `days` ago: a row a month is read."""
        first = month_of(self.clock() - days * DAY)
        return total(month.cells for month in self.tallies.sums(MONTHS, first).values())

    def ripe(self, days: int = RECENT) -> Cells:
        """The same without contacts so young that most answers to them are still to come.

        Else a message would seem worthless in the minutes after it went to many. An outcome is counted when its
        contact was made, so both are left out together; to the hour.
        """
        now = self.clock()
        cells = self(days)
        for day in (day_of(now - SLOW), day_of(now)):
            for hour, counted in self.tallies.sums(day, hour_of(now - SLOW)).items():
                young = now - start_of(hour) - HOUR
                out = {key: sums for key, sums in counted.cells.items() if young < _wait(key)}
                add(cells, {key: [-value for value in sums] for key, sums in out.items()})
        return {key: sums for key, sums in cells.items() if any(sums)}


def ripe_at(hour: str) -> tuple[int, int]:
    """When an hour's contacts are old enough to learn from (ms), the quick ones and the slow: hours, as is looked."""
    ends = start_of(hour) + HOUR
    return ends + _whole_hours(QUICK), ends + _whole_hours(SLOW)


def _whole_hours(wait: int) -> int:
    return -(-wait // HOUR) * HOUR


def _wait(key: str) -> int:
    kind, *named = parts_of(key)
    return 0 if kind != "m" else SLOW if goes_to_them(named[2]) else QUICK
