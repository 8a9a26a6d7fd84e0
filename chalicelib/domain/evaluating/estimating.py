"""What another playbook would have earned on decisions that were logged, by three estimators.

Each logged decision counts as often as the other playbook would have made it for each time it was made: its weight is
the quotient of the two probabilities. That is about decisions one by one: what a choice does to the customer's later
moments (a cap that is full, a shop they know by then) stays as it was in the log.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import copysign
from operator import attrgetter
from typing import Literal, NamedTuple

import msgspec

from chalicelib.domain.evaluating.intervals import Interval, interval
from chalicelib.domain.evaluating.logged import Logged, Sums, summed
from chalicelib.domain.evaluating.overlap import Overlap, Refusal, overlap_of, refusal_of

Estimator = Literal["ips", "snips", "dr"]


class Estimated(msgspec.Struct, frozen=True):
    """What the proposed playbook would have earned per decision, and how much more than the logged one did.

    The gain has an interval of its own: both earn from the same customers, so it is known better than either.
    """

    value: Interval
    gain: Interval


class Estimate(msgspec.Struct, frozen=True):
    """`today` is what the logged decisions earned, each; None where too few customers had any.

    `by` holds every estimator's answer, and nothing if it is `refused`.
    """

    decisions: int
    customers: int
    overlap: Overlap
    today: Interval | None = None
    by: dict[Estimator, Estimated] = {}
    refused: Refusal | Literal[""] = ""


class _Mean(NamedTuple):
    value: float
    pulls: list[float]
    missed: float


def evaluate(rows: Iterable[Logged]) -> Estimate:
    """Estimate what the targets would have earned; rows are read once, and only sums per customer are kept.

    ips     sum(w r) / n               Horvitz & Thompson 1952; Precup, Sutton & Singh 2000. Free of bias.
    snips   sum(w r) / sum(w)          Swaminathan & Joachims 2015. Its bias vanishes with n; a constant added to all
                                       rewards moves it by just that, whatever weights chance brought.
    dr      mean(sum_a target(a) expected(a) + w (r - expected(action)))
                                       Dudik, Langford & Li 2011. Free of bias whatever the model, if that has not seen
                                       the customer (`expecting.py`), and the narrower the better it is.
    """
    customers = summed(rows)
    count = int(sum(one.count for one in customers))
    overlap = overlap_of(customers)
    refused = refusal_of(overlap, count)
    logged = _mean(customers, "reward", "count", 1.0)
    return Estimate(
        decisions=count,
        customers=len(customers),
        overlap=overlap,
        today=interval(*logged),
        by={} if refused else _estimated(customers, logged),
        refused=refused,
    )


def _estimated(customers: list[Sums], logged: _Mean) -> dict[Estimator, Estimated]:
    weight = sum(one.weight2 for one in customers) / sum(one.weight for one in customers)
    found: dict[Estimator, _Mean] = {
        "ips": _mean(customers, "weighted", "count", weight),
        "snips": _mean(customers, "weighted", "weight", weight),
        "dr": _mean(customers, "robust", "count", weight),
    }
    return {name: _against(mean, logged) for name, mean in found.items()}


def _mean(customers: list[Sums], of: str, over: str, weight: float) -> _Mean:
    """The quotient of two sums over all customers, and how far each pulls it off (the delta method).

    `weight` is what a decision that counts typically weighs.
    """
    above, below = attrgetter(of), attrgetter(over)
    total = sum(map(below, customers))
    if not total:
        return _Mean(0.0, [], 0.0)
    value, scale = sum(map(above, customers)) / total, len(customers) / total
    pulls = [(above(one) - value * below(one)) * scale for one in customers]
    return _Mean(value, pulls, weight * _typical(customers) * scale)


def _typical(customers: list[Sums]) -> float:
    """What a customer who earned anything earned, in the mean; below 0 where all together cost more."""
    sizes = [one.size for one in customers if one.size]
    return copysign(sum(sizes) / len(sizes), sum(one.reward for one in customers)) if sizes else 0.0


def _against(mean: _Mean, logged: _Mean) -> Estimated:
    pulls = [one - other for one, other in zip(mean.pulls, logged.pulls, strict=True)]
    value = interval(*mean)
    gain = interval(mean.value - logged.value, pulls, mean.missed - logged.missed)
    assert value is not None
    assert gain is not None
    return Estimated(value, gain)
