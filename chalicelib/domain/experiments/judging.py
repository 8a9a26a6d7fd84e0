"""An experiment, judged from the sums of its arms: each arm against the control, and whether to trust any of it.

The intervals are made for customers who come one by one, each with a value that stands. Ours goes on growing (a goal
has its window, and who was given a message may buy again), in all arms alike. So a lift is that of customers as they
are by now, and what one look found may fade when an effect is short.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.cells import HELD, HOLDOUT, TREATED, arm_cell
from chalicelib.domain.experiments.arms import Arm, arm_of, conversion_rate, harm_rate
from chalicelib.domain.experiments.confidence import ALPHA
from chalicelib.domain.experiments.cuped import Adjustment, adjustment, value_per_customer
from chalicelib.domain.experiments.lift import Lift, lift
from chalicelib.domain.experiments.sample_ratio import SampleRatio, check

MEASURES = 2
"""What an arm may win by: conversion rate and value per customer."""


@dataclass(frozen=True, slots=True)
class Guardrail:
    """Something an experiment must not make worse, per customer of an arm.

    `lift` is None while there is too little to say, and in the holdout: who hears nothing can't unsubscribe from it.
    """

    rate: float
    lift: Lift | None

    @property
    def harmed(self) -> bool:
        """Whether it happens more often than in the control, for sure."""
        return self.lift is not None and self.lift.direction > 0


@dataclass(frozen=True, slots=True)
class Finding:
    """An arm against the control."""

    arm: Arm
    conversion: Lift | None
    value: Lift | None
    unsubscribes: Guardrail
    complaints: Guardrail

    @property
    def lifts(self) -> tuple[Lift, ...]:
        """The measures of which something can be said."""
        return tuple(each for each in (self.conversion, self.value) if each is not None)

    @property
    def better(self) -> bool:
        """Better by something."""
        return any(each.direction > 0 for each in self.lifts)

    @property
    def worse(self) -> bool:
        """Worse by something; it may be better by another."""
        return any(each.direction < 0 for each in self.lifts)

    @property
    def harmed(self) -> bool:
        """A guardrail is broken."""
        return self.unsubscribes.harmed or self.complaints.harmed


@dataclass(frozen=True, slots=True)
class Judged:
    """What is known of an experiment. `alpha` is that of each single interval."""

    name: str
    control: Arm
    findings: tuple[Finding, ...]
    ratio: SampleRatio
    adjustment: Adjustment
    alpha: float

    @property
    def arms(self) -> tuple[Arm, ...]:
        """All arms, the control first."""
        return (self.control, *(each.arm for each in self.findings))

    @property
    def is_holdout(self) -> bool:
        """Whether it is the programme's own."""
        return self.name == HOLDOUT


def holdout_split(share: float) -> tuple[tuple[str, float], ...]:
    """The arms of the programme's own experiment, of which `share` is held out."""
    return (HELD, share), (TREATED, 1 - share)


def judge(
    name: str, split: Sequence[tuple[str, float]], sums: Mapping[str, Sequence[float]], alpha: float = ALPHA
) -> Judged:
    """Judge an experiment with these arms (the first is the control) and shares by its cells in `sums`.

    All it may call a winner by (two measures of each arm but the control) misses the truth with probability
    `alpha` at most, since each interval takes its part of it (Bonferroni); the guardrails likewise.
    """
    arms = [arm_of(arm, share, sums.get(arm_cell(name, arm), ())) for arm, share in split]
    control, others = arms[0], arms[1:]
    each, by = alpha / max(MEASURES * len(others), 1), adjustment(arms)
    return Judged(
        name,
        control,
        tuple(_against(control, arm, by, each, guarded=name != HOLDOUT) for arm in others),
        check([arm.customers for arm in arms], [arm.share for arm in arms]),
        by,
        each,
    )


def _against(control: Arm, arm: Arm, by: Adjustment, alpha: float, *, guarded: bool) -> Finding:
    def guard(before: float, after: float) -> Guardrail:
        found = lift(harm_rate(control, before), harm_rate(arm, after), alpha) if guarded else None
        return Guardrail(arm.each(after), found)

    return Finding(
        arm,
        lift(conversion_rate(control), conversion_rate(arm), alpha),
        lift(value_per_customer(control, by), value_per_customer(arm, by), alpha),
        guard(control.unsubscribed, arm.unsubscribed),
        guard(control.complained, arm.complained),
    )
