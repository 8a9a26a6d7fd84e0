"""Finds conditions that can never hold, and says why in words."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from chalicelib.domain.conditions.model import All, AtPlace, Compare, Condition, Did, Not, Permitted

_LOWER = ("above", "at_least", "after")
_UPPER = ("below", "at_most", "before")
_POSITIVE = (
    "is", "in", "above", "at_least", "below", "at_most", "contains", "starts_with", "ends_with", "like",
    "before", "after", "within", "anniversary",
)  # fmt: skip


def never_holds(condition: Condition) -> str:
    """Why the condition can never hold, with how to mend it; "" if it can."""
    if isinstance(condition, Did) and not condition.total:
        return _never_counted(condition)
    if isinstance(condition, All):
        return next(_contradictions(list(_flat(condition))), "")
    return ""


def _never_counted(did: Did) -> str:
    span = _Span().narrowed(did.operator, did.value, whole=True)
    if span.high >= 0 and not span.empty:
        return ""
    wanted = "" if did.operator == "is" else did.operator.replace("_", " ") + " "
    return (
        f"This can never hold: a count is never {wanted}{did.value:g}; "
        "to ask that it was not done, write `below: 1`."
    )


def _flat(condition: All) -> Iterator[Condition]:
    for part in condition.of:
        if isinstance(part, All):
            yield from _flat(part)
        else:
            yield part


def _contradictions(parts: list[Condition]) -> Iterator[str]:
    yield from _empty_spans(parts)
    yield from _denied(parts)
    if len({part.place for part in parts if isinstance(part, AtPlace)}) > 1:
        yield "This can never hold: nobody is at two places at once; put the places into `any`."
    states: dict[tuple[str, str], str] = {}
    for part in parts:
        if not isinstance(part, Permitted) or part.operator != "is":
            continue
        if states.setdefault((part.channel, part.topic), part.value) != part.value:
            yield "This can never hold: a permission has one state at a time; put the states into `any`."


@dataclass(frozen=True, slots=True)
class _Span:
    """The numbers that are left."""

    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False

    @property
    def empty(self) -> bool:
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    def narrowed(self, operator: str, value: float, *, whole: bool = False) -> _Span:
        """What is left after one more comparison; `whole`: only whole numbers count."""
        if whole and operator == "above":
            operator, value = "at_least", math.floor(value) + 1
        if whole and operator == "below":
            operator, value = "at_most", math.ceil(value) - 1
        low, high = (self.low, self.low_open), (self.high, self.high_open)
        if operator in (*_LOWER, "is"):
            low = max(low, (value, operator in ("above", "after")))
        if operator in (*_UPPER, "is"):
            high = min(high, (value, operator in ("below", "before")), key=lambda end: (end[0], not end[1]))
        return _Span(low[0], high[0], low[1], high[1])


def _empty_spans(parts: list[Condition]) -> Iterator[str]:
    spans: dict[bytes, _Span] = {}
    for part in parts:
        if not isinstance(part, Compare | Did) or part.operator not in (*_LOWER, *_UPPER, "is"):
            continue
        if isinstance(part, Compare) and part.operator == "is":
            continue  # a list may hold both values
        if isinstance(part.value, bool) or not isinstance(part.value, int | float):
            continue
        key = _subject_of(part)
        spans[key] = spans.get(key, _Span()).narrowed(
            part.operator, part.value, whole=isinstance(part, Did) and not part.total
        )
        if spans[key].empty:
            yield (
                "This can never hold: the comparisons leave no value between them; "
                "correct the numbers, or put them into `any`."
            )


def _subject_of(part: Compare | Did) -> bytes:
    """What a comparison looks at, without what it compares with."""
    if isinstance(part, Did):
        return msgspec.json.encode(msgspec.structs.replace(part, operator="is", value=0))
    return msgspec.json.encode([part.source, part.path, part.operator in ("before", "after")])


def _denied(parts: list[Condition]) -> Iterator[str]:
    """Parts that another part says the opposite of."""
    said = {msgspec.json.encode(part) for part in parts if not isinstance(part, Not)}
    compared = (part for part in parts if isinstance(part, Compare) and part.operator in _POSITIVE)
    wanted = {(part.source, part.path) for part in compared}
    opposites = {"is_not": "is", "not_in": "in"}
    for part in parts:
        if isinstance(part, Not):
            denied: Condition = part.of
        elif isinstance(part, Compare | Permitted) and part.operator in opposites:
            denied = msgspec.structs.replace(part, operator=opposites[part.operator])
        elif isinstance(part, Compare) and part.operator == "exists" and part.value is False:
            if (part.source, part.path) in wanted:
                yield f"This can never hold: `{part.path}` cannot be missing and compare; remove one of them."
            continue
        else:
            continue
        if msgspec.json.encode(denied) in said:
            yield "This can never hold: one part says what another denies; remove one of them."
