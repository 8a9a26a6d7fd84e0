"""Whether customers came to the arms as the split says: Pearson's chi-square test.

When they did not, something loses or repeats customers of one arm, and no figure of the experiment can be trusted
(Fabijan et al., "Diagnosing Sample Ratio Mismatch in Online Controlled Experiments", KDD 2019).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

OFF_BELOW = 0.001
"""A split this unlikely is off."""
LEAST_EXPECTED = 5
"""Below so many expected customers in an arm the chi-square distribution does not hold (Cochran 1954)."""


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """`expected` customers of each arm; `p_value` is None while there are too few to tell."""

    expected: tuple[float, ...]
    p_value: float | None

    @property
    def off(self) -> bool:
        """Whether the split is not the planned one."""
        return self.p_value is not None and self.p_value < OFF_BELOW


def check(customers: Sequence[float], shares: Sequence[float]) -> SampleRatio:
    """Compare customers of each arm with the arms' shares (any number of them, adding up to about 1).

    An arm of no share has no say.
    """
    whole = sum(shares)
    pairs = [(count, share / whole) for count, share in zip(customers, shares, strict=True) if share > 0]
    total = sum(count for count, _ in pairs)
    expected = tuple(total * share / whole if whole else 0.0 for share in shares)
    if len(pairs) < 2 or min(total * share for _, share in pairs) < LEAST_EXPECTED:
        return SampleRatio(expected, None)
    squared = sum((count - total * share) ** 2 / (total * share) for count, share in pairs)
    return SampleRatio(expected, chi_square_above(squared, len(pairs) - 1))


def chi_square_above(squared: float, freedom: int) -> float:
    """The chance of a chi-square of at least `squared` (0 or more) with `freedom` (1 or more) degrees of freedom.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.4.4 (odd) and 26.4.5 (even).
    """
    root, odd = math.sqrt(squared), freedom % 2
    tail = math.erfc(root / math.sqrt(2)) if odd else 0.0
    term = math.exp(-squared / 2) * (root * math.sqrt(2 / math.pi) if odd else 1.0)
    for divisor in range(2 + odd, freedom + 1 + odd, 2):
        tail += term
        term *= squared / divisor
    return min(tail, 1.0)
