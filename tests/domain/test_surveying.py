"""What would reach nobody today, with its numbers: cases in `surveying_cases.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.decision import Switches
from chalicelib.domain.events import Event
from chalicelib.domain.facts import fold
from chalicelib.domain.profile import Profile
from chalicelib.domain.rules import Rules
from chalicelib.domain.surveying import LEAST, survey
from tests.domain.deciding_world import now_of, profile_of, rules_of, switches_of

CASES = json.loads(Path(__file__).with_name("surveying_cases.json").read_text("utf-8"))
NOW = now_of({})


def customers(described: list[list[Any]], rules: Rules) -> Iterator[Profile]:
    """Each [how many, who, and the events they did]."""
    for many, who, *did in described:
        for _ in range(many):
            profile = profile_of(who, NOW)
            for at, title in enumerate(did):
                stamp = NOW - 1_000 + at
                event = Event(f"e{at}", "track", stamp, stamp, event=title)
                fold(profile, event, rules)
            yield profile


def warned(case: dict[str, Any]) -> dict[str, str]:
    folded_under = rules_of(case.get("before", case.get("book", {})))
    profiles = list(customers(case.get("customers", [[20, {}]]), folded_under))
    found = survey(profiles, rules_of(case.get("book", {})), switches_of(case.get("switches", {})), NOW)
    return {one.path: one.message for one in found}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_case(case: dict[str, Any]) -> None:
    assert warned(case) == case.get("warned", {})


def test_of_few_customers_nothing_is_told() -> None:
    rules = rules_of({"messages": {"umbrella": {"for": {"trait": "plan", "is": "gold"}}}})
    few = [profile_of({}, NOW) for _ in range(LEAST - 1)]

    assert survey(few, rules, Switches(), NOW) == []
    assert len(survey([*few, few[0]], rules, Switches(), NOW)) == 1
