"""The plain interpreter: what a condition means, read straight from its data.

The compiled checks of `source.py` are held to this one by a property test.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from chalicelib.domain.conditions.comparing import compares, reach
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
from chalicelib.domain.conditions.windows import count, millionths, total
from chalicelib.domain.rules import Subject

NUMERIC: dict[str, Callable[[Any, Any], bool]] = {
    "is": operator.eq,
    "is_not": operator.ne,
    "above": operator.gt,
    "at_least": operator.ge,
    "below": operator.lt,
    "at_most": operator.le,
}


def holds(condition: Condition, subject: Subject) -> bool:
    """Whether the condition is true of the subject."""
    if isinstance(condition, All):
        return all(holds(part, subject) for part in condition.of)
    if isinstance(condition, Any_):
        return any(holds(part, subject) for part in condition.of)
    if isinstance(condition, Not):
        return not holds(condition.of, subject)
    if isinstance(condition, Compare):
        return _compare_holds(condition, subject)
    if isinstance(condition, Did):
        wanted = millionths(condition.value) if condition.total else condition.value
        return NUMERIC[condition.operator](amount(condition, subject), wanted)
    return _state_holds(condition, subject)


def steps(compare: Compare) -> tuple[str, ...]:
    """The names to go through, from the root of the comparison's source."""
    if compare.source == "score":
        return (compare.path,)
    path = tuple(compare.path.split("."))
    return ("properties", *path) if compare.source == "property" else path


def left_value(compare: Compare, subject: Subject) -> Any:
    """The value at the path of a comparison: one, a list, or None."""
    roots = {"trait": subject.traits, "context": subject.context, "score": subject.scores}
    first, *rest = steps(compare)
    return reach(roots.get(compare.source, subject.event).get(first), tuple(rest))


def right_value(compare: Compare, subject: Subject) -> Any:
    """The right side of a comparison, looked up in the triggering event if it says so."""
    if isinstance(compare.value, EventValue):
        first, *rest = compare.value.path.split(".")
        return reach(subject.event.get(first), tuple(rest))
    return compare.value


def amount(did: Did, subject: Subject) -> int:
    """How often it was done, or the sum in millionths."""
    if did.total:
        return total(subject.features.get(did.feature), subject, did.within)
    if did.feature:
        return count(subject.features.get(did.feature), subject, did.within)
    activity = subject.activity.get(did.event)
    return activity.total if activity else 0


def _compare_holds(compare: Compare, subject: Subject) -> bool:
    left, right = left_value(compare, subject), right_value(compare, subject)
    return compares(compare, left, right, subject.now, subject.zone)


def _state_holds(condition: InSegment | Permitted | AtPlace | Received, subject: Subject) -> bool:
    if isinstance(condition, InSegment):
        return condition.segment in subject.segments
    if isinstance(condition, AtPlace):
        return subject.place == condition.place
    if isinstance(condition, Permitted):
        state = subject.permissions.get((condition.channel, condition.topic), "never")
        return (state == condition.value) is (condition.operator == "is")
    at = subject.received.get(condition.message)
    return at is not None and (not condition.within or at > subject.now - condition.within)
