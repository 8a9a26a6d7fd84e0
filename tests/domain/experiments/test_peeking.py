"""Looking every day does no harm: experiments in which nothing differs are rarely called, those with an effect are.

Chance is seeded. Measured with this seed: of 420 experiments without a difference, looked at on each of 28 days, the
verdict called 7 (1.7%; 5% is what is allowed), where a plain 95% interval of the conversion rate would
have called 112 (27%). Of 60 with 30% more conversions it found 59.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import accumulate
from statistics import NormalDist

from chalicelib.domain.cells import ARM, Cells, arm_cell
from chalicelib.domain.experiments.arms import conversion_rate
from chalicelib.domain.experiments.judging import Judged, judge
from chalicelib.domain.experiments.verdict import verdict

DAYS = 28
#: Customers a day in each arm, and the share of them who convert.
SIZES = [(40, 0.1), (200, 0.04), (100, 0.1)]
SPLIT = (("a", 0.5), ("b", 0.5))
DECIDED = {"wins", "loses", "mixed"}
_Z = NormalDist().inv_cdf(0.975)


@cache
def binomial(customers: int, share: float) -> Sequence[float]:
    """The cumulative chances of 0, 1, ... of them."""
    chances = [(1 - share) ** customers]
    for reached in range(customers):
        chances.append(chances[-1] * (customers - reached) / (reached + 1) * share / (1 - share))
    return list(accumulate(chances))


def a_day(chance: random.Random, customers: int, share: float) -> list[float]:
    """A day's sums of an arm: who converts spends an amount that is skewed, as baskets are."""
    (reached,) = chance.choices(range(customers + 1), cum_weights=binomial(customers, share))
    spent = [chance.lognormvariate(3, 1) for _ in range(reached)]
    (gone,) = chance.choices(range(customers + 1), cum_weights=binomial(customers, 0.004))
    value, value2 = sum(spent), sum(each * each for each in spent)
    return [customers, customers, reached, value, value2, 0, 0, 0, gone, 0]


def looked_at_daily(chance: random.Random, customers: int, shares: Sequence[float]) -> Iterator[Judged]:
    cells: Cells = {arm_cell("try", arm): [0.0] * len(ARM) for arm, _ in SPLIT}
    for _ in range(DAYS):
        for key, share in zip(cells, shares, strict=True):
            cells[key] = list(map(sum, zip(cells[key], a_day(chance, customers, share), strict=True)))
        yield judge("try", SPLIT, cells)


def plainly_different(judged: Judged) -> bool:
    """What a test made for one look says."""
    a, b = (conversion_rate(arm) for arm in judged.arms)
    return abs(a.mean - b.mean) > _Z * math.sqrt(a.variance + b.variance)


def test_without_a_difference_at_most_one_in_twenty_is_called_on_any_day() -> None:
    chance, called, harmed, plainly = random.Random(1), 0, 0, 0
    for number in range(420):
        customers, share = SIZES[number % len(SIZES)]
        looks = list(looked_at_daily(chance, customers, (share, share)))
        states = {verdict(look, "USD").state for look in looks}
        called += bool(states & DECIDED)
        harmed += "guardrail-harmed" in states
        plainly += any(plainly_different(look) for look in looks)
    assert called <= 0.05 * 420
    assert harmed <= 0.05 * 420
    assert plainly > 0.15 * 420


def test_a_real_effect_is_found_and_named_rightly() -> None:
    chance, found = random.Random(2), 0
    for _ in range(60):
        looks = list(looked_at_daily(chance, 200, (0.1, 0.13)))
        said = [verdict(look, "USD") for look in looks]
        found += (said[-1].state, said[-1].arms) == ("wins", ("b",))
        assert not any(each.state in DECIDED and each.arms != ("b",) for each in said)
    assert found >= 0.9 * 60
