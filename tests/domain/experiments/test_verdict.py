"""The verdict in words, and that it is never given early."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.cells import ARM, arm_cell, row
from chalicelib.domain.experiments.judging import judge
from chalicelib.domain.experiments.verdict import Verdict, verdict

#: `arms` are sums of an experiment `try` (or the `experiment` named); `about` are the arms a state speaks of.
CASES = json.loads((Path(__file__).parent / "verdict_cases.json").read_text())
COUNTS = st.integers(0, 3_000)
DECIDED = {"wins", "loses", "mixed"}


def told(split: dict[str, float], arms: dict[str, Any], experiment: str = "try") -> Verdict:
    cells = {arm_cell(experiment, name): row(ARM, **sums) for name, sums in arms.items()}
    return verdict(judge(experiment, list(split.items()), cells), "USD")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    said = told(case["split"], case["arms"], case.get("experiment", "try"))
    assert (said.state, list(said.arms)) == (case["state"], case["about"])
    assert said.words == case["words"]


def arm_of(customers: int, conversions: int, spent: int) -> dict[str, float]:
    return {
        "customers": customers,
        "exposures": customers,
        "conversions": min(conversions, customers),
        "value": spent * min(conversions, customers),
        "value2": spent * spent * min(conversions, customers),
    }


ARMS = st.builds(arm_of, COUNTS, COUNTS, st.integers(0, 100))


@given(ARMS, ARMS)
def test_nothing_is_decided_on_too_few_or_on_a_split_that_is_off(
    a: dict[str, float], b: dict[str, float]
) -> None:
    said = told({"a": 0.5, "b": 0.5}, {"a": a, "b": b})
    few = min(a["customers"], b["customers"]) < 100 or min(a["conversions"], b["conversions"]) < 10
    assert not (few and said.state in DECIDED)
    assert said.state == "sample-ratio-off" or not (said.state in DECIDED and _off(a, b))


def _off(a: dict[str, float], b: dict[str, float]) -> bool:
    """Four standard deviations from an even split."""
    total = a["customers"] + b["customers"]
    return abs(a["customers"] - total / 2) > 4 * math.sqrt(total / 4)


@given(st.integers(100, 5_000), COUNTS, COUNTS)
def test_whichever_arm_is_the_control_the_same_one_wins(customers: int, ones: int, others: int) -> None:
    arms = {"a": arm_of(customers, ones, 0), "b": arm_of(customers, others, 0)}
    there, back = told({"a": 0.5, "b": 0.5}, arms), told({"b": 0.5, "a": 0.5}, arms)
    assert there.state == back.state
    if there.state == "wins":
        assert there.arms == back.arms
