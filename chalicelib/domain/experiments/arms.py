"""What was counted of an experiment's arm, and what it says of a customer: means, and how sure they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from chalicelib.domain.cells import ARM, named

LEAST_CUSTOMERS = 100
"""Intervals rest on the central limit theorem: below so many customers an arm's own spread is a guess."""
LEAST_REACHED = 10
"""Nor does it hold for a rare event seen only a few times: with 10 of them, and as many that were not, a count is
near enough to normal (the usual rule for a binomial; Agresti, Categorical Data Analysis)."""


class Arm(msgspec.Struct, frozen=True):
    """An arm, the share of customers it is meant to get (0 to 1), and its sums (`cells.ARM`)."""

    name: str
    share: float
    customers: float = 0.0
    exposures: float = 0.0
    conversions: float = 0.0
    value: float = 0.0
    value2: float = 0.0
    before: float = 0.0
    before2: float = 0.0
    value_before: float = 0.0
    unsubscribed: float = 0.0
    complained: float = 0.0

    def each(self, sum: float) -> float:
        """A sum per customer."""
        return sum / self.customers if self.customers > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean per customer and the variance of that mean. `enough`: whether an interval may rest on it."""

    mean: float
    variance: float
    customers: float
    enough: bool


def arm_of(name: str, share: float, sums: Sequence[float]) -> Arm:
    """An arm of its cell's sums."""
    return Arm(name, share, **named(ARM, sums))


def conversion_rate(arm: Arm) -> Estimate:
    """Goals reached per customer."""
    enough = arm.customers >= LEAST_CUSTOMERS and arm.conversions >= LEAST_REACHED
    if arm.exposures == arm.customers:
        return _rate(arm, arm.conversions, 0.0, enough=enough)
    return _rate(arm, arm.conversions, max(1.0, arm.each(arm.exposures)), enough=enough)


def harm_rate(arm: Arm, count: float) -> Estimate:
    """Unsubscribes or complaints per customer. However rare they are: the interval is wide enough then."""
    return _rate(arm, count, 1.0, enough=arm.customers >= LEAST_CUSTOMERS)


def _rate(arm: Arm, count: float, most: float, *, enough: bool) -> Estimate:
    """A count per customer, of which only the sum is known, not how it is spread over customers.

    Where each customer counts once or not at all (`most` 0) the spread is a coin's, m * (1 - m). Else it is taken
    for `most` * m: no count up to `most` a customer spreads further, and with 1 it is Poisson's. The m in it has
    one more that counted and one more that didn't, so that no spread is 0 (Agresti and Caffo 2000).
    """
    smoothed = (count + 1) / (arm.customers + 2)
    spread = smoothed * most if most else max(smoothed * (1 - smoothed), 0.0)
    return Estimate(arm.each(count), spread / max(arm.customers, 1.0), arm.customers, enough)
