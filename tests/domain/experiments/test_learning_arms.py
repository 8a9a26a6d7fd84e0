"""A split that learns: what its arms were given, what came of it, and the shares they have now."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chalicelib.domain.experiments.learning_arms import LearningArm, learning_arms, learning_verdict

#: Rows of `cells` (a key's parts, then its sums) of a message `offer`, and of `arms`: name, share, shown, reached,
#: revenue.
CASES = json.loads((Path(__file__).parent / "learning_cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    cells = {msgspec.json.encode(key).decode(): sums for *key, sums in case["cells"]}
    shares = case["shares"] and tuple((arm, share) for arm, share in case["shares"])
    arms = learning_arms("offer", case["variants"], cells, shares)
    told = learning_verdict(arms, known=shares is not None)
    assert [[arm.name, round(arm.share, 4), arm.shown, arm.reached, arm.revenue] for arm in arms] == case[
        "arms"
    ]
    assert (told.state, list(told.arms), told.words) == (case["state"], case["about"], case["words"])


def test_rates_are_those_of_a_showing() -> None:
    arm = LearningArm("a", 0.5, shown=200, reached=10, revenue=50)
    assert (arm.rate, arm.worth) == (0.05, 0.25)
    assert (LearningArm("b", 0.5).rate, LearningArm("b", 0.5).worth) == (0, 0)
