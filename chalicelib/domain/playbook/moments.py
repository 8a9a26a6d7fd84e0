"""Reads moments: when to consider acting."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.domain.conditions.model import Condition
from chalicelib.domain.conditions.parsing import parse_condition
from chalicelib.domain.conditions.right_sides import dotted
from chalicelib.domain.playbook.fields import Field, required
from chalicelib.domain.playbook.model import Moment
from chalicelib.domain.playbook.names import Names

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LONGEST_MONTH = 31
HELD = ("when", "hold", "unless")
KINDS = ("event", "enters", "leaves", "idle", "date", "every")


def moments(field: Field, names: Names) -> dict[str, Moment]:
    """Moments by name."""
    found = {}
    for name, one in field.entries().items():
        moment = _moment(name, one, names)
        if moment is not None:
            found[name] = moment
    return found


def _moment(name: str, field: Field, names: Names) -> Moment | None:
    kinds = [kind for kind in KINDS if isinstance(field.value, dict) and kind in field.value]
    if len(kinds) != 1:
        field.fault(f"A moment says when with exactly one of {', '.join(f'`{kind}`' for kind in KINDS)}.")
        return None
    kind = kinds[0]
    if kind in _LATER:
        _LATER[kind](field)
        if "audience" in field.value:
            parse_condition(field.entries()["audience"], names.scope)
        field.fault(f"Moments of the kind `{kind}` do not run yet; remove this one for now.")
        return None
    entries = field.entries([kind, *HELD])
    return _running(name, kind, entries, names)


def _running(name: str, kind: str, entries: dict[str, Field], names: Names) -> Moment | None:
    hold = (entries["hold"].duration() or 0) if "hold" in entries else 0
    when = _condition(entries, "when", names)
    unless = _condition(entries, "unless", names)
    if "unless" in entries and "hold" not in entries:
        entries["unless"].fault("`unless` looks at what happens while it waits; add `hold: 1h` or the like.")
    if kind == "event":
        event = entries["event"].text()
        return None if event is None else Moment(name, "event", event, "", when, hold, unless)
    segment = entries[kind].one_of(names.segments, "segment")
    if segment is None:
        return None
    return Moment(name, "enters" if kind == "enters" else "leaves", "", segment, when, hold, unless)


def _condition(entries: dict[str, Field], key: str, names: Names) -> Condition | None:
    if key not in entries:
        return None
    scope = names.scope.at("since") if key == "unless" else names.scope
    return parse_condition(entries[key], scope)


def _idle(field: Field) -> None:
    field.entries(["idle"])["idle"].duration()


def _date(field: Field) -> None:
    entries = field.entries(["date", "lead", "at"])
    path = dotted(entries["date"], "trait")
    if path is not None and not path.startswith("traits."):
        entries["date"].fault(f"A date is one of the customer's traits; did you mean `traits.{path}`?")
    if "lead" in entries:
        entries["lead"].duration()
    if "at" in entries:
        entries["at"].clock()


def _every(field: Field) -> None:
    entries = field.entries(["every", "day", "at", "audience"])
    every = entries["every"].one_of(("day", "week", "month"), "rhythm")
    if every == "week" and required(entries, ["day"], field, "A weekly moment"):
        entries["day"].one_of(DAYS, "day")
    if every == "month" and required(entries, ["day"], field, "A monthly moment"):
        _check_month_day(entries["day"])
    if "at" in entries:
        entries["at"].clock()


def _check_month_day(field: Field) -> None:
    if (field.whole(1) or 1) > LONGEST_MONTH:
        field.fault("A month has at most 31 days.")


_LATER: dict[str, Callable[[Field], None]] = {"idle": _idle, "date": _date, "every": _every}
