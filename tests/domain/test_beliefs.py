"""What is believed of a share, and how much alike shares are."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.beliefs import LOOSEST, TIGHTEST, Belief, Trials, likeness

MEANS, STRENGTHS = st.floats(0.01, 0.99), st.floats(2, 5000)
TRIALS = st.integers(0, 5000).flatmap(
    lambda tried: st.tuples(st.just(float(tried)), st.integers(0, tried).map(float))
)


def variance(belief: Belief) -> float:
    return belief.mean * (1 - belief.mean) / (belief.strength + 1)


def test_trials_are_added_to_the_shape() -> None:
    assert Belief(0.05, 20).seen((100, 30)).shape == pytest.approx((31, 89))


def test_nothing_seen_changes_nothing() -> None:
    assert Belief(0.05, 20).seen((0, 0)) == Belief(0.05, 20)


def test_more_successes_than_trials_are_all() -> None:
    assert Belief(0.05, 20).seen((3, 5)) == Belief(0.05, 20).seen((3, 3))
    assert Belief(0.05, 20).seen((-3, -5)) == Belief(0.05, 20)


@given(MEANS, STRENGTHS, TRIALS)
def test_the_mean_lies_between_what_was_believed_and_what_was_seen(
    mean: float, strength: float, trials: Trials
) -> None:
    after = Belief(mean, strength).seen(trials)
    rate = trials[1] / trials[0] if trials[0] else mean
    assert min(mean, rate) - 1e-9 <= after.mean <= max(mean, rate) + 1e-9


@given(MEANS, STRENGTHS, st.floats(LOOSEST, TIGHTEST))
def test_spread_adds_the_variances_and_keeps_the_mean(mean: float, strength: float, alike: float) -> None:
    around, spread = Belief(mean, alike), Belief(mean, strength).spread(alike)
    assert spread.mean == mean
    assert variance(spread) == pytest.approx(variance(Belief(mean, strength)) + variance(around))
    assert spread.strength < min(strength, alike)


@pytest.mark.parametrize("strength", [20.0, 100.0, 500.0])
def test_the_likeness_of_many_shares_is_found_again(strength: float) -> None:
    chance = random.Random(7)
    family = []
    for _ in range(300):
        share = chance.betavariate(0.1 * strength, 0.9 * strength)
        tried = chance.randrange(200, 2000)
        family.append((float(tried), float(sum(chance.random() < share for _ in range(tried)))))
    assert likeness([family], 200) == pytest.approx(strength, rel=0.3)


@pytest.mark.parametrize(
    "families",
    [[], [[]], [[(100.0, 5.0)]], [[(100.0, 0.0), (50.0, 0.0)]], [[(10.0, 10.0), (0.0, 0.0)]]],
    ids=["no family", "an empty one", "a lone share", "no success", "only successes"],
)
def test_where_nothing_tells_it_is_the_usual(families: list[list[Trials]]) -> None:
    assert likeness(families, 200) == pytest.approx(200)


def test_two_shares_alone_hardly_move_it() -> None:
    """Equal shares say no more than 200 did, and a share three times the other makes it 65, not 17."""
    assert likeness([[(5000.0, 250.0), (5000.0, 251.0)]], 200) == pytest.approx(250, abs=1)
    assert likeness([[(5000.0, 250.0), (5000.0, 750.0)]], 200) == pytest.approx(65, abs=1)


@given(st.lists(st.lists(TRIALS, max_size=6), max_size=6), st.floats(20, 1000))
def test_it_stays_within_its_bounds(families: list[list[Trials]], usual: float) -> None:
    assert LOOSEST <= likeness(families, usual) <= TIGHTEST
