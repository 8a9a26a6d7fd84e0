"""The distribution function of a Beta(a, b): exactly, or fast."""

from __future__ import annotations

import math
from collections.abc import Sequence

_ROOT_HALF = math.sqrt(0.5)
_TINY = 1e-300
_MOST_TERMS = 300


def share_below(a: float, b: float, x: float) -> float:
    """P(X <= x), the regularised incomplete beta function.

    By its continued fraction, DLMF 8.17.22, from the side on which that converges; evaluated by Lentz's method
    (DLMF 3.10(iii)). It takes about sqrt(max(a, b)) terms; after 300 it is taken as it is.
    """
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - share_below(b, a, 1 - x)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) / (a * _fraction(a, b, x))


def _fraction(a: float, b: float, x: float) -> float:
    """1 + d1/(1 + d2/(1 + ...)) of DLMF 8.17.22."""
    value, above, below = 1.0, 1.0, 0.0
    for term in range(1, _MOST_TERMS):
        m = term // 2
        if term % 2:
            d = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            d = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        below = 1 / ((1 + d * below) or _TINY)
        above = (1 + d / above) or _TINY
        value *= above * below
        if abs(above * below - 1) < 1e-12:
            break
    return value


def shares_below(a: float, b: float, points: Sequence[float]) -> list[float]:
    """P(X <= x) at several points, by Abramowitz and Stegun 26.5.21: a cube root is nearly normal.

    Off by under 0.0015 where a is 5 or more, under 0.015 where it is 1, and by up to 0.06 at 0.5, most of it near 0,
    where nobody is best.
    """
    of_a, of_b, cbrt, sqrt, erfc = 1 - 1 / (9 * a), 1 - 1 / (9 * b), math.cbrt, math.sqrt, math.erfc
    found = []
    for x in points:
        if x >= 1:
            found.append(1.0)
            continue
        up, down = cbrt(b * x), cbrt(a * (1 - x))
        z = 3 * (up * of_b - down * of_a) / sqrt(up * up / b + down * down / a)
        found.append(0.5 * erfc(-z * _ROOT_HALF))
    return found
