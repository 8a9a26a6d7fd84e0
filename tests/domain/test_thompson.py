"""Chances of being best: computed, and close to what drawing many times would tell."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.beliefs import Belief
from chalicelib.domain.thompson import Candidate, chances_of_best

CANDIDATES = st.lists(
    st.tuples(st.builds(Belief, st.floats(0.01, 0.9), st.floats(10, 5000)), st.floats(0.1, 10)),
    min_size=1,
    max_size=8,
)

CASES: dict[str, list[Candidate]] = {
    "nothing known": [(Belief(0.05, 15), 1.0)] * 4,
    "two close, one unknown": [(Belief(0.1, 1000), 1.0), (Belief(0.11, 1000), 1.0), (Belief(0.05, 20), 1.0)],
    "two narrow, one wide": [(Belief(0.1, 1e6), 1.0), (Belief(0.1002, 1e6), 1.0), (Belief(0.05, 20), 1.0)],
    "one known well": [(Belief(0.18, 5000), 1.0), (Belief(0.15, 300), 1.0)],
    "seldom and dear, often and cheap": [(Belief(0.01, 15), 10.0), (Belief(0.5, 15), 0.1), (Belief(0.03, 15), 3)],
    "two that nobody took, one unknown": [
        (Belief(0.0015, 320), 1.0), (Belief(0.0011, 320), 1.0), (Belief(0.002, 20), 1.0)
    ],
    "near certainty": [(Belief(0.9, 20), 1.0), (Belief(0.95, 20), 1.0)],
    "twelve": [(Belief(0.04 + 0.002 * n, 500 + 100 * n), 1.0) for n in range(12)],
    "thirty": [(Belief(0.05 + 0.001 * n, 300 + 10 * n), 1.0) for n in range(30)],
}  # fmt: skip


def drawn(candidates: list[Candidate], times: int = 20_000) -> list[float]:
    """How often each was worth most when all were drawn, from a fixed seed."""
    chance = random.Random(1)
    won = [0] * len(candidates)
    for _ in range(times):
        worths = [chance.betavariate(*belief.shape) * worth for belief, worth in candidates]
        won[worths.index(max(worths))] += 1
    return [count / times for count in won]


@pytest.mark.parametrize("candidates", CASES.values(), ids=CASES)
def test_they_are_what_drawing_many_times_tells(candidates: list[Candidate]) -> None:
    """20,000 draws are off by up to 0.011 (three standard errors at a chance of a half)."""
    assert chances_of_best(candidates) == pytest.approx(drawn(candidates), abs=0.012)


@pytest.mark.parametrize(
    ("first", "second", "exact"),
    [((1, 1), (1, 1), 1 / 2), ((2, 1), (1, 1), 2 / 3), ((3, 1), (1, 1), 3 / 4), ((1, 2), (1, 1), 1 / 3)],
)
def test_where_it_is_known_exactly_it_is_that(
    first: tuple[int, int], second: tuple[int, int], exact: float
) -> None:
    """P(X > U) for a uniform U is X's mean."""
    pair = [(Belief(a / (a + b), a + b), 1.0) for a, b in (first, second)]
    assert chances_of_best(pair)[0] == pytest.approx(exact, abs=0.002)


@given(CANDIDATES)
def test_they_add_up_to_1_and_none_is_negative(candidates: list[Candidate]) -> None:
    chances = chances_of_best(candidates)
    assert sum(chances) == pytest.approx(1)
    assert min(chances) >= 0


@given(CANDIDATES, st.randoms(use_true_random=False))
def test_the_order_of_candidates_changes_nothing(candidates: list[Candidate], chance: random.Random) -> None:
    order = list(range(len(candidates)))
    chance.shuffle(order)
    shuffled = chances_of_best([candidates[at] for at in order])
    assert shuffled == pytest.approx([chances_of_best(candidates)[at] for at in order])


@given(CANDIDATES, st.integers(1, 200))
def test_a_further_success_never_lowers_a_chance_and_a_failure_never_raises_it(
    candidates: list[Candidate], more: int
) -> None:
    (belief, worth), *others = candidates
    with_failures, as_is, with_successes = (
        chances_of_best([(belief.seen(trials), worth), *others])[0]
        for trials in ((more, 0), (0, 0), (more, more))
    )
    if others and all(each[0].mean < 0.5 for each in others):
        assert as_is <= with_successes + 0.005
    assert with_failures <= with_successes + 0.005


def test_equal_candidates_have_equal_chances_however_many() -> None:
    assert chances_of_best([(Belief(0.05, 20), 2.0)] * 10_000) == pytest.approx([1e-4] * 10_000)


def test_what_is_worth_nothing_is_never_best_and_of_nothing_all_are() -> None:
    known = Belief(0.05, 20)
    assert chances_of_best([(known, 0.0), (known, 1.0), (known, -1.0)]) == [0, 1, 0]
    assert chances_of_best([(known, 0.0)] * 4) == [0.25] * 4


def test_ten_times_as_many_that_differ_take_some_ten_times_as_long() -> None:
    chance = random.Random(3)
    many = [(Belief(0.05 + chance.random() / 1000, 20 + chance.random()), 1.0) for _ in range(10_000)]
    before = time.process_time()
    chances_of_best(many[:1_000])
    between = time.process_time()
    chances = chances_of_best(many)
    assert time.process_time() - between < 50 * (between - before)  # 100 if each were held against each
    assert sum(chances) == pytest.approx(1)
    assert max(chances) < 2e-4
