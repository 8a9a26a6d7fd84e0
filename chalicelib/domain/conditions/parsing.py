"""Reads conditions from a playbook and checks them: every form of the playbook page, all faults found."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Literal

from chalicelib.domain.conditions.features import with_feature
from chalicelib.domain.conditions.impossible import never_holds
from chalicelib.domain.conditions.model import (
    All,
    Any_,
    AtPlace,
    Compare,
    Condition,
    Did,
    InSegment,
    Not,
    Operator,
    Permitted,
    Received,
)
from chalicelib.domain.conditions.right_sides import COMPARISONS, COUNTS, count_side, dotted, right_side
from chalicelib.domain.playbook.fields import Field

#: Contacts are remembered so long.
CONTACTS_KEPT = 90 * 86_400_000
#: More times than this are not kept, so that profiles stay small.
MOST_COUNTED = 1000
PERMISSION_STATES = ("granted", "denied", "pending", "never")
Source = Literal["trait", "context", "event", "score", "property"]
SOURCES: tuple[Source, ...] = ("trait", "context", "event", "score")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a condition may name, and where it stands.

    `place` is `segment` (no moment to look at), `since` (an `unless` or goal, asked from a moment on),
    `where` (events are matched as they come in), or "" for anywhere else.
    """

    segments: Collection[str] = ()
    topics: Collection[str] = ()
    channels: Collection[str] = ()
    messages: Collection[str] = ()
    zone: str = "UTC"
    place: Literal["", "segment", "since", "where"] = ""

    def at(self, place: Literal["", "segment", "since", "where"]) -> Scope:
        """The same names, standing elsewhere."""
        return replace(self, place=place)


def parse_condition(field: Field, scope: Scope) -> Condition | None:
    """The condition, or None with at least one fault noted."""
    if not isinstance(field.value, dict):
        field.fault("A condition is a mapping, such as {trait: plan, is: gold}.")
        return None
    heads = [key for key in field.value if key in FORMS]
    if len(heads) != 1:
        _wrong_heads(field, heads)
        return None
    condition = FORMS[heads[0]](field, scope)
    reason = never_holds(condition) if condition is not None else ""
    if reason:
        field.fault(reason)
        return None
    return condition


def _wrong_heads(field: Field, heads: list[str]) -> None:
    if heads:
        names = " and ".join(f"`{head}`" for head in heads)
        field.fault(f"One condition cannot be {names} at once; put several into `all` or `any`.")
        return
    first = next(iter(field.value), "")
    asked = field.notes.suggest(first, list(FORMS)) if first else "it is empty."
    field.fault(f"This says nothing to look at, such as `trait`, `did` or `segment`; {asked}")


def _group(field: Field, scope: Scope) -> Condition | None:
    head = "all" if "all" in field.value else "any"
    inside = field.entries([head])[head]
    parts = inside.items("a list of conditions")
    found = [parse_condition(part, scope) for part in parts]
    if not parts and isinstance(inside.value, list):
        inside.fault(f"`{head}` of nothing says nothing; list conditions or remove it.")
    if not parts or None in found:
        return None
    of = tuple(part for part in found if part is not None)
    return All(of) if head == "all" else Any_(of)


def _not(field: Field, scope: Scope) -> Condition | None:
    inside = parse_condition(field.entries(["not"])["not"], scope)
    return None if inside is None else Not(inside)


def _comparison(source: Source) -> Callable[[Field, Scope], Condition | None]:
    def read(field: Field, scope: Scope) -> Condition | None:
        if scope.place == "segment" and source in ("event", "context"):
            field.fault(
                f"This can never hold: a segment has no moment, so no `{source}` to look at; "
                "put it into the message's `for` or the moment's `when`."
            )
        return _whole(comparisons(field, source, scope))

    return read


def comparisons(field: Field, source: Source, scope: Scope) -> list[Compare]:
    """One comparison for each operator; none, with a fault noted, if anything is wrong."""
    entries = field.entries([source, *COMPARISONS])
    path = entries[source].text() if source == "score" else dotted(entries[source], source)
    used = [name for name in COMPARISONS if name in entries]
    if not used:
        field.fault(f"Say how `{source}` compares, such as `is: gold` or `exists: true`.")
    sides = [(name, right_side(entries[name], name, scope.zone, scope.place)) for name in used]
    if path is None or any(side is None for _, side in sides):
        return []
    dated = ("before", "after", "within")
    return [
        Compare(source, path, name, side, scope.zone if name in dated else "")
        for name, side in sides
        if side is not None
    ]


def _whole(found: list[Compare] | list[Did]) -> Condition | None:
    return All(tuple(found)) if len(found) > 1 else found[0] if found else None


def _did(field: Field, scope: Scope) -> Condition | None:
    entries = field.entries(["did", "where", "within", "total", *COUNTS])
    event = entries["did"].text()
    where = _where(entries["where"], scope) if "where" in entries else ()
    within = entries["within"].duration() if "within" in entries else 0
    total = dotted(entries["total"], "property") if "total" in entries else ""
    used: list[tuple[Operator, float | None]] = [
        (name, count_side(entries[name], summed="total" in entries)) for name in COUNTS if name in entries
    ]
    if total and not used:
        field.fault("Say what the total compares with, such as `above: 100`.")
    if event is None or where is None or within is None or total is None:
        return None
    found = []
    for operator, value in used or [("at_least", 1)]:
        if value is None or (total and not used):
            return None
        did = with_feature(Did(event, where, operator, value, within, total), since=scope.place == "since")
        if did.feature and not total and value > MOST_COUNTED:
            field.fault(f"At most {MOST_COUNTED} can be counted here; write a smaller number.")
        found.append(did)
    return _whole(found)


def _where(field: Field, scope: Scope) -> tuple[Compare, ...] | None:
    found: list[Compare] = []
    complete = isinstance(field.value, list)
    for part in field.items("a list of comparisons"):
        if not isinstance(part.value, dict) or "property" not in part.value:
            part.fault("A `where` looks at properties, such as {property: category, is: hats}.")
            complete = False
            continue
        more = comparisons(part, "property", scope.at("where"))
        complete = complete and bool(more)
        found += more
    return tuple(found) if complete else None


def _segment(field: Field, scope: Scope) -> Condition | None:
    name = field.entries(["segment"])["segment"].one_of(scope.segments, "segment")
    return None if name is None else InSegment(name)


def _permission(field: Field, scope: Scope) -> Condition | None:
    entries = field.entries(["permission", "topic", "is", "is_not"])
    channel = entries["permission"].one_of(scope.channels, "channel")
    topic = entries["topic"].one_of(scope.topics, "topic") if "topic" in entries else None
    used: list[Operator] = [name for name in ("is", "is_not") if name in entries]
    if "topic" not in entries:
        field.fault("Say for which topic, such as `topic: offers`.")
    if len(used) != 1:
        field.fault("Say which state, with one of `is` and `is_not`, such as `is: granted`.")
        return None
    state = entries[used[0]].one_of(PERMISSION_STATES, "permission state")
    if channel is None or topic is None or state is None:
        return None
    return Permitted(channel, topic, used[0], state)


def _place(field: Field, _scope: Scope) -> Condition | None:
    inside = field.entries(["place"])["place"]
    place = inside.text()
    if place is not None and not all(part.isascii() and part.isalnum() for part in place.lower().split("-")):
        inside.fault("A place is country, region and city in lower case with hyphens, such as us-ks-topeka.")
        return None
    if place is not None and place != place.lower():
        inside.fault(f"Places are in lower case; did you mean `{place.lower()}`?")
    return None if place is None else AtPlace(place)


def _received(field: Field, scope: Scope) -> Condition | None:
    entries = field.entries(["received", "within"])
    message = entries["received"].one_of(scope.messages, "message")
    within = entries["within"].duration() if "within" in entries else 0
    if within is not None and within > CONTACTS_KEPT:
        entries["within"].fault("Contacts are remembered for 90 days; write at most 90d.")
    return None if message is None or within is None else Received(message, within)


FORMS: dict[str, Callable[[Field, Scope], Condition | None]] = {
    "all": _group,
    "any": _group,
    "not": _not,
    **{source: _comparison(source) for source in SOURCES},
    "did": _did,
    "segment": _segment,
    "permission": _permission,
    "place": _place,
    "received": _received,
}
