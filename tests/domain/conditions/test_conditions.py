"""Every form and operator, as named cases, answered alike by the interpreter and the compiled check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.conditions.interpreting import holds
from chalicelib.domain.conditions.words import failed, words
from tests.domain.conditions.situations import SCOPE, compiled, condition_of, subject_of

CASES = json.loads((Path(__file__).parent / "condition_cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    scope = SCOPE.at("since") if "since" in case["subject"] else SCOPE
    condition = condition_of(case["condition"], scope)
    subject = subject_of(case["subject"], condition)
    assert holds(condition, subject) is case["holds"]
    assert bool(compiled(condition)(subject)) is case["holds"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_words_say_what_failed_exactly_when_it_fails(case: dict[str, Any]) -> None:
    scope = SCOPE.at("since") if "since" in case["subject"] else SCOPE
    condition = condition_of(case["condition"], scope)
    subject = subject_of(case["subject"], condition)
    assert words(condition)
    assert bool(failed(condition, subject)) is not case["holds"]
