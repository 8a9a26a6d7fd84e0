"""Conditions in words a marketer understands, and which part of one failed, with the value it met."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from chalicelib.domain.conditions.comparing import spread
from chalicelib.domain.conditions.dates import EPOCH, MILLISECOND, clock_of
from chalicelib.domain.conditions.interpreting import amount, holds, left_value, right_value
from chalicelib.domain.conditions.model import (
    All,
    Any_,
    AtPlace,
    Compare,
    Condition,
    Did,
    EventValue,
    InSegment,
    Not,
    Permitted,
    Received,
)
from chalicelib.domain.conditions.windows import MILLION
from chalicelib.domain.playbook.units import spoken
from chalicelib.domain.rules import Subject

MOST_SHOWN = 40
_VERBS = {
    "is": "is", "is_not": "is not", "in": "is one of", "not_in": "is none of", "above": "is above",
    "at_least": "is at least", "below": "is below", "at_most": "is at most", "contains": "contains",
    "starts_with": "starts with", "ends_with": "ends with", "like": "is like", "before": "is before",
    "after": "is after",
}  # fmt: skip
_TIMES = {"is": "exactly", "is_not": "other than", "above": "more than", "at_least": "at least",
          "below": "fewer than", "at_most": "at most"}  # fmt: skip


def words(condition: Condition) -> str:
    """The condition as a sentence about the customer."""
    if isinstance(condition, All | Any_):
        glue = " and " if isinstance(condition, All) else " or "
        return glue.join(_bracketed(part, condition) for part in condition.of)
    if isinstance(condition, Not):
        return f"not ({words(condition.of)})"
    if isinstance(condition, Compare):
        return f"{_left(condition)} {_comparison(condition)}"
    if isinstance(condition, Did):
        return _did_words(condition)
    return _state_words(condition)


def failed(condition: Condition, subject: Subject) -> str:
    """What kept the condition from holding, with the value met; "" if it holds."""
    if holds(condition, subject):
        return ""
    if isinstance(condition, All):
        return next(found for part in condition.of if (found := failed(part, subject)))
    if isinstance(condition, Any_):
        return "none of these: " + "; ".join(failed(part, subject) for part in condition.of)
    if isinstance(condition, Not):
        return f"{words(condition.of)}, which rules it out"
    if isinstance(condition, InSegment):
        return f"is not in segment {condition.segment}"
    if isinstance(condition, Received):
        return f"has not {words(condition)}"
    return f"{words(condition)}: no, {_met(condition, subject)}"


def _bracketed(part: Condition, parent: All | Any_) -> str:
    mixed = isinstance(part, All | Any_) and type(part) is not type(parent) and len(part.of) > 1
    return f"({words(part)})" if mixed else words(part)


def _left(compare: Compare) -> str:
    names = {"context": "moment's", "event": "event's", "score": "score"}
    return f"{names[compare.source]} {compare.path}" if compare.source in names else compare.path


def _comparison(compare: Compare) -> str:
    value = compare.value
    if compare.operator == "exists":
        return "is known" if value else "is not known"
    if compare.operator == "anniversary":
        return "has its anniversary today"
    if compare.operator == "within" and isinstance(value, int):
        return f"is less than {spoken(value)} away"
    return f"{_VERBS[compare.operator]} {_right(compare, value)}"


def _right(compare: Compare, value: Any) -> str:
    if isinstance(value, EventValue):
        return f"the event's {value.path}"
    if compare.operator in ("before", "after"):
        return _day(value, compare.zone)
    if isinstance(value, tuple):
        return ", ".join(_shown(one) for one in value)
    return _shown(value)


def _day(at: int, zone: str) -> str:
    try:
        written = (EPOCH + at * MILLISECOND).astimezone(clock_of(zone))
    except (OverflowError, ValueError):
        written = datetime.max.replace(tzinfo=UTC)
    return f"{written:%Y-%m-%d}" if written.time() == datetime.min.time() else f"{written:%Y-%m-%d %H:%M}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.12g}"
    text = str(value)
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 3] + "..."


def _did_words(did: Did) -> str:
    where = " and ".join(words(one) for one in did.where)
    tail = (f" where {where}" if where else "") + (f" within {spoken(did.within)}" if did.within else "")
    if did.total:
        verb = _VERBS[did.operator]
        return f"total {did.total} of {did.event}{tail} {verb} {_shown(did.value)}"
    number = _shown(did.value)
    times = "once" if number == "1" else f"{number} times"
    if did.operator == "below" and did.value == 1:
        return f"did not do {did.event}{tail}"
    if did.operator == "at_least" and did.value == 1:
        return f"did {did.event}{tail}"
    return f"did {did.event} {_TIMES[did.operator]} {times}{tail}"


def _state_words(condition: InSegment | Permitted | AtPlace | Received) -> str:
    if isinstance(condition, InSegment):
        return f"is in segment {condition.segment}"
    if isinstance(condition, AtPlace):
        return f"is in {condition.place}"
    if isinstance(condition, Permitted):
        verb = _VERBS[condition.operator]
        return f"permission for {condition.topic} on {condition.channel} {verb} {condition.value}"
    window = f" within {spoken(condition.within)}" if condition.within else ""
    return f"received {condition.message}{window}"


def _met(condition: Compare | Did | AtPlace | Permitted, subject: Subject) -> str:
    """What was found instead."""
    if isinstance(condition, Compare):
        found = [_shown(one) for one in spread(left_value(condition, subject))]
        met = f"it is {', '.join(found[:3])}" if found else "it is not known"
        if isinstance(condition.value, EventValue):
            right = [_shown(one) for one in spread(right_value(condition, subject))]
            return f"{met}, and the event's {condition.value.path} is {', '.join(right[:3]) or 'not known'}"
        return met
    if isinstance(condition, Did):
        count = amount(condition, subject)
        if condition.total:
            return f"it is {_shown(count / MILLION)}"
        return {0: "never", 1: "once"}.get(count, f"{count} times")
    if isinstance(condition, AtPlace):
        return f"but in {subject.place}" if subject.place else "the place is not known"
    return f"it is {subject.permissions.get((condition.channel, condition.topic), 'never')}"
