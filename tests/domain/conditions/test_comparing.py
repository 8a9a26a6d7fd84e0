"""Laws of comparisons, and that patterns take linear time."""

from __future__ import annotations

import fnmatch
import time

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.conditions.comparing import above, at_most, like, reach, same, spread
from tests.domain.conditions.random_conditions import values

few = st.text(alphabet="ab", max_size=8)


@given(few, st.text(alphabet="ab*", max_size=6))
def test_patterns_mean_what_globs_mean(text: str, pattern: str) -> None:
    assert like(text, pattern) is fnmatch.fnmatchcase(text, pattern)


def test_patterns_take_linear_time() -> None:
    begun = time.process_time()
    assert not like("a" * 1_000_000, "*a*a*a*a*b")
    assert not like("ab" * 500_000, "*aab*aab*aab*aab*aab")
    assert time.process_time() - begun < 1


@given(values, values)
def test_equality_goes_both_ways(left: object, right: object) -> None:
    assert same(left, right) is same(right, left)


@given(values, values)
def test_nothing_is_above_and_at_most(left: object, right: object) -> None:
    assert not (above(left, right) and at_most(left, right))


def test_lists_in_lists_are_spread_in_order_without_what_is_missing() -> None:
    assert list(spread([1, [2, [None, 3]], 4])) == [1, 2, 3, 4]


def test_a_thousand_lists_in_lists_do_not_exhaust_the_stack() -> None:
    deep: object = "x"
    for _ in range(5000):
        deep = [deep]
    assert list(spread(deep)) == ["x"]
    assert list(spread(reach(deep, ("name",)))) == []
