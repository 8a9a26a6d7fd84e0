"""Intervals of a mean over customers."""

from __future__ import annotations

import pytest

from chalicelib.domain.evaluating.intervals import Interval, interval, student


def test_students_quantiles_are_those_of_the_tables() -> None:
    tables = {5: 2.5706, 10: 2.2281, 30: 2.0423, 100: 1.9840, 1_000_000: 1.9600}
    assert {freedom: student(freedom) for freedom in tables} == pytest.approx(tables, abs=0.003)


def test_without_skew_it_is_students() -> None:
    found = interval(1.0, [-1.0, 1.0] * 50, 0.0)

    assert found is not None
    half = 1.9842 * (100 / 99) ** 0.5 / 10
    assert (found.low, found.high) == pytest.approx((1 - half, 1 + half), abs=1e-4)


def test_rare_rewards_reach_further_up_than_down_like_a_counts_interval() -> None:
    pulls = [1 - 0.01] * 10 + [-0.01] * 990
    found = interval(0.01, pulls, 0.0)

    assert found is not None
    exact = (4.80, 18.39)  # Garwood 1936, of a count of 10
    assert (found.low * 1000, found.high * 1000) == pytest.approx(exact, rel=0.1)


def test_one_more_customer_who_was_missed_widens_it() -> None:
    assert interval(0.0, [0.0] * 100, 0.0) == Interval(0.0, 0.0, 0.0)
    nothing_seen = interval(0.0, [0.0] * 100, 1.0)

    assert nothing_seen is not None
    assert nothing_seen.high > 3 / 100  # the rule of three: 0 of 100 is no more than 3% at 95%


def test_fewer_than_six_customers_have_none() -> None:
    assert interval(1.0, [1.0, -1.0, 0.0, 1.0, -1.0], 1.0) is None
