"""The distribution function of a Beta, against closed forms."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.beta import share_below, shares_below

SHARES = st.floats(0.001, 0.999)


@given(st.floats(0.3, 300), SHARES)
def test_with_one_parameter_of_1_it_is_a_power(a: float, x: float) -> None:
    assert share_below(a, 1, x) == pytest.approx(x**a, abs=1e-9)
    assert share_below(1, a, x) == pytest.approx(1 - (1 - x) ** a, abs=1e-9)


@given(st.integers(1, 60), st.integers(1, 60), SHARES)
def test_with_whole_parameters_it_is_a_binomials_tail(a: int, b: int, x: float) -> None:
    """DLMF 8.17.5."""
    tries = a + b - 1
    tail = sum(math.comb(tries, k) * x**k * (1 - x) ** (tries - k) for k in range(a, tries + 1))
    assert share_below(a, b, x) == pytest.approx(tail, abs=1e-9)


@pytest.mark.parametrize(("x", "share"), [(-1, 0), (0, 0), (1, 1), (2, 1)])
def test_beyond_the_unit_interval_it_is_nothing_or_all(x: float, share: float) -> None:
    assert share_below(2, 3, x) == share
    assert x <= 0 or shares_below(2, 3, [x]) == [share]


@given(st.floats(5, 3000), st.floats(5, 3000), SHARES)
def test_the_fast_one_is_off_by_under_two_thousandths_where_both_parameters_are_5(
    a: float, b: float, x: float
) -> None:
    assert shares_below(a, b, [x])[0] == pytest.approx(share_below(a, b, x), abs=0.002)


@given(st.floats(1, 5), st.floats(5, 100), SHARES)
def test_the_fast_one_is_off_by_under_two_hundredths_where_successes_are_few(
    a: float, b: float, x: float
) -> None:
    assert shares_below(a, b, [x])[0] == pytest.approx(share_below(a, b, x), abs=0.02)
