"""How much better an arm is than the control, and between which bounds, whenever one looks."""

from __future__ import annotations

import math
from dataclasses import dataclass

from chalicelib.domain.experiments.arms import Estimate
from chalicelib.domain.experiments.confidence import ALPHA, half_width

Between = tuple[float, float]
"""The bounds of an interval, lower first."""


@dataclass(frozen=True, slots=True)
class Lift:
    """The arm's mean less the control's, and as a share of the control's (0.1 is a tenth more).

    The relative one is None while the control's mean is not above 0; its bounds are None while that mean
    is not told apart from 0, because any share of it is possible then.
    """

    difference: float
    between: Between
    relative: float | None = None
    relative_between: Between | None = None

    @property
    def direction(self) -> int:
        """1 where the arm is better for sure, -1 where it is worse, 0 while that is open."""
        return 1 if self.between[0] > 0 else -1 if self.between[1] < 0 else 0


def lift(control: Estimate, arm: Estimate, alpha: float = ALPHA) -> Lift | None:
    """The lift with its always-valid interval; None while there is too little to rest one on.

    The difference of the means of n1 and n0 randomised customers is a mean over all n = n1 + n0 of them, with
    variance n * (s1^2 / n1 + s0^2 / n0), so the confidence sequence of a mean holds for it.
    """
    if not (control.enough and arm.enough):
        return None
    customers, difference = control.customers + arm.customers, arm.mean - control.mean
    # How many variances of a difference its squared width is: the same for any weighing of the two means.
    scale = customers * half_width(customers, 1.0, alpha) ** 2
    width = math.sqrt(scale * (control.variance + arm.variance))
    if width == 0:
        return None
    relative = difference / control.mean if control.mean > 0 else None
    return Lift(
        difference, (difference - width, difference + width), relative, _relative(control, arm, scale)
    )


def _relative(control: Estimate, arm: Estimate, scale: float) -> Between | None:
    """Each ratio r for which arm - r * control may be 0, less 1: Fieller's interval (1954).

    It excludes 0 exactly when the interval of the difference does.
    """
    square = control.mean**2 - scale * control.variance
    if control.mean <= 0 or square <= 0:
        return None
    middle = control.mean * arm.mean
    root = math.sqrt(max(middle**2 - square * (arm.mean**2 - scale * arm.variance), 0.0))
    return (middle - root) / square - 1, (middle + root) / square - 1
