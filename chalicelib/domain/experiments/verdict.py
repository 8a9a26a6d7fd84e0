"""The verdict in words. It never calls a winner early: every interval it rests on holds whenever one looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chalicelib.domain.experiments import words
from chalicelib.domain.experiments.arms import LEAST_CUSTOMERS, LEAST_REACHED, Arm
from chalicelib.domain.experiments.judging import Finding, Guardrail, Judged

State = Literal[
    "sample-ratio-off", "guardrail-harmed", "too-early", "no-difference-yet", "wins", "loses", "mixed",
    "nothing-to-compare", "learning", "learned",
]  # fmt: skip
"""`wins`: some arm is better than the control, or the control than all others. `loses`: some arm is worse, the others
are open. `mixed`: an arm is better by one measure and worse by the other. `nothing-to-compare`: it has one arm.
`learning` and `learned` are those of a split that learns (`learning_arms.py`)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A state, the arms it is about, and the sentences a marketer reads."""

    state: State
    arms: tuple[str, ...]
    words: str


def verdict(judged: Judged, currency: str) -> Verdict:
    """Judge in this order: can the split be trusted, is anybody harmed, is there enough, who wins."""
    if not judged.findings:
        return Verdict(
            "nothing-to-compare", (), f"There is nothing to compare: `{judged.control.name}` is alone."
        )
    if judged.ratio.off:
        return Verdict("sample-ratio-off", (), _not_as_split(judged))
    harmed = tuple(each for each in judged.findings if each.harmed)
    if harmed:
        names = tuple(each.arm.name for each in harmed)
        return Verdict("guardrail-harmed", names, " ".join(_harm(each, judged.control) for each in harmed))
    if not any(each.lifts for each in judged.findings):
        early = tuple(arm.name for arm in judged.arms if _lacks(arm))
        return Verdict("too-early", early, _too_early(judged))
    state, about = _outcome(judged)
    said = [_sentence(each, judged.control, currency) for each in judged.findings]
    if about == (judged.control.name,):
        said.insert(0, f"`{judged.control.name}` wins: nothing else does as well.")
    if state == "wins" and len(about) > 1:
        said.append(f"Which of {words.names(list(about))} is best is not decided.")
    if judged.is_holdout:
        said.append(_price(judged.findings[0]))
    return Verdict(state, about, " ".join(said))


def _outcome(judged: Judged) -> tuple[State, tuple[str, ...]]:
    """Who wins, or loses, or neither."""
    wins = tuple(each.arm.name for each in judged.findings if each.better and not each.worse)
    loses = tuple(each.arm.name for each in judged.findings if each.worse and not each.better)
    mixed = tuple(each.arm.name for each in judged.findings if each.worse and each.better)
    if wins:
        return "wins", wins
    if len(loses) == len(judged.findings):
        return "wins", (judged.control.name,)
    if mixed:
        return "mixed", mixed
    return ("loses", loses) if loses else ("no-difference-yet", ())


def _sentence(found: Finding, control: Arm, currency: str) -> str:
    arm, other = f"`{found.arm.name}`", f"`{control.name}`"
    if not found.lifts:
        return f"Too early for {arm}: it {_has(found.arm)}."
    if found.better and found.worse:
        return (
            f"{arm} against {other}: {_open(found, currency)}. Better by one, worse by the other: weigh them."
        )
    if found.better:
        return f"{arm} wins over {other} by {_sure(found, currency)}.{_beside(found, currency)}"
    if found.worse:
        return f"{arm} does worse than {other} by {_sure(found, currency)}.{_beside(found, currency)}"
    return f"No difference to be seen yet between {arm} and {other}: {_open(found, currency)}."


def _sure(found: Finding, currency: str) -> str:
    """What is decided, and by how much."""
    said = []
    if found.conversion and found.conversion.direction:
        said.append(words.better_or_worse(found.conversion, "points of conversion rate"))
    if found.value and found.value.direction:
        said.append(words.better_or_worse(found.value, f"{currency} per customer"))
    return ", and by ".join(said)


def _beside(found: Finding, currency: str) -> str:
    """The measure that is not decided, beside one that is."""
    if found.conversion and not found.conversion.direction:
        return f" Not decided: conversion rate {words.so_far(found.conversion, 'points')}."
    if found.value and not found.value.direction:
        return f" Not decided: value per customer {words.so_far(found.value, currency)}."
    return ""


def _open(found: Finding, currency: str) -> str:
    """All that can be said."""
    said = []
    if found.conversion:
        said.append(f"conversion rate {words.so_far(found.conversion, 'points')}")
    if found.value:
        said.append(f"value per customer {words.so_far(found.value, currency)}")
    return ", ".join(said)


def _harm(found: Finding, control: Arm) -> str:
    arm = f"`{found.arm.name}`"
    said = [
        f"{name} by {words.better_or_worse(guard.lift, 'points')}"
        for name, guard in (("unsubscribes", found.unsubscribes), ("complaints", found.complaints))
        if guard.harmed and guard.lift
    ]
    return f"{arm} does harm: it raises {' and '.join(said)}, against `{control.name}`. Do not go on with it."


def _not_as_split(judged: Judged) -> str:
    came = ", ".join(
        f"`{arm.name}` has {words.counted(arm.customers)} customers where {words.counted(due)} were due"
        for arm, due in zip(judged.arms, judged.ratio.expected, strict=True)
    )
    return (
        f"Do not trust this: the split is off. {came} (p = {judged.ratio.p_value:.1g}). "
        "If shares or arms were changed on the way, begin again under a new name; else customers of an arm are lost."
    )


def _lacks(arm: Arm) -> bool:
    return arm.customers < LEAST_CUSTOMERS or arm.conversions < LEAST_REACHED


def _too_early(judged: Judged) -> str:
    has = ", ".join(f"`{arm.name}` {_has(arm)}" for arm in judged.arms)
    return (
        f"Too early to say anything: {has}. Each arm needs {LEAST_CUSTOMERS} customers, and {LEAST_REACHED} "
        "conversions or as many who spend; with fewer, chance alone makes large differences."
    )


def _has(arm: Arm) -> str:
    return f"has {words.counted(arm.customers)} customers and {words.counted(arm.conversions)} conversions"


def _price(found: Finding) -> str:
    """What the programme costs: who is held out cannot unsubscribe from what they never got."""
    return (
        f"Its price: {_share(found.unsubscribes)} of treated customers unsubscribed, "
        f"{_share(found.complaints)} complained."
    )


def _share(guard: Guardrail) -> str:
    return words.percent(guard.rate)
