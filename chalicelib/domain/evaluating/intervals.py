"""Intervals of 95% about a mean over customers, also where what they earn is rare or lopsided."""

from __future__ import annotations

from collections.abc import Sequence
from math import cbrt, sqrt

import msgspec

_Z = 1.959963984540054
"""The normal distribution's quantile of .975."""
_FEWEST = 6
"""Fewer customers than this say nothing about how much customers differ."""
_STRAIGHT = 1e-6


class Interval(msgspec.Struct, frozen=True):
    """A value per decision, and where the true one lies in 95 of 100 such logs."""

    value: float
    low: float
    high: float


def interval(value: float, pulls: Sequence[float], missed: float) -> Interval | None:
    """The interval of a value that is a mean over independent customers; None for fewer than six of them.

    `pulls` says how far each customer pulls the value off, so that it is the true value plus their mean: they add up
    to 0 (the influence function; Owen, Monte Carlo theory, methods and examples, 2013, section 9.2, for the ratio).
    A customer is one unit however many decisions they had, since those resemble each other (Liang & Zeger 1986).

    What customers earn is rare and lopsided: most nothing, some a lot. A normal interval is then too low at both
    ends, and the standard remedy for small samples, an empirical Bernstein bound (Maurer & Pontil 2009), needs a bound
    on weight times reward, which for revenue is so far off that it never says anything. So the ends are those of
    Hall's transformed Student's t (P. Hall, On the removal of skewness by transformation, JRSS B 54, 1992), which
    takes the skew the sample shows out, and is the normal interval where there is none and customers are many.

    The few who weigh most may by chance have earned nothing, and the sample then knows neither spread nor skew. So one
    more customer is thought among them, who pulls by `missed`: as much as one who weighs and earns what is typical
    (as Agresti & Coull 1998 add successes and failures to a proportion's interval).
    """
    count = len(pulls)
    if count < _FEWEST:
        return None
    square = (sum(pull * pull for pull in pulls) + missed**2) / count
    if square == 0:
        return Interval(value, value, value)
    lean = (sum(pull * pull * pull for pull in pulls) + missed**3) / count / square**1.5 / sqrt(count)
    error, t = sqrt(square / (count - 1)), student(count - 1)
    return Interval(value, value - error * _unbent(t, lean), value - error * _unbent(-t, lean))


def student(freedom: int) -> float:
    """Student's quantile of .975 for so many degrees of freedom, five at least (there it is 0.003 short).

    The expansion about the normal one: Abramowitz & Stegun 1964, 26.7.5.
    """
    z, v = _Z, freedom
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )


def _unbent(x: float, lean: float) -> float:
    """Hall's inverse: the studentised mean's quantile, where `x` is what it would be without skew.

    `lean` is the skewness over the root of the count.
    """
    if abs(lean) < _STRAIGHT:
        return x
    return 3 / lean * (cbrt(1 + lean * (x - lean / 6)) - 1)
