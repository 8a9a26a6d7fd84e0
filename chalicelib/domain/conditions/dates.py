"""Dates as conditions read them: ISO 8601 text or epoch numbers, in a zone where none is written."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
#: Numbers below this are seconds since 1970, others milliseconds (as seconds it would be the year 5138).
SECONDS_BELOW = 100_000_000_000
LONGEST_TEXT = 40


@lru_cache(maxsize=1024)
def clock_of(zone: str) -> tzinfo:
    """The clock of an IANA zone; UTC where there is no such zone."""
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return UTC


def instant(value: Any, zone: str) -> int | None:
    """The moment (ms) a value means, or None. Text without an offset, and plain dates, are in `zone`."""
    if isinstance(value, str):
        written = _written(value)
        if written is None:
            return None
        return _milliseconds(written if written.tzinfo else written.replace(tzinfo=clock_of(zone)))
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value * 1000 if abs(value) < SECONDS_BELOW else value)


def day(value: Any) -> date | None:
    """The calendar day a value means, as written: its own offset is not converted.

    A birthday is often kept as midnight UTC; moved to the customer's zone it would be the day before.
    """
    if isinstance(value, str):
        written = _written(value)
        return written.date() if written else None
    at = instant(value, "UTC")
    return None if at is None else today(at, "UTC")


def today(now: int, zone: str) -> date | None:
    """The calendar day at `now` on the clock of `zone`; None beyond the calendar."""
    try:
        return (EPOCH + timedelta(milliseconds=now)).astimezone(clock_of(zone)).date()
    except (OverflowError, ValueError):
        return None


def is_anniversary(first: date, current: date) -> bool:
    """Whether `current` is `first`, in a later year. 29 February is kept on the 28th in common years."""
    return current.year > first.year and anniversary_in(first, current.year) == current


def anniversary_in(first: date, year: int) -> date:
    """The day of that year on which `first` comes round."""
    try:
        return first.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def midnight(of: date, zone: str) -> int:
    """When the day begins on the clock of `zone` (ms)."""
    return _milliseconds(datetime.combine(of, time(), clock_of(zone))) or 0


def _written(text: str) -> datetime | None:
    if len(text) > LONGEST_TEXT:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _milliseconds(at: datetime) -> int | None:
    try:
        return (at - EPOCH) // MILLISECOND
    except OverflowError:
        return None
