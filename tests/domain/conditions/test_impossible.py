"""What is called impossible holds of nobody, and what is possible is let through."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chalicelib.domain.conditions.features import parts
from chalicelib.domain.conditions.impossible import never_holds
from chalicelib.domain.conditions.interpreting import holds
from chalicelib.domain.conditions.model import All, Compare, Condition, Did
from tests.domain.conditions.random_conditions import conditions, dids, subjects
from tests.domain.conditions.situations import condition_of

POSSIBLE: list[Any] = [
    {"all": [{"trait": "tags", "is": "a"}, {"trait": "tags", "is": "b"}]},
    {"all": [{"trait": "age", "at_least": 5}, {"trait": "age", "at_most": 5}]},
    {"all": [{"trait": "age", "above": 5}, {"trait": "height", "below": 5}]},
    {"all": [{"did": "A", "within": "7d"}, {"did": "A", "within": "1d", "below": 1}]},
    {"all": [{"did": "A", "above": 1}, {"did": "A", "below": 3}]},
    {"any": [{"trait": "age", "above": 5}, {"trait": "age", "below": 4}]},
    {"all": [{"trait": "age", "exists": False}, {"trait": "age", "is_not": 5}]},
    {"did": "A", "total": "revenue", "below": 0},
]


@pytest.mark.parametrize("data", POSSIBLE, ids=str)
def test_possible(data: Any) -> None:
    assert never_holds(condition_of(data)) == ""


groups = st.lists(st.one_of(dids(), conditions()), min_size=1, max_size=4).map(lambda of: All(tuple(of)))


@given(st.one_of(groups, dids()), subjects())
def test_what_never_holds_does_not(condition: Condition, subject: Any) -> None:
    assume(not any(isinstance(part, Compare) for part in parts(condition)))
    if never_holds(condition):
        assert not holds(condition, subject)


@given(st.integers(-3, 5), st.sampled_from(["is", "above", "at_least", "below", "at_most"]))
def test_a_single_count_is_impossible_exactly_when_no_count_fits(value: int, operator: Any) -> None:
    from chalicelib.domain.conditions.interpreting import NUMERIC

    fits = any(NUMERIC[operator](count, value) for count in range(20))
    assert bool(never_holds(Did("A", (), operator, value))) is not fits
