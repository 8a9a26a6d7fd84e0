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


COMPARISONS = (
    "is", "is_not", "in", "not_in", "above", "at_least", "below", "at_most", "contains", "starts_with",
    "ends_with", "like", "exists", "before", "after", "within", "anniversary",
)  # fmt: skip
COUNTS = ("is", "is_not", "above", "at_least", "below", "at_most")
OF_NUMBERS = (*COUNTS, "in", "not_in", "exists")
FORMS: dict[str, tuple[str, ...]] = {
    "trait": COMPARISONS,
    "context": COMPARISONS,
    "event": COMPARISONS,
    "score": OF_NUMBERS,
    # what happened is matched when it comes in, so nothing there moves with the clock
    "property": tuple(one for one in COMPARISONS if one not in ("within", "anniversary")),
    "permission": ("is", "is_not"),
    **dict.fromkeys(("did", "did within", "total", "total within"), COUNTS),
    "received": ("", "within"),
    **dict.fromkeys(("segment", "place", "all", "any", "not"), ("",)),
}


def asked(condition: dict[str, Any]) -> set[tuple[str, str]]:
    """The form and operators that a case is about: the outermost, and those of a `where`."""
    form = next(one for one in (*FORMS, "did") if one in condition and one != "total")
    if form == "did":
        counted = "total" if "total" in condition else "did"
        form = f"{counted} within" if "within" in condition else counted
        used = {(form, one) for one in COUNTS if one in condition} or {(form, "at_least")}
        inside = [one for part in condition.get("where", ()) for one in COMPARISONS if one in part]
        return used | {("property", one) for one in inside}
    return {(form, one) for one in FORMS[form] if one in condition} or {(form, "")}


@pytest.mark.parametrize(("form", "operators"), FORMS.items(), ids=FORMS)
def test_every_form_has_a_case_that_holds_and_one_that_does_not_for_every_operator(
    form: str, operators: tuple[str, ...]
) -> None:
    told = {(*one, case["holds"]) for case in CASES for one in asked(case["condition"])}
    wanted = {(form, operator, holds) for operator in operators for holds in (True, False)}

    assert wanted - told == set()


def test_the_cases_have_names_of_their_own() -> None:
    names = [case["name"] for case in CASES]

    assert len(set(names)) == len(names)
