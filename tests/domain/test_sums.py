"""Windowed sums do not depend on the order in which values come."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.profile import FeatureState
from chalicelib.domain.sums import HOUR, MINUTE, MOST_POINTS, add_value, join_sums, millionths

YEAR = 365 * 24 * HOUR
values = st.lists(
    st.tuples(st.integers(0, 3000).map(lambda minute: minute * MINUTE * 7), st.integers(-(10**9), 10**9)),
    max_size=900,
)


def summed(pairs: list[tuple[int, int]], within: int = YEAR) -> FeatureState:
    state = FeatureState()
    for at, value in pairs:
        add_value(state, at, value, within)
    return state


@given(values, st.randoms())
def test_any_order_gives_the_same_points(pairs: list[tuple[int, int]], chance: random.Random) -> None:
    shuffled = chance.sample(pairs, len(pairs))
    assert summed(pairs) == summed(shuffled)


@given(values, st.integers(0, 900))
def test_two_halves_join_to_the_whole(pairs: list[tuple[int, int]], cut: int) -> None:
    joined = FeatureState()
    join_sums(summed(pairs[:cut]), summed(pairs[cut:]), joined, YEAR)
    assert joined == summed(pairs)


def test_five_hundred_and_twelve_minutes_are_exact_and_more_go_by_the_hour() -> None:
    minutes = [(minute * MINUTE, 1) for minute in range(MOST_POINTS + 1)]
    assert summed(minutes[:-1]).hours_before == 0
    more = summed(minutes)
    assert more.hours_before == HOUR
    assert more.points[0] == 60
    assert sum(more.points.values()) == MOST_POINTS + 1


def test_money_is_summed_in_millionths() -> None:
    assert millionths(27.5) == 27_500_000
    assert millionths("12.30") == 12_300_000
    assert [millionths(bad) for bad in (None, True, "dear", float("nan"), [1])] == [None] * 5


few = st.lists(
    st.tuples(st.integers(0, 90 * 24 * 60).map(lambda minute: minute * MINUTE), st.integers(-(10**9), 10**9)),
    max_size=60,
)


@given(few, st.integers(0, 60), st.randoms(), st.integers(1, 40 * 24))
def test_what_no_window_asks_for_is_dropped_in_any_order(
    pairs: list[tuple[int, int]], cut: int, chance: random.Random, hours: int
) -> None:
    within = hours * HOUR
    whole = summed(pairs, within)
    assert summed(chance.sample(pairs, len(pairs)), within) == whole
    joined = FeatureState()
    join_sums(summed(pairs[:cut], within), summed(pairs[cut:], within), joined, within)
    assert joined == whole
    latest = max((at for at, _ in pairs), default=0)
    inside = sum(value for at, value in pairs if at > latest - within)
    assert sum(value for at, value in whole.points.items() if at > latest - within) == inside
    assert whole.total == sum(value for _, value in pairs)
