"""Always-valid intervals: the widths of the paper, and how they move."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.experiments.confidence import half_width

CASES = json.loads((Path(__file__).parent / "confidence_cases.json").read_text())
SIZES = st.integers(100, 10_000_000)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    width = half_width(case["n"], case["variance"], case["alpha"], case["tuned_at"])
    assert width == pytest.approx(case["half_width"], abs=5e-7)


@given(SIZES, st.integers(1, 1_000_000), st.floats(1e-6, 0.5))
def test_more_customers_narrow_it_and_more_certainty_widens_it(n: int, more: int, alpha: float) -> None:
    assert half_width(n + more, 1.0, alpha) < half_width(n, 1.0, alpha) < half_width(n, 1.0, alpha / 2)


@given(st.integers(100, 1_000_000), st.floats(0.01, 100), st.sampled_from([0.05, 0.025, 0.01, 0.001]))
def test_no_other_tuning_is_narrower_where_it_is_tuned(n: int, off: float, alpha: float) -> None:
    """The paper's rho is an approximation of the best: a thousandth is what it may lose."""
    assert half_width(n, 1.0, alpha, n) <= half_width(n, 1.0, alpha, n * off) * 1.001


@given(SIZES, st.floats(0.001, 0.2))
def test_it_is_wider_than_an_interval_for_a_single_look(n: int, alpha: float) -> None:
    from statistics import NormalDist

    assert half_width(n, 1.0, alpha) > NormalDist().inv_cdf(1 - alpha / 2) / n**0.5
