"""Value per customer, made surer by what each customer spent before the experiment.

Source: Deng, Xu, Kohavi, Walker, "Improving the Sensitivity of Online Controlled Experiments by Utilizing
Pre-Experiment Data" (CUPED, WSDM 2013). With y a customer's value and x what they spent before, the mean of
y - theta * (x - mean of x) has the same expectation in each arm as that of y, since x cannot depend on the arm; with
theta = cov(x, y) / var(x) it has the least variance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.experiments.arms import LEAST_CUSTOMERS, LEAST_REACHED, Arm, Estimate

#: Sums of squares keep about 15 digits: what is left of them below this share is rounding.
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Adjustment:
    """`theta`, the mean of x over all arms, and the share of y's variance (0 to 1) that goes."""

    theta: float = 0.0
    before: float = 0.0
    removed: float = 0.0


def adjustment(arms: Sequence[Arm]) -> Adjustment:
    """Theta pooled over the arms, each about its own means; none (theta 0) where x or y does not vary."""
    x2 = sum(_centred(arm, arm.before2, arm.before, arm.before) for arm in arms)
    xy = sum(_centred(arm, arm.value_before, arm.value, arm.before) for arm in arms)
    y2 = sum(_centred(arm, arm.value2, arm.value, arm.value) for arm in arms)
    if x2 <= _ROUNDING * sum(arm.before2 for arm in arms) or y2 <= _ROUNDING * sum(
        arm.value2 for arm in arms
    ):
        return Adjustment()
    customers = sum(arm.customers for arm in arms)
    mean = sum(arm.before for arm in arms) / customers
    return Adjustment(xy / x2, mean, min(xy * xy / (x2 * y2), 1.0))


def value_per_customer(arm: Arm, by: Adjustment) -> Estimate:
    """What a customer of the arm spends, adjusted.

    A mean of amounts is normal only when no few of them make it. So there must be enough spenders, counted as
    Kish's effective size (sum of y)^2 / (sum of y^2): ten who spend alike are ten, nine beside a giant hardly one.
    """
    spenders = arm.value * arm.value / arm.value2 if arm.value2 > 0 and arm.value > 0 else 0.0
    enough = arm.customers >= LEAST_CUSTOMERS and spenders >= LEAST_REACHED
    mean = arm.each(arm.value) - by.theta * (arm.each(arm.before) - by.before if arm.customers > 0 else 0.0)
    squares = (
        _centred(arm, arm.value2, arm.value, arm.value)
        - 2 * by.theta * _centred(arm, arm.value_before, arm.value, arm.before)
        + by.theta * by.theta * _centred(arm, arm.before2, arm.before, arm.before)
    )
    variance = max(squares, 0.0) / max(arm.customers - 1, 1.0)
    return Estimate(mean, variance / max(arm.customers, 1.0), arm.customers, enough)


def _centred(arm: Arm, products: float, one: float, other: float) -> float:
    """The sum of products about the arm's means."""
    return products - one * other / arm.customers if arm.customers > 0 else 0.0
