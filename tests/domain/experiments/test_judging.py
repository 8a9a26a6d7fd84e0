"""An experiment judged from the sums of its arms."""

from __future__ import annotations

import pytest

from chalicelib.domain.cells import ARM, arm_cell, row
from chalicelib.domain.experiments.arms import Arm, conversion_rate, harm_rate
from chalicelib.domain.experiments.judging import Judged, holdout_split, judge

HALVES = (("a", 0.5), ("b", 0.5))


def judged(**arms: dict[str, float]) -> Judged:
    """Arms of equal shares, the first the control; what isn't said is that each customer was given it once."""
    filled = {name: {"exposures": sums["customers"], **sums} for name, sums in arms.items()}
    cells = {arm_cell("try", name): row(ARM, **sums) for name, sums in filled.items()}
    return judge("try", [(name, 1 / len(arms)) for name in arms], cells)


def test_the_first_arm_is_the_control_and_cells_of_others_are_none_of_it() -> None:
    cells = {
        arm_cell("try", "a"): row(ARM, customers=10),
        arm_cell("try", "b"): row(ARM, customers=20),
        arm_cell("try", "old"): row(ARM, customers=30),
        arm_cell("another", "a"): row(ARM, customers=40),
    }
    told = judge("try", HALVES, cells)
    assert [(arm.name, arm.customers) for arm in told.arms] == [("a", 10), ("b", 20)]
    assert told.control.name == "a"


def test_an_experiment_nobody_is_in_yet_is_all_zeros() -> None:
    told = judge("try", HALVES, {})
    assert {arm.customers for arm in told.arms} == {0.0}
    assert (told.findings[0].lifts, told.ratio.off) == ((), False)
    assert not told.findings[0].harmed


def test_each_interval_takes_its_part_of_alpha() -> None:
    """Two measures of each arm but the control."""
    arm = {"customers": 1000.0, "conversions": 50.0}
    two, four = judged(a=arm, b=arm), judged(a=arm, b=arm, c=arm, d=arm)
    assert [two.alpha, four.alpha] == pytest.approx([0.05 / 2, 0.05 / 6])
    narrow, wide = two.findings[0].conversion, four.findings[0].conversion
    assert narrow is not None
    assert wide is not None
    assert wide.between[1] > narrow.between[1]


@pytest.mark.parametrize(
    ("unsubscribed", "complained", "harmed"),
    [
        ((10, 10), (1, 1), (False, False)),
        ((10, 60), (1, 1), (True, False)),
        ((10, 10), (0, 40), (False, True)),
        ((60, 10), (40, 0), (False, False)),
        ((0, 8), (0, 3), (False, False)),
    ],
)
def test_a_guardrail_is_broken_when_the_whole_interval_is_above_0(
    unsubscribed: tuple[int, int], complained: tuple[int, int], harmed: tuple[bool, bool]
) -> None:
    arms: list[dict[str, float]] = [
        {"customers": 2000, "unsubscribed": gone, "complained": angry}
        for gone, angry in zip(unsubscribed, complained, strict=True)
    ]
    (found,) = judged(a=arms[0], b=arms[1]).findings
    assert (found.unsubscribes.harmed, found.complaints.harmed) == harmed
    assert found.unsubscribes.rate == unsubscribed[1] / 2000


def test_below_a_hundred_customers_no_harm_is_seen_either() -> None:
    (found,) = judged(a={"customers": 99.0}, b={"customers": 99.0, "complained": 99.0}).findings
    assert (found.complaints.lift, found.complaints.rate) == (None, 1.0)


def test_a_count_that_is_0_is_not_known_for_sure() -> None:
    assert harm_rate(Arm("a", 0.5, customers=998), 0).variance == pytest.approx(1 / 1000 / 998)


def test_where_each_was_given_it_once_a_goal_is_a_coin() -> None:
    once = Arm("a", 0.5, customers=998, exposures=998, conversions=99)
    held = Arm("a", 0.5, customers=998, conversions=99)
    assert conversion_rate(once).variance == pytest.approx(0.1 * 0.9 / 998)
    assert conversion_rate(held).variance == pytest.approx(0.1 / 998)


def test_value_is_made_surer_by_what_was_spent_before() -> None:
    """Of 1,000 in each arm half spent 0 before and half 100; since then the same again, and 5 more in `b`."""
    spent = {"customers": 1000.0, "before": 50_000.0, "before2": 5e6}
    a = {**spent, "value": 50_000.0, "value2": 5.1e6, "value_before": 5e6}
    b = {**spent, "value": 55_000.0, "value2": 5.625e6, "value_before": 5.25e6}
    told = judged(a=a, b=b)
    found = told.findings[0].value
    assert found is not None
    assert told.adjustment.theta == pytest.approx(1.0)
    assert told.adjustment.removed == pytest.approx(5e6 / 5.1e6, abs=0.02)
    assert found.difference == pytest.approx(5.0)
    assert found.direction == 1
    plain = judged(
        a={**a, "before": 0.0, "before2": 0.0, "value_before": 0.0},
        b={**b, "before": 0.0, "before2": 0.0, "value_before": 0.0},
    ).findings[0]
    assert plain.value is not None
    assert plain.value.direction == 0


def test_the_programme_is_measured_against_those_held_out() -> None:
    told = judge("holdout", holdout_split(0.05), {})
    assert [(arm.name, arm.share) for arm in told.arms] == [("held", 0.05), ("treated", 0.95)]
    assert (told.control.name, told.is_holdout) == ("held", True)


def test_who_hears_nothing_cannot_unsubscribe_so_the_programme_is_not_blamed_for_it() -> None:
    cells = {
        arm_cell("holdout", "held"): row(ARM, customers=5_000),
        arm_cell("holdout", "treated"): row(ARM, customers=5_000, unsubscribed=500),
    }
    (found,) = judge("holdout", holdout_split(0.5), cells).findings
    assert (found.unsubscribes.rate, found.unsubscribes.lift, found.harmed) == (0.1, None, False)
