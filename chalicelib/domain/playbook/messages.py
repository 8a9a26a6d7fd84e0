"""Reads messages: what may be said, to whom, where, and what it is worth."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import cast

from chalicelib.domain.conditions.model import Condition
from chalicelib.domain.conditions.parsing import parse_condition
from chalicelib.domain.playbook.channels import COMING, goes_out
from chalicelib.domain.playbook.fields import Field, required
from chalicelib.domain.playbook.model import Kind, Message, Weight
from chalicelib.domain.playbook.names import Names
from chalicelib.domain.playbook.setup import address
from chalicelib.domain.playbook.variants import OWN_LINKS, variants

KINDS = ("offer", "brand", "service")
KEYS = (
    "kind", "topic", "moments", "placements", "channels", "for", "value", "boost", "weights", "goal", "valid",
    "links", "variants", "quiet",
)  # fmt: skip


def messages(field: Field, names: Names, placements: Mapping[str, str]) -> dict[str, Message]:
    """Messages by name; `placements` tells the channel of each."""
    found = {}
    for name, one in field.entries().items():
        entries = one.entries(KEYS)
        message = _message(name, entries, names)
        if isinstance(one.value, dict):
            _check_topic(message, one)
            _check_reach(message, one, entries, placements)
        found[name] = message
    return found


def _message(name: str, entries: dict[str, Field], names: Names) -> Message:
    start, end = _valid(entries.get("valid"), names.zone)
    links = _links(entries.get("links"))
    goal = _condition(entries.get("goal"), names, since=True)
    return Message(
        name=name,
        kind=cast(Kind, _one(entries.get("kind"), KINDS, "kind") or "offer"),
        topic=_one(entries.get("topic"), names.topics, "topic"),
        moments=_some(entries.get("moments"), names.moments, "moment"),
        placements=_some(entries.get("placements"), names.placements, "placement"),
        channels=_channels(entries.get("channels"), names),
        condition=_condition(entries.get("for"), names),
        value=_factor(entries.get("value")),
        boost=_factor(entries.get("boost")),
        weights=_weights(entries.get("weights"), names),
        goal=goal,
        goal_within=int(getattr(goal, "within", 0)),
        valid_from=start,
        valid_until=end,
        links=links,
        variants=variants(entries["variants"], names, links) if "variants" in entries else {},
        quiet_ignore=_one(entries.get("quiet"), ("ignore",), "choice for quiet") == "ignore",
    )


def _one(field: Field | None, names: Collection[str], what: str) -> str:
    return (field.one_of(names, what) or "") if field is not None else ""


def _some(field: Field | None, names: Collection[str], what: str) -> tuple[str, ...]:
    return field.some_of(names, what) if field is not None else ()


def _condition(field: Field | None, names: Names, *, since: bool = False) -> Condition | None:
    if field is None:
        return None
    return parse_condition(field, names.scope.at("since") if since else names.scope)


def _factor(field: Field | None) -> float:
    value = 1.0 if field is None else field.number(0)
    return 1.0 if value is None else float(value)


def _channels(field: Field | None, names: Names) -> tuple[str, ...]:
    """Where a moment may reach the customer, in order of preference."""
    if field is None:
        return ()
    for one in field.items() if isinstance(field.value, list) else ():
        if one.value in COMING and one.value not in names.contacts:
            one.fault(f"`{one.value}` is shown where the customer comes to us; list its placement instead.")
    known = (*names.contacts, *COMING)
    return tuple(name for name in field.some_of(known, "channel") if name in names.contacts)


def _weights(field: Field | None, names: Names) -> tuple[Weight, ...]:
    found = []
    for one in field.items() if field is not None else ():
        entries = one.entries(["when", "times"])
        if not required(entries, ["when", "times"], one, "A weight"):
            continue
        when, times = parse_condition(entries["when"], names.scope), entries["times"].number(0)
        if when is not None and times is not None:
            found.append(Weight(when, float(times)))
    return tuple(found)


def _valid(field: Field | None, zone: str) -> tuple[int, int]:
    if field is None:
        return 0, 0
    entries = field.entries(["from", "until"])
    start = (entries["from"].date(zone) or 0) if "from" in entries else 0
    end = (entries["until"].date(zone) or 0) if "until" in entries else 0
    if start and end and start >= end:
        field.fault("This is never valid: `from` must be before `until`, which is exclusive.")
    return start, end


def _links(field: Field | None) -> dict[str, str]:
    if field is None:
        return {}
    found = {}
    for name, one in field.entries().items():
        if not name.isidentifier() or not name.isascii():
            one.fault(f"`{name}` cannot be used as `link.{name}`; use letters, digits and underscores.")
        if name in OWN_LINKS:
            one.fault(f"`link.{name}` is there without being declared, and leads to our own page; remove it.")
        found[name] = address(one) or ""
    return found


def _check_topic(message: Message, field: Field) -> None:
    going = any(goes_out(channel) for channel in message.channels)
    if message.kind != "service" and going and not message.topic and "topic" not in field.value:
        field.fault("Say what it is about with `topic`; without one nobody can have allowed it.")


def _check_reach(
    message: Message, field: Field, entries: Mapping[str, Field], placements: Mapping[str, str]
) -> None:
    """A message nobody can receive is a mistake."""
    if not any(entries[key].value for key in ("moments", "placements") if key in entries):
        field.fault("Nobody can receive this: name the `moments` it answers or its `placements`.")
        return
    if message.moments and ("channels" not in entries or not entries["channels"].value):
        field.fault("It answers moments, but on no channel: name `channels`, such as [email].")
    channels = {*message.channels, *(placements.get(one, "") for one in message.placements)} - {""}
    if channels and not channels & message.said_on:
        names = ", ".join(f"`{channel}`" for channel in sorted(channels))
        field.fault(f"Nobody can receive this: no variant has content for any of {names}.")
