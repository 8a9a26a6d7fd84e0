"""The periods that counts are summed over: slots of five minutes, hours, days, months; all in UTC.

A period's name is the beginning of its parts' names (`2026-07` has `2026-07-02`, that `2026-07-02T12`, and that the
slot `2026-07-02T12:05`), so a name says what it is part of.
"""

from __future__ import annotations

from datetime import UTC, datetime

SLOT = 300_000
HOUR = 3_600_000
DAY = 86_400_000

LATE = 2 * DAY
"""What happened this long ago (ms) is counted now: the log of its own slot is not touched any more."""
OPEN = 2 * SLOT
"""How long after its beginning (ms) whoever appends to a slot may rely on a mark it has made before."""
CLOSED = 3 * SLOT
"""How long after its beginning (ms) a slot's mark may be taken away. The slot between `OPEN` and this is for writes
that were begun while the slot was open: no function that appends lives longer than a minute."""
LOG_KEPT = 7 * DAY
"""How long a slot's log is kept: a slot is summed anew while it may be touched, or if nobody has for days."""

PARTS_KEPT = {13: 15 * DAY, 10: 15 * DAY, 7: 399 * DAY}
"""How long after an hour, a day or a month begins all its parts' sums are there, by the length of its name."""

MONTHS = "months"
"""What months are part of."""

_FIRST = "0000-01-01T00:00"
_PARENTS = {16: 13, 13: 10, 10: 7}


def slot_of(at: int) -> str:
    """The slot an instant (ms) lies in."""
    return _name(at - at % SLOT)[:16]


def slot_for(at: int, now: int) -> str:
    """The slot that what happened at `at` is counted in, when that is told at `now` (ms)."""
    return slot_of(now if at <= now - LATE else at)


def start_of(period: str) -> int:
    """When a period begins (ms)."""
    first = datetime.fromisoformat(period + _FIRST[len(period) :])
    return int(first.replace(tzinfo=UTC).timestamp()) * 1000


def hour_of(at: int) -> str:
    """The hour an instant (ms) lies in."""
    return _name(at)[:13]


def day_of(at: int) -> str:
    """The day an instant (ms) lies in."""
    return _name(at)[:10]


def month_of(at: int) -> str:
    """The month an instant (ms) lies in."""
    return _name(at)[:7]


def whole_of(period: str) -> str:
    """What a period is part of: a slot of its hour, an hour of its day, a day of its month, a month of `MONTHS`."""
    return period[: _PARENTS[len(period)]] if len(period) in _PARENTS else MONTHS


def _name(at: int) -> str:
    return datetime.fromtimestamp(at // 1000, UTC).isoformat()
