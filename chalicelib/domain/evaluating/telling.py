"""An estimate in words for a marketer, beside its figures."""

from __future__ import annotations

from math import floor, log10
from typing import Any

import msgspec

from chalicelib.domain.evaluating.estimating import Estimate, Estimated
from chalicelib.domain.evaluating.intervals import Interval
from chalicelib.domain.evaluating.overlap import EFFECTIVE, EFFECTIVE_SHARE, REWARDED

_UNSEEN = 0.05
"""The share of choices never tried that is worth a word."""
_AGREES = 0.9
"""The share of logged decisions it would make again, above which more days are what is missing."""
_EXPLORE = "turn on `explore` (or raise its share), let it run for some days, and evaluate again"


def told(estimate: Estimate) -> dict[str, Any]:
    """The estimate, JSON-ready.

    `{"decisions", "customers", "overlap": {"decisions", "customers", "rewarded", "weight", "largest"}, "today":
    {"value", "low", "high"} or null, "by": {"dr" | "snips" | "ips": {"value": {...}, "gain": {...}}}, "refused": ""
    or a code, "words"}`. The words are about the doubly robust figure.
    """
    return {**msgspec.to_builtins(estimate), "words": _words(estimate)}


def _words(estimate: Estimate) -> str:
    if estimate.refused:
        return _refusal(estimate)
    best = estimate.by["dr"]
    today = estimate.today
    assert today is not None
    said = (
        f"It would have earned {_value(best.value)} per decision {_range(best.value)} where today's playbook earned "
        f"{_value(today)} {_range(today)}: {_gain(best)}."
    )
    unseen = 1 - estimate.overlap.weight
    if unseen > _UNSEEN:
        said += f" About {unseen:.0%} of what it would do was never tried; that part is a guess."
    return said


def _gain(best: Estimated) -> str:
    gain = best.gain
    if gain.low == gain.high == 0:
        return "the same"
    if gain.low > 0:
        return f"{_value(gain)} more {_range(gain)}"
    if gain.high < 0:
        less = Interval(-gain.value, -gain.high, -gain.low)
        return f"{_value(less)} less {_range(less)}"
    return f"too close to call (between {_number(-gain.low, gain)} less and {_number(gain.high, gain)} more)"


def _refusal(estimate: Estimate) -> str:
    overlap, logged = estimate.overlap, estimate.decisions
    needed = max(EFFECTIVE, EFFECTIVE_SHARE * logged)
    agrees = estimate.refused == "thin-overlap" and overlap.decisions > _AGREES * logged
    return {
        "no-decisions": "Nothing was decided in these days, so there is nothing to compare with.",
        "unseen-choices": (
            f"No estimate: about {1 - overlap.weight:.0%} of what it would do was never tried in these days. To "
            f"find out, {_EXPLORE}."
        ),
        "too-few": (
            f"No estimate yet: too little was decided. What these days logged is worth, in decisions: "
            f"{overlap.decisions:,.0f}; in customers: {overlap.customers:,.0f}. "
            f"{EFFECTIVE} of each are needed: take more days."
        ),
        "thin-overlap": (
            f"No estimate: it agrees so rarely with what was done that the {logged:,} logged decisions are worth "
            f"{overlap.decisions:,.0f}, of {overlap.customers:,.0f} customers ({needed:,.0f} decisions of "
            f"{EFFECTIVE} customers are needed). To find out, {_EXPLORE}; or take more days."
        ),
        "wrong-probabilities": (
            f"No estimate: the logged probabilities cannot be those that were acted on (the mean weight is "
            f"{overlap.weight:.2f}, and should be 1). Take only days since the last change to how messages are chosen."
        ),
        "few-rewards": (
            f"No estimate: too few customers earned something where it would have done the same (worth "
            f"{overlap.rewarded:.1f} customers, {REWARDED} are needed). Take more days, or wait for later outcomes."
        ),
    }["too-few" if agrees else estimate.refused or "no-decisions"]


def _value(one: Interval) -> str:
    return _number(one.value, one)


def _range(one: Interval) -> str:
    return f"(between {_number(one.low, one)} and {_number(one.high, one)})"


def _number(value: float, within: Interval) -> str:
    """With as many decimals as the interval's width makes sense of: its second figure."""
    width = within.high - within.low or abs(within.value) / 10
    decimals = max(0, min(8, 1 - floor(log10(width)))) if width else 0
    return f"{value + 0.0:,.{decimals}f}"
