"""The right sides of comparisons, and the paths on their left, as a playbook writes them."""

from __future__ import annotations

import math
from typing import cast

from chalicelib.domain.conditions.model import EventValue, Operator, Value
from chalicelib.domain.playbook.fields import Field

COMPARISONS: tuple[Operator, ...] = (
    "is", "is_not", "in", "not_in", "above", "at_least", "below", "at_most", "contains", "starts_with",
    "ends_with", "like", "exists", "before", "after", "within", "anniversary",
)  # fmt: skip
COUNTS: tuple[Operator, ...] = ("is", "is_not", "above", "at_least", "below", "at_most")
MOST_STARS = 5
#: What an event as JSON starts with.
EVENT_ROOTS = (
    "properties", "traits", "context", "event", "type", "name", "userId", "anonymousId", "previousId",
    "groupId", "messageId", "timestamp", "receivedAt", "origin", "proven",
)  # fmt: skip
_FIXED = ("exists", "within", "anniversary")


def dotted(field: Field, source: str) -> str | None:
    """A path such as `weather.rain_mm`."""
    path = field.text()
    if path is None:
        return None
    if not all(path.split(".")):
        field.fault(f"`{path}` is no path; write names with one dot between them, such as weather.rain_mm.")
        return None
    if source == "event" and path.split(".")[0] not in EVENT_ROOTS:
        field.fault(f"An event has no `{path}`; did you mean `properties.{path}`?")
        return None
    return path


def right_side(field: Field, operator: Operator, zone: str, place: str) -> Value | None:
    """What the left side is compared with; None with a fault noted."""
    if place == "where" and operator in ("within", "anniversary"):
        field.fault(
            f"`{operator}` moves with the clock, and a `where` is matched when the event comes in; "
            "use before or after."
        )
        return None
    if isinstance(field.value, dict):
        return _event_value(field, operator, place)
    if operator in ("in", "not_in"):
        return _members(field)
    if operator in ("is", "is_not"):
        return _scalar(field)
    if operator in ("above", "at_least", "below", "at_most"):
        return field.number()
    if operator in ("before", "after"):
        return field.date(zone)
    if operator == "within":
        return field.duration()
    if operator == "exists":
        return field.flag()
    if operator == "anniversary":
        return field.one_of(("today",), "anniversary")
    return _pattern(field, operator)


def count_side(field: Field, *, summed: bool) -> float | None:
    """What a count (a whole number) or a sum is compared with."""
    if isinstance(field.value, dict):
        field.fault("A count is compared with a fixed number; the event's own value cannot stand here.")
        return None
    if summed:
        return field.number()
    return field.whole(least=-math.inf)


def _event_value(field: Field, operator: Operator, place: str) -> EventValue | None:
    entries = field.entries(["event"])
    if "event" not in entries:
        field.fault("Compare with a fixed value, or with the triggering event's as {event: properties.sku}.")
        return None
    path = dotted(entries["event"], "event")
    refusal = _no_event_here(operator, place)
    if refusal:
        field.fault(refusal)
        return None
    return None if path is None else EventValue(path)


def _no_event_here(operator: Operator, place: str) -> str:
    where: dict[str, str] = {
        "segment": "This can never hold: a segment has no triggering event; compare with a fixed value.",
        "where": "A `where` is matched when its event comes in, not when it is asked; "
        "compare with a fixed value.",
    }
    if operator in _FIXED:
        return f"`{operator}` cannot be compared with an event's value; write a fixed one."
    return where.get(place, "")


def _scalar(field: Field) -> Value | None:
    value = field.value
    if value is None:
        field.fault("Nothing to compare with; to ask whether a value is there, write `exists: false`.")
        return None
    if isinstance(value, list):
        field.fault("`is` takes one value; for several write `in: [one, two]` (or `not_in`).")
        return None
    if isinstance(value, float) and not math.isfinite(value):
        field.fault("This number is beyond all numbers; write a finite one.")
        return None
    return cast(Value, value)


def _members(field: Field) -> Value | None:
    parts = field.items()
    if isinstance(field.value, list) and not parts:
        field.fault("The list is empty, so this never depends on anything; name at least one value.")
        return None
    found = [_scalar(part) for part in parts]
    if not parts or None in found:
        return None
    return cast(tuple[bool | int | float | str, ...], tuple(found))


def _pattern(field: Field, operator: Operator) -> Value | None:
    if operator == "contains" and not isinstance(field.value, str):
        return _scalar(field)
    text = field.text()
    if text is not None and operator == "like" and text.count("*") > MOST_STARS:
        field.fault(f"A pattern has at most {MOST_STARS} `*`; simplify it.")
        return None
    return text
