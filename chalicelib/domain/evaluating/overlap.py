"""How much of a log says something about another playbook, and when that is too little to say anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from chalicelib.domain.evaluating.logged import Sums

Refusal = Literal["no-decisions", "unseen-choices", "thin-overlap", "wrong-probabilities", "few-rewards"]

EFFECTIVE = 100
"""The fewest decisions, and customers, that the log must be worth.

From 100 on no customer holds more than a tenth of the weight (their share's square is at most 1 / 100), and chance
alone moves the mean weight by 0.1 at most (its variance is 1 / effective - 1 / decisions): two of these are `SEEN`.
"""
EFFECTIVE_SHARE = 0.01
"""The least the log must be worth, as a share of it: below, weights are over 100 in the mean (of their squares), and
a probability of a few in a thousand that was rounded, or was not quite the one acted on, decides the figure."""
SEEN = (0.8, 1.25)
"""Where the mean weight must lie. It is 1 but for chance where the log tries whatever the playbook would do: the
share of that which the log never tries is missing from it. Above 1 the logged probabilities are not those acted on."""
REWARDED = 5
"""The fewest rewarded customers that can be expected to carry the estimate. A count of five is known to within 1.96 /
root 5 = 88% of itself: below that, an interval is as wide as what it is about, which says nothing."""


class Overlap(msgspec.Struct, frozen=True):
    """`decisions`, `customers` and `rewarded` (customers) are what the log is worth for the other playbook.

    Kish's effective size, (sum w)^2 / sum w^2 (L. Kish, Survey Sampling, 1965; Owen 2013, section 9.3), of the weights
    of decisions, and of customers' sums of them. `rewarded` is that of what the log's customers earned, times the share
    of the log that counts: how many can be expected to carry the estimate. (Those who happen to carry it are no
    measure: where the few who weigh most earned nothing, many who weigh little carry it, and it is far too low.)
    `weight` is the mean weight; `largest` the largest share of all weight that one customer holds.
    """

    decisions: float = 0.0
    customers: float = 0.0
    rewarded: float = 0.0
    weight: float = 0.0
    largest: float = 0.0


def overlap_of(customers: Sequence[Sums]) -> Overlap:
    """The overlap that customers' sums show."""
    weight = sum(one.weight for one in customers)
    if not weight:
        return Overlap()
    count = sum(one.count for one in customers)
    decisions = weight * weight / sum(one.weight2 for one in customers)
    return Overlap(
        decisions=decisions,
        customers=_effective([one.weight for one in customers]),
        rewarded=_effective([one.size for one in customers]) * decisions / count,
        weight=weight / count,
        largest=max(one.weight for one in customers) / weight,
    )


def _effective(weights: Sequence[float]) -> float:
    squares = sum(weight * weight for weight in weights)
    return sum(weights) ** 2 / squares if squares else 0.0


def refusal_of(overlap: Overlap, logged: int) -> Refusal | Literal[""]:
    """Why nothing can be said of the other playbook from so many logged decisions; "" where something can."""
    if not logged:
        return "no-decisions"
    if overlap.weight < SEEN[0]:
        return "unseen-choices"
    if min(overlap.decisions, overlap.customers) < EFFECTIVE or overlap.decisions < EFFECTIVE_SHARE * logged:
        return "thin-overlap"
    if overlap.weight > SEEN[1]:
        return "wrong-probabilities"
    return "few-rewards" if overlap.rewarded < REWARDED else ""
