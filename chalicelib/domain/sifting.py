"""The first stages for every candidate: permission and stops, validity, `for`. Where most messages end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.domain.decision import Reason
from chalicelib.domain.rules import Check, MessageRules, Subject

if TYPE_CHECKING:
    from chalicelib.domain.plans import Group, Plan
    from chalicelib.domain.view import View

Way = tuple[str, Reason | None]
"""The channel a message would take and None, or "" and why there is none."""

Wanted = tuple[MessageRules, str]
"""A message that may be given, and the channel it would take."""


def sift(plan: Plan, view: View, reasons: Counter[Reason]) -> list[Wanted]:
    """The candidates that get through, each with its channel, in the playbook's order; the others are counted.

    A playbook may have ten thousand messages: the way to the customer is looked for once per group, messages whose
    demanded value isn't there are never looked at, and equal conditions are asked once.
    """
    known: dict[Check, bool] = {}
    through: list[tuple[int, MessageRules, str]] = []
    for group in plan.groups:
        channel, barred = view.way(group.key)
        if barred is not None:
            reasons[barred] += len(group.entries)
            continue
        before = len(through)
        off = _off_in(group, view.off)
        _sift_group(group, view.subject, channel, off, known, through)
        _count_rest(group, view.subject.now, off, len(through) - before, reasons)
    if len(plan.groups) > 1 or any(group.found_by for group in plan.groups):
        through.sort()
    return [(rules, channel) for _, rules, channel in through]


def sift_each(plan: Plan, view: View, ruled_out: dict[str, Reason]) -> list[Wanted]:
    """The same, looking at every message by name; the others go to `ruled_out` with their reason."""
    through: list[Wanted] = []
    for _, rules in plan.entries:
        channel, reason = view.way(plan.way_of(rules))
        reason = reason or _reason_against(rules, view)
        if reason is None:
            through.append((rules, channel))
        else:
            ruled_out[rules.message.name] = reason
    return through


def _reason_against(rules: MessageRules, view: View) -> Reason | None:
    message, now = rules.message, view.subject.now
    if message.name in view.off:
        return view.off[message.name]
    if now < message.valid_from:
        return "not-yet-valid"
    if 0 < message.valid_until <= now:
        return "expired"
    return None if rules.check is None or view.holds(rules.check) else "not-for-them"


def _sift_group(
    group: Group,
    subject: Subject,
    channel: str,
    off: Mapping[str, Reason],
    known: dict[Check, bool],
    through: list[tuple[int, MessageRules, str]],
) -> None:
    now = subject.now
    for at, rules in group.candidates(subject):
        message, check = rules.message, rules.check
        if now < message.valid_from or 0 < message.valid_until <= now or (off and message.name in off):
            continue
        if check is not None:
            holds = known.get(check)
            if holds is None:
                holds = known[check] = check(subject)
            if not holds:
                continue
        through.append((at, rules, channel))


def _off_in(group: Group, off: Mapping[str, Reason]) -> dict[str, Reason]:
    return {name: reason for name, reason in off.items() if name in group.names} if off else {}


def _count_rest(
    group: Group, now: int, off: Mapping[str, Reason], passed: int, reasons: Counter[Reason]
) -> None:
    """Count those that did not get through. What is off is that, and nothing else."""
    early, late = group.out_of_date(now)
    if off:
        reasons.update(off.values())
        dates = [one.message for _, one in group.entries if one.message.name in off]
        early -= sum(now < one.valid_from for one in dates)
        late -= sum(0 < one.valid_until <= now for one in dates)
    rest = len(group.entries) - len(off) - early - late - passed
    for reason, many in (("not-yet-valid", early), ("expired", late), ("not-for-them", rest)):
        if many:
            reasons[reason] += many  # type: ignore[index]  # the three are reasons
