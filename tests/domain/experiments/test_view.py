"""What the HTTP contract shows of an experiment."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.cells import ARM, arm_cell, row
from chalicelib.domain.experiments.judging import judge
from chalicelib.domain.experiments.learning_arms import LearningArm, learning_verdict
from chalicelib.domain.experiments.verdict import verdict
from chalicelib.domain.experiments.view import judged_view, learning_view

PLAIN: dict[str, float] = {
    "customers": 10_000, "exposures": 10_000, "conversions": 400, "value": 8_000, "value2": 400_000,
    "unsubscribed": 12,
}  # fmt: skip
CHEERFUL: dict[str, float] = {
    "customers": 10_000, "exposures": 10_000, "conversions": 520, "value": 10_400.125, "value2": 560_000,
    "unsubscribed": 15, "complained": 1,
}  # fmt: skip


def shown(**arms: dict[str, float]) -> dict[str, Any]:
    cells = {arm_cell("copy", name): row(ARM, **sums) for name, sums in arms.items()}
    judged = judge("copy", [(name, 0.5) for name in arms], cells)
    return judged_view(judged, verdict(judged, "USD"))


def test_an_arm_is_shown_with_its_lift_its_guardrails_and_the_bounds_of_both() -> None:
    told = shown(plain=PLAIN, cheerful=CHEERFUL)
    control, arm = told["arms"]
    assert control == {
        "arm": "plain", "control": True, "share": 0.5, "customers": 10_000, "exposures": 10_000,
        "conversions": 400, "conversionRate": 0.04, "value": 8_000, "valuePerCustomer": 0.8,
        "unsubscribes": 12, "complaints": 0,
    }  # fmt: skip
    assert (arm["control"], arm["valuePerCustomer"], arm["complaints"]) == (False, 1.04, 1)
    assert arm["lift"] == {
        "conversionRate": {
            "absolute": 0.012, "between": [0.002022, 0.021978],
            "relative": 0.3, "relativeBetween": [0.045509, 0.627345],
        },
        "valuePerCustomer": {
            "absolute": 0.24, "between": [-0.0869, 0.5669],
            "relative": 0.300016, "relativeBetween": [-0.09314, 0.88797],
        },
    }  # fmt: skip
    assert arm["guardrails"]["unsubscribes"] == {
        "perCustomer": 0.0015, "absolute": 0.0003, "between": [-0.001513, 0.002113], "harmed": False,
    }  # fmt: skip


def test_the_whole_says_how_far_to_trust_it() -> None:
    told = shown(plain=PLAIN, cheerful=CHEERFUL)
    assert told["customers"] == 20_000
    assert told["confidence"] == 0.975
    assert told["sampleRatio"] == {
        "expected": {"plain": 10_000, "cheerful": 10_000},
        "pValue": 1,
        "off": False,
    }
    assert told["adjusted"] is None
    assert (told["verdict"]["state"], told["verdict"]["arms"]) == ("wins", ["cheerful"])
    assert told["verdict"]["words"].startswith(
        "`cheerful` wins over `plain` by 1.2 points of conversion rate"
    )


def test_while_it_is_early_there_is_no_lift_to_misread() -> None:
    told = shown(plain={"customers": 20}, cheerful={"customers": 22})
    assert told["arms"][1]["lift"] == {"conversionRate": None, "valuePerCustomer": None}
    assert told["arms"][1]["guardrails"]["complaints"] == {
        "perCustomer": 0, "absolute": None, "between": None, "harmed": False,
    }  # fmt: skip
    assert shown(plain={}, cheerful={})["sampleRatio"]["pValue"] is None


def test_a_p_value_however_small_keeps_three_digits() -> None:
    told = shown(plain={"customers": 600}, cheerful={"customers": 400})
    assert told["sampleRatio"] == {
        "expected": {"plain": 500, "cheerful": 500},
        "pValue": 2.54e-10,
        "off": True,
    }


def test_it_says_what_spending_before_took_out() -> None:
    before = {"before": 20_000.0, "before2": 900_000.0, "value_before": 450_000.0}
    told = shown(plain={**PLAIN, **before}, cheerful={**CHEERFUL, **before})
    assert told["adjusted"] == {"by": "valueBefore", "theta": 0.50186, "varianceRemoved": 0.459496}


def test_arms_that_learn_are_shown_by_showings() -> None:
    arms = (LearningArm("a", 0.29, 280, 10, 100.5, 3), LearningArm("b", 0.71, 704, 49, 1_000, 31))
    told = learning_view(arms, learning_verdict(arms, known=True))
    assert (told["customers"], told["exposures"]) == (None, 984)
    assert told["arms"][0] == {
        "arm": "a", "share": 0.29, "exposures": 280, "conversions": 10, "conversionRate": 0.035714,
        "value": 100.5, "valuePerExposure": 0.3589,
    }  # fmt: skip
    assert told["verdict"]["arms"] == ["b"]
