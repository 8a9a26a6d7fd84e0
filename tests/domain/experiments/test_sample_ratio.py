"""Whether customers came to the arms as planned."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.experiments.sample_ratio import check, chi_square_above

CASES = json.loads((Path(__file__).parent / "sample_ratio_cases.json").read_text())
#: Percentage points of the chi-square distribution (Abramowitz and Stegun, table 26.8).
TABLE = [
    (3.84146, 1, 0.05), (5.99147, 2, 0.05), (7.81473, 3, 0.05), (9.48773, 4, 0.05), (18.3070, 10, 0.05),
    (43.7729, 30, 0.05), (10.828, 1, 0.001), (13.816, 2, 0.001), (20.515, 5, 0.001), (0.0157908, 1, 0.9),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    ratio = check(case["customers"], case["shares"])
    expected = case["p"]
    assert ratio.p_value == (expected if expected is None else pytest.approx(expected, rel=0.01))
    assert ratio.off is case["off"]
    assert sum(ratio.expected) == pytest.approx(
        sum(count for count, share in zip(case["customers"], case["shares"], strict=True) if share)
    )


@pytest.mark.parametrize(("squared", "freedom", "chance"), TABLE)
def test_chi_square_is_that_of_the_table(squared: float, freedom: int, chance: float) -> None:
    assert chi_square_above(squared, freedom) == pytest.approx(chance, rel=1e-3)


@given(st.floats(0.01, 700), st.integers(1, 60))
def test_chi_square_obeys_its_recurrence(squared: float, freedom: int) -> None:
    """Abramowitz and Stegun 26.4.8: two more degrees of freedom add one term."""
    half = squared / 2
    step = math.exp(freedom / 2 * math.log(half) - half - math.lgamma(freedom / 2 + 1))
    more = chi_square_above(squared, freedom + 2)
    assert more == pytest.approx(chi_square_above(squared, freedom) + step, rel=1e-9, abs=1e-300)


@given(st.floats(0, 1e6), st.integers(1, 60))
def test_it_is_a_chance_and_a_worse_fit_is_rarer(squared: float, freedom: int) -> None:
    rarer, rare = chi_square_above(squared + 1, freedom), chi_square_above(squared, freedom)
    assert 0 <= rarer <= rare + 1e-12 <= 1 + 1e-12


@given(
    st.lists(st.tuples(st.integers(1_000, 5_000), st.floats(0.1, 1)), min_size=2, max_size=6), st.randoms()
)
def test_the_order_of_arms_and_the_scale_of_shares_say_nothing(arms: list[Any], chance: Any) -> None:
    shuffled = chance.sample(arms, len(arms))
    told = check([count for count, _ in arms], [share for _, share in arms]).p_value
    again = check([count for count, _ in shuffled], [share * 3 for _, share in shuffled]).p_value
    assert told is not None
    assert again == pytest.approx(told, rel=1e-6, abs=1e-12)
