"""The messages of a moment or placement, arranged so that deciding need not look at each of them.

Messages that reach the customer in the same way (topic, channels, service or not) form a group: one answer rules
out all of it. Inside a group, a message whose condition demands one exact value (`{trait: plan, is: gold}`, a
segment, a place) is found by that value; only what remains is looked at one by one. What is never looked at is
still counted, by its reason.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib.domain.conditions.comparing import number, reach, spread
from chalicelib.domain.conditions.model import All, AtPlace, Compare, Condition, InSegment
from chalicelib.domain.playbook.model import Suppress
from chalicelib.domain.reads import Reads, reads_of
from chalicelib.domain.rules import Check, MessageRules, Rules, Subject

WayKey = tuple[str, tuple[str, ...], bool]
"""What the way to the customer depends on: topic, channels in order, whether it is a service message."""

Entry = tuple[int, MessageRules]
"""A message and its place among those of the plan, which is that in the playbook."""

Trait = tuple[str, tuple[str, ...]]
"""Where a demanded value stands: source (trait, context, event, segment, place) and path."""


@dataclass(slots=True)
class Group:
    """Messages with one way. `found_by` leads from a source and a value there to those that demand it."""

    key: WayKey
    entries: tuple[Entry, ...]
    names: frozenset[str]
    always: list[Entry] = field(default_factory=list)
    found_by: dict[Trait, dict[str, list[Entry]]] = field(default_factory=dict)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    def candidates(self, subject: Subject) -> Iterable[Entry]:
        """Those whose demanded value is there, and all that demand none; others can't be for the customer."""
        if not self.found_by:
            return self.entries
        found = list(self.always)
        for trait, table in self.found_by.items():
            values = _values(trait, subject)
            if len(values) == 1:
                found += table.get(values[0], ())
            elif values:
                found += {entry[0]: entry for one in values for entry in table.get(one, ())}.values()
        return found

    def out_of_date(self, now: int) -> tuple[int, int]:
        """How many are not valid yet, and how many no more."""
        if not self.starts and not self.ends:
            return 0, 0
        return len(self.starts) - bisect_right(self.starts, now), bisect_right(self.ends, now)


@dataclass(frozen=True, slots=True)
class Plan:
    """A moment's or placement's messages. `channel` is the placement's, "" for a moment.

    `checks` are all conditions that deciding may ask, each once, in a fixed order; `reads` is what they look at.
    `partly` are the messages some of whose variants say nothing on a channel that others do.
    """

    channel: str
    entries: tuple[Entry, ...]
    groups: tuple[Group, ...]
    checks: tuple[Check, ...]
    reads: Reads
    partly: frozenset[str] = frozenset()

    def way_of(self, rules: MessageRules) -> WayKey:
        """The way the message would take."""
        message = rules.message
        channels = (self.channel,) if self.channel else message.channels
        return (message.topic, channels, message.kind == "service")


def plan_for(rules: Rules, placement: str, moment: str) -> Plan:
    """The plan of a placement, or else of a moment; made when it is first asked for."""
    key = (placement, moment)
    plan = rules.plans.get(key)
    if plan is None:
        found = rules.by_placement.get(placement, ()) if placement else rules.by_moment.get(moment, ())
        channel = rules.playbook.placements.get(placement, "") if placement else ""
        plan = rules.plans[key] = _plan(found, channel, rules)
    return plan


def _plan(messages: Sequence[MessageRules], channel: str, rules: Rules) -> Plan:
    entries = tuple(enumerate(messages))
    topics = {one.message.topic for one in messages}
    suppress = [(rule.audience, check) for rule, (topic, check) in _rules_of(rules) if topic in topics]
    checks = dict.fromkeys(check for one in messages for check in _asked(one))
    checks.update(dict.fromkeys(check for _, check in suppress))
    conditions = [condition for one in messages for condition in _conditions(one)]
    reads = reads_of([*conditions, *(audience for audience, _ in suppress)])
    plan = Plan(channel, entries, (), tuple(checks), reads)
    groups: dict[WayKey, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(plan.way_of(entry[1]), []).append(entry)
    made = tuple(_group(key, found) for key, found in groups.items())
    partly = frozenset(one.message.name for one in messages if _says_partly(one, channel))
    return Plan(channel, entries, made, plan.checks, reads, partly)


def _says_partly(rules: MessageRules, channel: str) -> bool:
    said_on = [variant.said_on for variant in rules.message.variants.values()]
    channels = (channel,) if channel else rules.message.channels
    return not all(one in said for said in said_on for one in channels) or not said_on


def _rules_of(rules: Rules) -> Iterator[tuple[Suppress, tuple[str, Check]]]:
    return zip(rules.playbook.policies.suppress, rules.suppress, strict=True)


def _asked(rules: MessageRules) -> Iterator[Check]:
    if rules.check is not None:
        yield rules.check
    yield from (check for check, _ in rules.weights)


def _conditions(rules: MessageRules) -> Iterator[Condition | None]:
    yield rules.message.condition
    yield from (weight.when for weight in rules.message.weights)


def _group(key: WayKey, entries: Sequence[Entry]) -> Group:
    group = Group(key, tuple(entries), frozenset(one.message.name for _, one in entries))
    demands = {at: list(_demands(one.message.condition)) for at, one in entries}
    telling = _distinct_values(demands.values())
    for at, one in entries:
        best = max(demands[at], key=lambda demand: telling[demand[0]], default=None)
        if best is None:
            group.always.append((at, one))
            continue
        table = group.found_by.setdefault(best[0], {})
        for value in best[1]:
            table.setdefault(value, []).append((at, one))
    group.starts = sorted(one.message.valid_from for _, one in entries if one.message.valid_from)
    group.ends = sorted(one.message.valid_until for _, one in entries if one.message.valid_until)
    return group


Demand = tuple[Trait, tuple[str, ...]]
"""Where a value must stand, and those of which it must be one."""


def _demands(condition: Condition | None) -> Iterator[Demand]:
    """The exact values without which the condition is false."""
    match condition:
        case All():
            for part in condition.of:
                yield from _demands(part)
        case InSegment():
            yield ("segment", ()), (condition.segment,)
        case AtPlace():
            yield ("place", ()), (condition.place,)
        case Compare(source="trait" | "context" | "event", operator="is" | "in"):
            values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
            texts = tuple(
                dict.fromkeys(one for one in values if isinstance(one, str) and number(one) is None)
            )
            if len(texts) == len(set(values)):  # a number in words equals the number, too
                yield (condition.source, tuple(condition.path.split("."))), texts
        case _:
            pass


def _distinct_values(demands: Iterable[Sequence[Demand]]) -> Mapping[Trait, int]:
    """How many different values are demanded at each place: the more, the fewer messages share one."""
    found = {(trait, value) for several in demands for trait, values in several for value in values}
    return Counter(trait for trait, _ in found)


def _values(trait: Trait, subject: Subject) -> list[str]:
    """The texts at the place, each once."""
    source, path = trait
    if source == "segment":
        return list(subject.segments)
    if source == "place":
        return [subject.place]
    root = subject.traits if source == "trait" else subject.context if source == "context" else subject.event
    value = root.get(path[0])
    if len(path) > 1:
        value = reach(value, path[1:])
    if isinstance(value, str):
        return [value]
    if isinstance(value, list | tuple):
        return list(dict.fromkeys(one for one in spread(value) if isinstance(one, str)))
    return []
