"""When conditions change with no event: named cases, and the law that nothing changes earlier."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.conditions.changes import next_change
from chalicelib.domain.conditions.interpreting import holds
from tests.domain.conditions.random_conditions import conditions, subjects
from tests.domain.conditions.situations import SCOPE, condition_of, length, subject_of

CASES = json.loads((Path(__file__).parent / "change_cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    scope = SCOPE.at("since") if "since" in case["subject"] else SCOPE
    condition = condition_of(case["condition"], scope)
    subject = subject_of(case["subject"], condition)
    wanted = None if case["change"] is None else subject.now + length(case["change"])
    assert next_change(condition, subject) == wanted


@pytest.mark.parametrize("case", [case for case in CASES if case["change"]], ids=lambda case: case["name"])
def test_the_answer_turns_over_at_that_very_millisecond(case: dict[str, Any]) -> None:
    scope = SCOPE.at("since") if "since" in case["subject"] else SCOPE
    condition = condition_of(case["condition"], scope)
    subject = subject_of(case["subject"], condition)
    at = next_change(condition, subject)
    assert at is not None
    before = holds(condition, subject)
    assert holds(condition, replace(subject, now=at - 1)) is before
    assert holds(condition, replace(subject, now=at)) is not before


@given(conditions(), subjects(), st.integers(0, 3 * 86_400_000))
def test_nothing_changes_before_it(condition: Any, subject: Any, later: int) -> None:
    change = next_change(condition, subject)
    then = subject.now + later
    if change is None or then < change:
        assert holds(condition, replace(subject, now=then)) is holds(condition, subject)
