"""Compiles conditions to one generated Python module of plain functions.

The source is made of this file's own words and the names of constants (`k0`, `k1`, ...); every name, path and
value of the playbook is a constant handed over beside it, so no text of the playbook is ever run as code.
Equal conditions share one function. What a condition means is said in `interpreting.py`; the shortcuts here
are only for speed.
"""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.domain.conditions import comparing
from chalicelib.domain.conditions.interpreting import steps
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
    Value,
)
from chalicelib.domain.conditions.module import Module, compiled
from chalicelib.domain.conditions.windows import millionths
from chalicelib.domain.rules import Check

_ROOTS = {"trait": "s.traits", "context": "s.context", "score": "s.scores"}
_SIGNS = {"is": "==", "is_not": "!=", "above": ">", "at_least": ">=", "below": "<", "at_most": "<="}
#: Of text on both sides.
_OF_TEXT = {
    "contains": "{1} in {0}",
    "starts_with": "{0}.startswith({1})",
    "ends_with": "{0}.endswith({1})",
    "like": "is_like({0}, {1})",
}


class Compiler:
    """Collects conditions, then makes their functions all at once: `add` each, `build`, look up by name."""

    def __init__(self) -> None:
        self._functions: dict[bytes, str] = {}
        self._lines: list[str] = []
        self._constants: dict[str, Any] = {}
        self._known: dict[bytes, str] = {}
        self._locals = 0

    def add(self, condition: Condition) -> str:
        """The name of the function that will answer this condition; the same for an equal one."""
        key = msgspec.json.encode(condition)
        if key not in self._functions:
            self._locals = 0
            name = self._functions[key] = f"c{len(self._functions)}"
            self._lines.append(f"def {name}(s):\n    return {self._test(condition)}\n")
        return self._functions[key]

    def source(self) -> str:
        """The generated module."""
        return "\n".join(self._lines)

    def build(self) -> dict[str, Check]:
        """The functions by name."""
        return self.module().functions()

    def module(self) -> Module:
        """The module, compiled."""
        return Module(compiled(self.source()), self._constants)

    def _constant(self, value: Any) -> str:
        key = msgspec.json.encode([type(value).__name__, value])
        if key not in self._known:
            self._known[key] = f"k{len(self._known)}"
            self._constants[self._known[key]] = value
        return self._known[key]

    def _local(self) -> str:
        self._locals += 1
        return f"v{self._locals}"

    def _test(self, condition: Condition) -> str:
        if isinstance(condition, All):
            return "(" + (" and ".join(self._test(part) for part in condition.of) or "True") + ")"
        if isinstance(condition, Any_):
            return "(" + (" or ".join(self._test(part) for part in condition.of) or "False") + ")"
        if isinstance(condition, Not):
            return f"(not {self._test(condition.of)})"
        if isinstance(condition, Compare):
            return self._compare(condition)
        if isinstance(condition, Did):
            return self._did(condition)
        return self._state(condition)

    def _state(self, condition: InSegment | Permitted | AtPlace | Received) -> str:
        if isinstance(condition, InSegment):
            return f"({self._constant(condition.segment)} in s.segments)"
        if isinstance(condition, AtPlace):
            return f"(s.place == {self._constant(condition.place)})"
        if isinstance(condition, Permitted):
            key = self._constant((condition.channel, condition.topic))
            sign = _SIGNS[condition.operator]
            state = f"s.permissions.get({key}, {self._constant('never')})"
            return f"({state} {sign} {self._constant(condition.value)})"
        message, at = self._constant(condition.message), self._local()
        if not condition.within:
            return f"({message} in s.received)"
        window = self._constant(condition.within)
        return f"(({at} := s.received.get({message})) is not None and {at} > s.now - {window})"

    def _did(self, did: Did) -> str:
        sign, value = _SIGNS[did.operator], self._constant(did.value)
        if did.feature:
            state, window = f"s.features.get({self._constant(did.feature)})", self._constant(did.within)
            if not did.total:
                return f"(count({state}, s, {window}) {sign} {value})"
            return f"(total({state}, s, {window}) {sign} {self._constant(millionths(did.value))})"
        found = self._local()
        activity = f"({found} := s.activity.get({self._constant(did.event)}))"
        return f"(({found}.total if {activity} is not None else 0) {sign} {value})"

    def _value(self, root: str, path: tuple[str, ...]) -> str:
        first = f"{root}.get({self._constant(path[0])})"
        if len(path) == 1:
            return first
        if len(path) > 2:
            return f"reach({first}, {self._constant(path[1:])})"
        found = self._local()
        name, rest = self._constant(path[1]), self._constant(path[1:])
        return f"({found}.get({name}) if ({found} := {first}).__class__ is dict else reach({found}, {rest}))"

    def _compare(self, compare: Compare) -> str:
        left = self._value(_ROOTS.get(compare.source, "s.event"), steps(compare))
        operator = compare.operator
        if operator == "is_not":
            return f"(not {self._positive('is', left, compare)})"
        return self._positive(operator, left, compare)

    def _positive(self, operator: str, left: str, compare: Compare) -> str:
        value = compare.value
        if operator in ("before", "after", "within", "anniversary"):
            return self._dated(left, compare)
        if isinstance(value, EventValue):
            right = self._value("s.event", tuple(value.path.split(".")))
            return f"{_asked(operator)}{left}, {right})"
        right, found = self._constant(value), self._local()
        given = f"({found} := {left})"
        if operator == "exists":
            there = f"{given} is not None and ({found}.__class__ not in lists or exists({found}))"
            return f"(({there}) is {right})"
        if operator == "is":
            return self._equal(found, given, value)
        asked = f"{_asked(operator)}{found}, {right})"
        quick = self._quick(operator, found, value)
        if quick:
            return f"({quick[1]} if {given}.__class__ {quick[0]} else {found} is not None and {asked})"
        return f"({given} is not None and {asked})"

    def _quick(self, operator: str, found: str, value: Value) -> tuple[str, str] | None:
        """Of one value on the left: the class for which a shorter test says the same, and that test."""
        if operator in _SIGNS:
            return "in numbers", f"{found} {_SIGNS[operator]} {self._constant(value)}"
        if isinstance(value, str) and operator in _OF_TEXT:
            return "is str", _OF_TEXT[operator].format(found, self._constant(value))
        if operator in ("in", "not_in") and isinstance(value, tuple):
            kinds = {one.__class__ for one in value}
            wanted = "is str" if kinds == {str} else "in numbers" if kinds <= comparing.NUMBERS else ""
            test = f"{found} {operator.replace('_', ' ')} {self._members(value)}"
            return (wanted, test) if wanted else None
        return None

    def _members(self, value: tuple[Any, ...]) -> str:
        name = f"m{self._constant(value)}"
        self._constants[name] = frozenset(value)
        return name

    def _equal(self, found: str, given: str, value: Any) -> str:
        right = self._constant(value)
        if isinstance(value, bool):
            return f"({given} is {right} or ({found}.__class__ is list and matches(same, {found}, {right})))"
        if isinstance(value, str):
            other = "is not None" if comparing.number(value) is not None else ".__class__ is list"
            middle = f"{found} {other}" if other[0] == "i" else f"{found}{other}"
            return f"({given} == {right} or ({middle} and matches(same, {found}, {right})))"
        return (
            f"(({given} == {right} and {found}.__class__ is not bool)"
            f" or ({found}.__class__ in loose and matches(same, {found}, {right})))"
        )

    def _dated(self, left: str, compare: Compare) -> str:
        zone = self._constant(compare.zone)
        if isinstance(compare.value, EventValue):
            right = self._value("s.event", tuple(compare.value.path.split(".")))
        else:
            right = self._constant(compare.value)
        tests = {
            "before": f"partial(before, zone={zone})",
            "after": f"partial(after, zone={zone})",
            "within": f"partial(near, zone={zone}, now=s.now)",
            "anniversary": "partial(comes_round, zone=s.zone, now=s.now)",
        }
        return f"matches({tests[compare.operator]}, {left}, {right})"


def _asked(operator: str) -> str:
    """The call that takes both sides, opened."""
    return "lacks(" if operator == "not_in" else f"matches(is_{operator}, "
