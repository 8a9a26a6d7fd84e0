"""Makes a playbook version ready to run: conditions compiled once, messages indexed by what asks them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

from msgspec.structs import replace

from chalicelib.domain.conditions.features import features_in, merged, needs, parts
from chalicelib.domain.conditions.model import All, Condition, Feature, InSegment
from chalicelib.domain.conditions.source import Compiler
from chalicelib.domain.playbook.model import Message, Moment, Playbook
from chalicelib.domain.rules import Check, MessageRules, MomentRules, Rules

Key = TypeVar("Key")
Item = TypeVar("Item")


def compile_playbook(playbook: Playbook, version: int) -> Rules:
    """The rules of a checked playbook."""
    compiler = Compiler()
    features = merged(one for condition in conditions_in(playbook) for one in features_in(condition))
    for condition in conditions_in(playbook):
        compiler.add(condition)
    for feature in features.values():
        if feature.where:
            compiler.add(All(feature.where))
    checks = _Checks(compiler)
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
        fingerprint=needs(features.values(), playbook.segments),
    )


class _Checks:
    """The compiled functions, by the conditions they answer."""

    def __init__(self, compiler: Compiler) -> None:
        self._compiler = compiler
        self._functions = compiler.build()

    def of(self, condition: Condition) -> Check:
        return self._functions[self._compiler.add(condition)]

    def maybe(self, condition: Condition | None) -> Check | None:
        return None if condition is None else self.of(condition)

    def where(self, feature: Feature) -> Check | None:
        return self.of(All(feature.where)) if feature.where else None

    def moment(self, moment: Moment) -> MomentRules:
        return MomentRules(moment, self.maybe(moment.when), self.maybe(moment.unless))

    def message(self, message: Message) -> MessageRules:
        weights = tuple((self.of(weight.when), weight.times) for weight in message.weights)
        check, goal = self.maybe(message.condition), self.maybe(message.goal)
        message = replace(message, channels=tuple(one for one in message.channels if one in message.said_on))
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
