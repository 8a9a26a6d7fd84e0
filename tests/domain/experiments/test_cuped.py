"""What customers spent before, taken out of what they spend now."""

from __future__ import annotations

from statistics import covariance, fmean, variance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.cells import ARM, row
from chalicelib.domain.experiments.arms import Arm, arm_of
from chalicelib.domain.experiments.cuped import adjustment, value_per_customer

Customers = list[tuple[float, float]]
"""What each spent before (x), and since (y)."""
AMOUNTS = st.integers(0, 500).map(float)
PEOPLE = st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=2, max_size=40)


def arm(name: str, customers: Customers) -> Arm:
    """The arm whose sums these customers make."""
    sums = row(
        ARM,
        customers=len(customers),
        value=sum(y for _, y in customers),
        value2=sum(y * y for _, y in customers),
        before=sum(x for x, _ in customers),
        before2=sum(x * x for x, _ in customers),
        value_before=sum(x * y for x, y in customers),
    )
    return arm_of(name, 0.5, sums)


def test_theta_is_the_slope_of_now_on_before() -> None:
    """Arms may lie apart: the slope is that within arms, which is 2 in both."""
    a, b = arm("a", [(0, 1), (1, 3), (2, 5)]), arm("b", [(5, 20), (6, 22), (7, 24)])
    by = adjustment([a, b])
    assert (by.theta, by.before, by.removed) == (2.0, 3.5, 1.0)
    assert [value_per_customer(each, by).mean for each in (a, b)] == [8.0, 17.0]
    assert value_per_customer(a, by).variance == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("name", "customers"),
    [
        ("nobody spent before", [(0.0, 1.0), (0.0, 3.0)]),
        ("all spent the same before", [(0.1, 1.0), (0.1, 3.0), (0.1, 9.0)]),
        ("nobody has spent since", [(1.0, 0.0), (3.0, 0.0)]),
        ("nobody is there", []),
    ],
)
def test_where_there_is_nothing_to_learn_from_it_stays_plain(name: str, customers: Customers) -> None:
    plain = arm("a", customers)
    by = adjustment([plain, plain])
    assert (by.theta, by.removed) == (0.0, 0.0)
    assert value_per_customer(plain, by).mean == plain.each(plain.value)


def test_without_it_variance_is_the_plain_one_of_the_mean() -> None:
    people = arm("a", [(0, 1.0), (0, 3.0), (0, 8.0)])
    assert value_per_customer(people, adjustment([people])).variance == pytest.approx(variance([1, 3, 8]) / 3)


@given(PEOPLE, PEOPLE)
def test_sums_give_what_the_customers_themselves_do(ones: Customers, others: Customers) -> None:
    arms = [arm("a", ones), arm("b", others)]
    by = adjustment(arms)
    for each, customers in zip(arms, (ones, others), strict=True):
        left = [y - by.theta * (x - by.before) for x, y in customers]
        told = value_per_customer(each, by)
        assert told.mean == pytest.approx(fmean(left), abs=1e-6)
        assert told.variance == pytest.approx(variance(left) / len(left), abs=1e-4, rel=1e-6)


@given(PEOPLE, PEOPLE)
def test_it_never_makes_the_whole_less_sure_and_moves_no_money(ones: Customers, others: Customers) -> None:
    arms = [arm("a", ones), arm("b", others)]
    by, plain = adjustment(arms), adjustment([])
    spread = {
        told: sum(
            value_per_customer(each, told).variance * each.customers * (each.customers - 1) for each in arms
        )
        for told in (by, plain)
    }
    assert spread[by] <= spread[plain] * (1 + 1e-9) + 1e-6
    assert 0 <= by.removed <= 1
    total = sum(value_per_customer(each, by).mean * each.customers for each in arms)
    assert total == pytest.approx(sum(each.value for each in arms), abs=1e-5)


@given(PEOPLE.filter(lambda people: len({x for x, _ in people}) > 1 and len({y for _, y in people}) > 1))
def test_of_one_arm_theta_is_that_of_the_paper(people: Customers) -> None:
    xs, ys = [x for x, _ in people], [y for _, y in people]
    assert adjustment([arm("a", people)]).theta == pytest.approx(covariance(xs, ys) / variance(xs), abs=1e-6)


def test_one_giant_among_spenders_is_not_enough() -> None:
    """A hundred customers, ten of whom spend: alike they are enough, beside a giant they aren't."""
    alike = arm("a", [(0.0, 20.0)] * 10 + [(0.0, 0.0)] * 90)
    giant = arm("a", [(0.0, 20.0)] * 40 + [(0.0, 5_000.0)] + [(0.0, 0.0)] * 59)
    few = arm("a", [(0.0, 20.0)] * 10 + [(0.0, 0.0)] * 89)
    plain = adjustment([])
    assert [value_per_customer(each, plain).enough for each in (alike, giant, few)] == [True, False, False]
