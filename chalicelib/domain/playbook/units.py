"""How a playbook writes lengths of time, shares and times of day."""

from __future__ import annotations

import re

_UNITS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([0-9]{1,6})([mhd])")
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%")


def duration(text: str) -> int | None:
    """`30m`, `2h` or `7d` in ms."""
    found = _DURATION.fullmatch(text)
    return int(found[1]) * _UNITS[found[2]] if found else None


def clock(text: str) -> int | None:
    """`21:00` in minutes after midnight."""
    found = _CLOCK.fullmatch(text)
    return int(found[1]) * 60 + int(found[2]) if found else None


def share(value: object) -> float | None:
    """`5%` or 0.05 as 0.05; None for what is no share between 0 and 1."""
    if isinstance(value, str):
        found = _PERCENT.fullmatch(value)
        value = float(found[1]) / 100 if found else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= 1 else None


def spoken(length: int) -> str:
    """A length of time in ms in words: `7 days`, `90 minutes`."""
    for unit, name in ((86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute")):
        if length % unit == 0 and length:
            count = length // unit
            return f"{count} {name}" + ("" if count == 1 else "s")
    return f"{length} ms"
