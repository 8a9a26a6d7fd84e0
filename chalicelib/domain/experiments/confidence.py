"""Intervals that hold however often one looks: asymptotic confidence sequences.

Source: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform central limit theory and asymptotic confidence
sequences" (2021, arXiv 2103.06476). A mean of n values with variance s2 lies, at every n at once and with
probability 1 - alpha, within

    sqrt(s2 * 2 * (n * rho2 + 1) / (n * n * rho2) * ln(sqrt(n * rho2 + 1) / alpha))

of its estimate. rho2 decides at which n the interval is tightest. It is tuned at n* by the paper's approximation

    rho2 = (ln(1 - 2 * ln(alpha)) - 2 * ln(alpha)) / n*

With s2 = 1, alpha = .05 and n* = 5,000 that is .106375 at n = 1,000 and .030615 at n = 10,000.
"""

from __future__ import annotations

import math

ALPHA = 0.05
"""The chance, over a whole experiment, of an interval that ever misses the truth."""
TUNED_AT = 5_000
"""The number of customers at which intervals are tightest."""


def rho_squared(alpha: float = ALPHA, tuned_at: float = TUNED_AT) -> float:
    """The sequence's parameter, for an alpha (0 to 1, exclusive) and the n at which it is tightest."""
    return (math.log(1 - 2 * math.log(alpha)) - 2 * math.log(alpha)) / tuned_at


def half_width(n: float, variance: float, alpha: float = ALPHA, tuned_at: float = TUNED_AT) -> float:
    """How far a mean of n values (n > 0) with this variance may be from the truth, at any n."""
    rho2 = rho_squared(alpha, tuned_at)
    grown = n * rho2 + 1
    return math.sqrt(variance * 2 * grown / (n * n * rho2) * math.log(math.sqrt(grown) / alpha))
