"""Choice by chance, without chance: a hash of stable ids, the same on every machine.

Source: GrowthBook's SDK specification, hash version 2 (`("seed", "a") -> 0.0505`).
"""

from __future__ import annotations

from collections.abc import Iterable

_OFFSET = 0x811C9DC5
_PRIME = 0x01000193


def _fnv1a32(text: str) -> int:
    value = _OFFSET
    for letter in text:
        value = (value ^ ord(letter)) * _PRIME & 0xFFFFFFFF
    return value


def chance(seed: str, value: str) -> float:
    """A number in [0, 1), in steps of 1/10,000, that only `seed` and `value` decide."""
    return _fnv1a32(str(_fnv1a32(seed + value))) % 10_000 / 10_000


def choose_arm(at: float, split: Iterable[tuple[str, float]]) -> tuple[str, float] | None:
    """The arm (and its share) in whose range of the cumulative shares `at` falls; None beyond the last."""
    end = 0.0
    for arm, share in split:
        end += share
        if at < end - 1e-9:
            return arm, share
    return None
