"""Builds conditions and subjects from the plain JSON of the case tables."""

from __future__ import annotations

import json
import re
from typing import Any

from chalicelib.domain.conditions import dates
from chalicelib.domain.conditions.features import features_in, merged
from chalicelib.domain.conditions.interpreting import holds
from chalicelib.domain.conditions.model import All, Condition
from chalicelib.domain.conditions.parsing import Scope, parse_condition
from chalicelib.domain.conditions.source import Compiler
from chalicelib.domain.playbook.fields import Field, Notes
from chalicelib.domain.playbook.reading import read
from chalicelib.domain.profile import Activity, FeatureState
from chalicelib.domain.rules import Check, Subject

NOW = 1_800_000_000_000  # 2027-01-15T08:00:00Z
UNITS = {"ms": 1, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
SCOPE = Scope(
    segments=("loyal", "other"),
    topics=("offers", "news"),
    channels=("email", "sms"),
    messages=("umbrella_offer", "sun_offer"),
    zone="America/Chicago",
)


def length(text: str) -> int:
    """`6d` or `3d+1m` in ms."""
    return sum(
        int(number) * UNITS[unit] * (-1 if sign == "-" else 1)
        for sign, number, unit in re.findall(r"([+-]?)([0-9]+)(ms|[mhd])", text)
    )


def condition_of(data: Any, scope: Scope = SCOPE) -> Condition:
    """A condition from its JSON, which is YAML too."""
    notes = Notes()
    root, faults = read(json.dumps(data))
    assert root is not None and not faults
    condition = parse_condition(Field(root, "", notes), scope)
    assert condition is not None, notes.faults
    return condition


def compiled(condition: Condition) -> Check:
    """The compiled check of one condition."""
    compiler = Compiler()
    name = compiler.add(condition)
    return compiler.build()[name]


def subject_of(data: dict[str, Any], condition: Condition) -> Subject:
    """A subject: times are given as how long ago, events as [name, ago, properties]."""
    now = dates.instant(data["now"], "UTC") if "now" in data else NOW
    assert now is not None
    happened = [(name, now - length(ago), properties) for name, ago, properties in data.get("events", [])]
    return Subject(
        now=now,
        traits=data.get("traits", {}),
        context=data.get("context", {}),
        event=data.get("event", {}),
        activity=_activity(happened),
        features=_features(happened, condition),
        segments=frozenset(data.get("segments", [])),
        scores=data.get("scores", {}),
        permissions={
            (name.split("/")[0], name.split("/")[1]): state
            for name, state in data.get("permissions", {}).items()
        },
        received={name: now - length(ago) for name, ago in data.get("received", {}).items()},
        place=data.get("place", ""),
        zone=data.get("zone", "UTC"),
        since=now - length(data["since"]) if "since" in data else 0,
    )


Happened = list[tuple[str, int, dict[str, Any]]]


def _activity(happened: Happened) -> dict[str, Activity]:
    found: dict[str, Activity] = {}
    for name, at, _ in happened:
        known = found.setdefault(name, Activity(0, at, at))
        found[name] = Activity(known.total + 1, min(known.first, at), max(known.last, at))
    return found


def _features(happened: Happened, condition: Condition) -> dict[str, FeatureState]:
    """What facts would keep, no more than the feature asks for."""
    states: dict[str, FeatureState] = {}
    for feature in merged(features_in(condition)).values():
        state = states[feature.key] = FeatureState()
        for name, at, properties in sorted(happened, key=lambda one: one[1]):
            subject = Subject(now=at, event={"properties": properties})
            if name != feature.event or not holds(All(feature.where), subject):
                continue
            if feature.total:
                amount = round(properties[feature.total] * 1_000_000)
                state.points[at - at % 60_000] = state.points.get(at - at % 60_000, 0) + amount
                state.total += amount
            else:
                state.times = [*state.times, (at, str(at))][-feature.keep :]
    return states
