"""Makes a playbook version ready to run: conditions compiled once, messages indexed by what asks them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

from msgspec.structs import replace

from chalicelib.domain.conditions.features import features_in, is_timed, merged, needs, parts
from chalicelib.domain.conditions.model import All, AtPlace, Condition, Feature, InSegment
from chalicelib.domain.conditions.module import Module
from chalicelib.domain.conditions.source import Compiler
from chalicelib.domain.playbook.model import Message, Moment, Playbook
from chalicelib.domain.rules import Check, MessageRules, MomentRules, Rules

Key = TypeVar("Key")
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Prepared:
    """What takes long to work out of a playbook, and can be kept beside it.

    `names` are the functions of its conditions, in the order of `conditions_in`; `wheres` those of the features'
    `where`, "" for none.
    """

    module: Module
    names: tuple[str, ...]
    features: tuple[Feature, ...]
    wheres: tuple[str, ...]
    fingerprint: str


def prepare(playbook: Playbook) -> Prepared:
    """The conditions as one module, and what they need."""
    compiler = Compiler()
    needed = merged(one for condition in conditions_in(playbook) for one in features_in(condition))
    features = tuple(needed.values())
    names = tuple(compiler.add(condition) for condition in conditions_in(playbook))
    wheres = tuple(compiler.add(All(one.where)) if one.where else "" for one in features)
    fingerprint = needs(features, playbook.segments)
    return Prepared(compiler.module(), names, features, wheres, fingerprint)


def compile_playbook(playbook: Playbook, version: int, prepared: Prepared | None = None) -> Rules:
    """The rules of a checked playbook; what was prepared of the same playbook is not worked out again."""
    prepared = prepared or prepare(playbook)
    checks = _Checks(playbook, prepared)
    features = {one.key: one for one in prepared.features}
    moments = {name: checks.moment(moment) for name, moment in playbook.moments.items()}
    messages = {name: checks.message(message) for name, message in playbook.messages.items()}
    return Rules(
        version=version,
        playbook=playbook,
        features=features,
        features_by_event=_grouped((one.event, (one, checks.where(one))) for one in features.values()),
        segments={name: checks.of(playbook.segments[name]) for name in segment_order(playbook.segments)},
        by_event=_grouped((one.moment.event, one) for one in moments.values() if one.moment.kind == "event"),
        by_segment=_grouped(
            ((one.moment.segment, one.moment.kind), one)
            for one in moments.values()
            if one.moment.kind != "event"
        ),
        moments=moments,
        messages=messages,
        by_moment=_grouped((moment, one) for one in messages.values() for moment in one.message.moments),
        by_placement=_grouped((place, one) for one in messages.values() for place in one.message.placements),
        suppress=tuple((one.topic, checks.of(one.audience)) for one in playbook.policies.suppress),
        fingerprint=prepared.fingerprint,
        timed=tuple(_timed(playbook.segments.values())),
    )


def _timed(conditions: Iterable[Condition]) -> Iterator[tuple[Condition, bool]]:
    for condition in conditions:
        asked = list(parts(condition))
        places = any(isinstance(one, AtPlace) for one in asked)
        if places or any(map(is_timed, asked)):
            yield condition, places


class _Checks:
    """The compiled functions, by the conditions they answer: the playbook's own, not others that equal them."""

    def __init__(self, playbook: Playbook, prepared: Prepared) -> None:
        functions = prepared.module.functions()
        named = zip(conditions_in(playbook), prepared.names, strict=True)
        self._functions = {id(condition): functions[name] for condition, name in named}
        answered = zip(prepared.features, prepared.wheres, strict=True)
        self._wheres = {feature.key: functions[name] for feature, name in answered if name}

    def of(self, condition: Condition) -> Check:
        return self._functions[id(condition)]

    def maybe(self, condition: Condition | None) -> Check | None:
        return None if condition is None else self.of(condition)

    def where(self, feature: Feature) -> Check | None:
        return self._wheres.get(feature.key)

    def moment(self, moment: Moment) -> MomentRules:
        return MomentRules(moment, self.maybe(moment.when), self.maybe(moment.unless))

    def message(self, message: Message) -> MessageRules:
        weights = tuple((self.of(weight.when), weight.times) for weight in message.weights)
        check, goal = self.maybe(message.condition), self.maybe(message.goal)
        said_on = message.said_on
        if not said_on.issuperset(message.channels):
            message = replace(message, channels=tuple(one for one in message.channels if one in said_on))
        return MessageRules(message, check, weights, goal, message.goal_within)


def conditions_in(playbook: Playbook) -> Iterator[Condition]:
    """Every condition of the playbook, whole."""
    yield from playbook.segments.values()
    for moment in playbook.moments.values():
        yield from (one for one in (moment.when, moment.unless) if one is not None)
    for message in playbook.messages.values():
        yield from (one for one in (message.condition, message.goal) if one is not None)
        yield from (weight.when for weight in message.weights)
    yield from (one.audience for one in playbook.policies.suppress)


def segment_order(segments: Mapping[str, Condition]) -> tuple[str, ...]:
    """The segments, each after those it refers to; one that refers to itself in a circle is left out."""
    needs = {
        name: [other for other in segments_named(condition) if other in segments]
        for name, condition in segments.items()
    }
    sorter = TopologicalSorter(needs)
    with suppress(CycleError):  # what is in no circle can still be ordered
        sorter.prepare()
    order: list[str] = []
    while sorter.is_active() and (ready := sorter.get_ready()):
        order += ready
        sorter.done(*ready)
    return tuple(order)


def segments_named(condition: Condition) -> set[str]:
    """The segments a condition refers to."""
    return {one.segment for one in parts(condition) if isinstance(one, InSegment)}


def _grouped(pairs: Iterable[tuple[Key, Item]]) -> dict[Key, tuple[Item, ...]]:
    groups: dict[Key, list[Item]] = {}
    for key, item in pairs:
        groups.setdefault(key, []).append(item)
    return {key: tuple(items) for key, items in groups.items()}
