"""The lift of an arm over the control, with its always-valid interval.

The cases' figures are worked out from the formulas alone: the relative bounds by halving, not by Fieller's roots.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.domain.cells import ARM, row
from chalicelib.domain.experiments.arms import Estimate, arm_of, conversion_rate
from chalicelib.domain.experiments.cuped import Adjustment, value_per_customer
from chalicelib.domain.experiments.lift import lift

#: Sums of the two arms (`cells.ARM`), and the lift of a measure with an alpha of .025.
CASES = json.loads((Path(__file__).parent / "lift_cases.json").read_text())
ESTIMATES = st.builds(
    Estimate, st.floats(0.001, 10), st.floats(1e-9, 1), st.integers(100, 10**6).map(float), st.just(True)
)


def measured(measure: str, sums: dict[str, float]) -> Estimate:
    arm = arm_of("a", 0.5, row(ARM, **sums))
    return conversion_rate(arm) if measure == "conversion" else value_per_customer(arm, Adjustment())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    control, arm = (measured(case["measure"], case[arm]) for arm in ("control", "arm"))
    found = lift(control, arm, 0.025)
    if case.get("too_early"):
        assert found is None
        return
    assert found is not None
    assert found.difference == pytest.approx(case["difference"], abs=1e-6)
    assert found.between == pytest.approx(case["between"], abs=1e-6)
    assert found.relative == pytest.approx(case["relative"], abs=1e-5)
    bounds = case["relative_between"]
    assert found.relative_between == (bounds if bounds is None else pytest.approx(bounds, abs=1e-5))


def test_a_control_that_earns_nothing_has_no_share_to_speak_of() -> None:
    found = lift(Estimate(0.0, 0.01, 500, enough=True), Estimate(1.0, 0.01, 500, enough=True))
    assert found is not None
    assert (found.relative, found.relative_between) == (None, None)


def test_what_does_not_vary_gives_no_interval() -> None:
    assert lift(Estimate(1.0, 0.0, 500, enough=True), Estimate(2.0, 0.0, 500, enough=True)) is None


@given(ESTIMATES, ESTIMATES)
def test_the_other_way_round_it_is_the_same_with_the_sign_turned(one: Estimate, other: Estimate) -> None:
    there, back = lift(one, other), lift(other, one)
    assert there is not None
    assert back is not None
    assert there.difference == -back.difference
    assert there.between == pytest.approx((-back.between[1], -back.between[0]))
    assert there.direction == -back.direction


@given(ESTIMATES, ESTIMATES)
def test_the_relative_interval_decides_as_the_absolute_one(control: Estimate, arm: Estimate) -> None:
    found = lift(control, arm)
    assert found is not None
    bounds, relative = found.relative_between, found.relative
    assume(bounds is not None and relative is not None and min(map(abs, found.between)) > 1e-9)
    assert bounds is not None
    assert relative is not None
    assert bounds[0] <= relative + 1e-9
    assert relative - 1e-9 <= bounds[1]
    assert (bounds[0] > 0) - (bounds[1] < 0) == found.direction
