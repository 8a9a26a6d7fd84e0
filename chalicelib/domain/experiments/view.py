"""An experiment as the HTTP contract shows it. Rates have six digits behind the point, money four."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalicelib.domain.experiments.arms import Arm
from chalicelib.domain.experiments.cuped import Adjustment
from chalicelib.domain.experiments.judging import Finding, Guardrail, Judged
from chalicelib.domain.experiments.learning_arms import LearningArm
from chalicelib.domain.experiments.lift import Between, Lift
from chalicelib.domain.experiments.verdict import Verdict

RATE, MONEY = 6, 4


def judged_view(judged: Judged, said: Verdict) -> dict[str, Any]:
    """`customers`, `confidence` (of each interval), `arms`, `sampleRatio`, `adjusted` and `verdict`.

    An arm but the control has its `lift` by `conversionRate` and `valuePerCustomer`, each None while it is too
    early, and its `guardrails`.
    """
    found = {each.arm.name: each for each in judged.findings}
    return {
        "customers": _count(sum(arm.customers for arm in judged.arms)),
        "confidence": round(1 - judged.alpha, RATE),
        "arms": [_arm(arm, found.get(arm.name)) for arm in judged.arms],
        "sampleRatio": _ratio(judged),
        "adjusted": _adjusted(judged.adjustment),
        "verdict": verdict_view(said),
    }


def learning_view(arms: Sequence[LearningArm], said: Verdict) -> dict[str, Any]:
    """`customers` (None: showings are counted, not customers), `exposures`, `arms` and `verdict`."""
    return {
        "customers": None,
        "exposures": _count(sum(arm.shown for arm in arms)),
        "arms": [_learning_arm(arm) for arm in arms],
        "verdict": verdict_view(said),
    }


def verdict_view(said: Verdict) -> dict[str, Any]:
    """A verdict: its state for programs, its words for people."""
    return {"state": said.state, "arms": list(said.arms), "words": said.words}


def _arm(arm: Arm, found: Finding | None) -> dict[str, Any]:
    shown = {
        "arm": arm.name,
        "control": found is None,
        "share": round(arm.share, RATE),
        "customers": _count(arm.customers),
        "exposures": _count(arm.exposures),
        "conversions": _count(arm.conversions),
        "conversionRate": round(arm.each(arm.conversions), RATE),
        "value": round(arm.value, MONEY),
        "valuePerCustomer": round(arm.each(arm.value), MONEY),
        "unsubscribes": _count(arm.unsubscribed),
        "complaints": _count(arm.complained),
    }
    if found is None:
        return shown
    return {
        **shown,
        "lift": {
            "conversionRate": _lift(found.conversion, RATE),
            "valuePerCustomer": _lift(found.value, MONEY),
        },
        "guardrails": {"unsubscribes": _guard(found.unsubscribes), "complaints": _guard(found.complaints)},
    }


def _lift(found: Lift | None, digits: int) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "absolute": round(found.difference, digits),
        "between": _between(found.between, digits),
        "relative": None if found.relative is None else round(found.relative, RATE),
        "relativeBetween": _between(found.relative_between, RATE),
    }


def _guard(guard: Guardrail) -> dict[str, Any]:
    found = guard.lift
    return {
        "perCustomer": round(guard.rate, RATE),
        "absolute": None if found is None else round(found.difference, RATE),
        "between": None if found is None else _between(found.between, RATE),
        "harmed": guard.harmed,
    }


def _ratio(judged: Judged) -> dict[str, Any]:
    value = judged.ratio.p_value
    return {
        "expected": {
            arm.name: round(due, 1) for arm, due in zip(judged.arms, judged.ratio.expected, strict=True)
        },
        "pValue": None if value is None else float(f"{value:.3g}"),
        "off": judged.ratio.off,
    }


def _adjusted(by: Adjustment) -> dict[str, Any] | None:
    """How value per customer was made surer by what customers spent before; None where nothing was known."""
    if by.theta == 0:
        return None
    return {"by": "valueBefore", "theta": round(by.theta, RATE), "varianceRemoved": round(by.removed, RATE)}


def _learning_arm(arm: LearningArm) -> dict[str, Any]:
    return {
        "arm": arm.name,
        "share": round(arm.share, RATE),
        "exposures": _count(arm.shown),
        "conversions": _count(arm.reached),
        "conversionRate": round(arm.rate, RATE),
        "value": round(arm.revenue, MONEY),
        "valuePerExposure": round(arm.worth, MONEY),
    }


def _between(bounds: Between | None, digits: int) -> list[float] | None:
    return None if bounds is None else [round(bound, digits) for bound in bounds]


def _count(number: float) -> int:
    return round(number)
