"""Conditions in words, and what failed: named by the words themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.conditions.words import failed, words
from tests.domain.conditions.situations import condition_of, subject_of

CASES = json.loads((Path(__file__).parent / "words_cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["failed"])
def test_case(case: dict[str, Any]) -> None:
    condition = condition_of(case["condition"])
    assert words(condition) == case["words"]
    assert failed(condition, subject_of(case["subject"], condition)) == case["failed"]


def test_long_values_are_cut() -> None:
    condition = condition_of({"trait": "note", "is": "gold"})
    told = failed(condition, subject_of({"traits": {"note": "x" * 5000}}, condition))
    assert len(told) < 80
