"""Folding events into facts, and joining the facts of two profiles.

Every part is a fold of the *set* of events (idea 2 of the design): traits, place, zone and stops keep the
latest stamp; counts are counts of distinct events; features keep the latest N times with ids, or integer
sums; first and last are min and max. So order, repetition and grouping do not matter.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from chalicelib.domain import permissions
from chalicelib.domain.addresses import SOFT_DAYS
from chalicelib.domain.conditions.model import Feature
from chalicelib.domain.events import Event
from chalicelib.domain.identifiers import phone_told
from chalicelib.domain.keys import short_id
from chalicelib.domain.phones import lands_of
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.profile import Activity, Facts, FeatureState, Profile, Stamped
from chalicelib.domain.rules import Rules, Subject
from chalicelib.domain.seen import join_seen, knows, remember
from chalicelib.domain.spending import spent_by
from chalicelib.domain.sums import add_value, join_sums, millionths
from chalicelib.domain.timelines import joined_timelines

MOST_NAMES = 200
MOST_TRAITS = 150
LONGEST_NAME = 100
LARGEST_TRAIT = 1024
"""Bytes of JSON. The timeline keeps what is larger; a profile has to fit one item whatever clients send."""
DAY = 86_400_000
OTHER = "other"
#: Traits that are addresses: a proven value is never replaced by an unproven one.
ADDRESSES = frozenset({"email", "phone"})
UNCOUNTED = frozenset({"identify", "group", "alias"})
STOPPING = {"Email Bounced": "bounced", "Sms Bounced": "bounced", "Email Marked as Spam": "complained"}


def fold(profile: Profile, event: Event, rules: Rules) -> bool:
    """Take one event into the profile's facts, in place; False if it was folded before."""
    if knows(profile.seen, event):
        return False
    remember(profile.seen, event)
    if event.by_machine:
        return True
    facts = profile.facts
    _fold_traits(facts, event, rules.playbook)
    _fold_context(facts, event)
    _fold_stops(facts, event)
    permissions.fold(facts, event)
    if event.type not in UNCOUNTED and not event.event.startswith("Topeka "):
        _count(facts, event)
        facts.spent += spent_by(event)
        fold_features(facts, event, rules)
    if event.origin in ("client", "operator"):
        facts.first = min(facts.first or event.timestamp, event.timestamp)
        facts.last = max(facts.last, event.timestamp)
    return True


def later(a: Stamped | None, b: Stamped | None) -> Stamped | None:
    """The one that stands: the later time, then the greater message id, then the greater value."""
    if a is None or b is None:
        return a or b
    if (a.at, a.message_id) != (b.at, b.message_id):
        return a if (a.at, a.message_id) > (b.at, b.message_id) else b
    return max(a, b, key=_stamp)


def _stamp(one: Stamped) -> tuple[int, str, bytes]:
    return (one.at, one.message_id, msgspec.json.encode(one.value, order="deterministic"))


def stronger_address(a: Stamped | None, b: Stamped | None) -> Stamped | None:
    """For addresses, proof comes before time."""
    if a is None or b is None:
        return a or b
    return max(a, b, key=lambda one: (one.proven, *_stamp(one)))


def _fold_traits(facts: Facts, event: Event, playbook: Playbook) -> None:
    """Traits as they were sent; a phone number in the form of its identifier, so that one has one written form."""
    if event.type != "identify":
        return
    inner = event.context.get("traits")
    sent = {**(inner if isinstance(inner, dict) else {}), **event.traits}
    if "phone" in sent:
        sent["phone"] = phone_told(sent["phone"], playbook, partial(lands_of, event, playbook))
    for name, value in sent.items():
        if len(name) > LONGEST_NAME or len(msgspec.json.encode(value)) > LARGEST_TRAIT:
            continue
        proven = event.proven and name in ADDRESSES
        stamped = Stamped(value, event.timestamp, event.message_id, proven)
        keep = stronger_address if name in ADDRESSES else later
        kept = keep(facts.traits.get(name), stamped)
        if kept is not None:
            facts.traits[name] = kept
    _fit_traits(facts.traits)


def _fit_traits(traits: dict[str, Stamped]) -> None:
    """Keep addresses and 150 others, the first in alphabetical order: a rule that no order changes."""
    if len(traits) > MOST_TRAITS:
        for name in sorted(traits.keys() - ADDRESSES)[MOST_TRAITS:]:
            del traits[name]


def _fold_context(facts: Facts, event: Event) -> None:
    if event.origin not in ("client", "operator"):
        return
    for name in ("location", "timezone", "locale"):
        value = event.context.get(name)
        if isinstance(value, dict if name == "location" else str) and value:
            stamped = Stamped(value, event.timestamp, event.message_id)
            setattr(facts, name, later(getattr(facts, name), stamped))


def _fold_stops(facts: Facts, event: Event) -> None:
    reason = STOPPING.get(event.event)
    address = event.properties.get("address")
    if reason is None or event.origin != "topeka" or not isinstance(address, str):
        return
    if reason == "bounced" and event.properties.get("type") != "Permanent":
        days = {*facts.soft.get(address, ()), event.timestamp // DAY}
        facts.soft[address] = sorted(days)[-SOFT_DAYS:]
        return
    stamped = Stamped(reason, event.timestamp, event.message_id)
    kept = later(facts.stops.get(address), stamped)
    if kept is not None:
        facts.stops[address] = kept


def _count(facts: Facts, event: Event) -> None:
    title = event.title if len(event.title) <= LONGEST_NAME else OTHER
    known = facts.activity.get(title)
    at = event.timestamp
    if known is None:
        facts.activity[title] = Activity(1, at, at)
        _fit_names(facts.activity)
    else:
        known.total += 1
        known.first = min(known.first, at)
        known.last = max(known.last, at)


def _fit_names(activity: dict[str, Activity]) -> None:
    """Keep 200 names, the first in alphabetical order, and the rest as `other`: a rule that no order changes."""
    while len(activity) - (OTHER in activity) > MOST_NAMES:
        name = max(name for name in activity if name != OTHER)
        gone = activity.pop(name)
        rest = activity.get(OTHER)
        activity[OTHER] = gone if rest is None else _together(rest, gone)


def _together(a: Activity, b: Activity) -> Activity:
    return Activity(a.total + b.total, min(a.first, b.first), max(a.last, b.last))


def fold_features(facts: Facts, event: Event, rules: Rules, only: Container[str] | None = None) -> None:
    """Take an event into the features that ask for it (`only` those of these keys), in place."""
    wanted = rules.features_by_event.get(event.title)
    if not wanted:
        return
    subject: Subject | None = None
    for feature, check in wanted:
        if only is not None and feature.key not in only:
            continue
        if check is not None:
            subject = subject or Subject(now=event.timestamp, event=event_view(event))
            if not check(subject):
                continue
        _take_feature(facts, feature, event)


def _take_feature(facts: Facts, feature: Feature, event: Event) -> None:
    state = facts.features.get(feature.key) or FeatureState()
    state.kept = kept_for(feature)
    if feature.total:
        value = millionths(_at_path(event.properties, feature.total))
        if value is None:
            return
        add_value(state, event.timestamp, value, feature.within)
    else:
        state.times = latest([*state.times, (event.timestamp, short_id(event.message_id))], feature.keep)
    facts.features[feature.key] = state


def latest(times: Sequence[tuple[int, str]], keep: int) -> list[tuple[int, str]]:
    """The latest `keep` distinct (time, short id), ascending."""
    return sorted({(at, key) for at, key in times})[-keep:]


def _at_path(values: Mapping[str, Any], path: str) -> object:
    here: Any = values
    for step in path.split("."):
        here = here.get(step) if isinstance(here, dict) else None
    return here


def event_view(event: Event) -> dict[str, Any]:
    """The event as conditions and templates see it: Segment's names, `properties`, `context`, `event`."""
    view: dict[str, Any] = msgspec.to_builtins(event)
    view["event"] = event.title
    return view


def told_view(event: Event) -> dict[str, Any]:
    """The event as a decision about it keeps it: its context stands beside it, and is not kept twice."""
    view = event_view(event)
    view.pop("context", None)
    return view


def retold(event: Mapping[str, Any], context: Mapping[str, Any]) -> Mapping[str, Any]:
    """The whole event again, with the context that stood beside it; no event stays none."""
    return {**event, "context": context} if event else event


def join_facts(a: Facts, b: Facts, rules: Rules, repeated: Sequence[Event] = ()) -> Facts:
    """The facts of one customer who was two profiles; `repeated` are the events that both have folded."""
    joined = Facts(first=_least(a.first, b.first), last=max(a.last, b.last), spent=a.spent + b.spent)
    joined.traits = {
        name: stamped
        for name in {**a.traits, **b.traits}
        if (stamped := _join_trait(name, a.traits.get(name), b.traits.get(name))) is not None
    }
    _fit_traits(joined.traits)
    joined.permissions = permissions.join(a.permissions, b.permissions)
    joined.stops = {
        address: stamped
        for address in {**a.stops, **b.stops}
        if (stamped := later(a.stops.get(address), b.stops.get(address))) is not None
    }
    joined.soft = {
        address: sorted({*a.soft.get(address, ()), *b.soft.get(address, ())})[-SOFT_DAYS:]
        for address in {**a.soft, **b.soft}
    }
    joined.location = later(a.location, b.location)
    joined.timezone = later(a.timezone, b.timezone)
    joined.locale = later(a.locale, b.locale)
    joined.activity = _join_activity(a.activity, b.activity)
    joined.features = {
        key: _join_feature(key, a.features.get(key), b.features.get(key), rules)
        for key in {**a.features, **b.features}
    }
    for event in repeated:
        _take_back(joined, event, rules)
    return joined


def _least(a: int, b: int) -> int:
    return min(a, b) if a and b else a or b


def _join_trait(name: str, a: Stamped | None, b: Stamped | None) -> Stamped | None:
    return stronger_address(a, b) if name in ADDRESSES else later(a, b)


def _join_activity(a: Mapping[str, Activity], b: Mapping[str, Activity]) -> dict[str, Activity]:
    joined = {name: Activity(one.total, one.first, one.last) for name, one in a.items()}
    for name, one in b.items():
        mine = joined.get(name)
        joined[name] = Activity(one.total, one.first, one.last) if mine is None else _together(mine, one)
    _fit_names(joined)
    return joined


def _join_feature(key: str, a: FeatureState | None, b: FeatureState | None, rules: Rules) -> FeatureState:
    if a is None or b is None:
        return msgspec.convert(msgspec.to_builtins(a or b), FeatureState)
    kept = min(a.kept, b.kept)
    joined = FeatureState(kept=kept)
    feature = rules.features.get(key)
    if feature is not None and feature.total:
        join_sums(a, b, joined, kept)
    else:
        joined.times = latest([*a.times, *b.times], kept)
    return joined


def kept_for(feature: Feature) -> int:
    """What a feature's state must be kept for: so many latest times, or so long a window (ms)."""
    return feature.within if feature.total else feature.keep


def _take_back(facts: Facts, event: Event, rules: Rules) -> None:
    """Undo one of the two times an event was counted in facts that came from two profiles."""
    if event.type in UNCOUNTED or event.by_machine or event.event.startswith("Topeka "):
        return
    name = event.title if event.title in facts.activity else OTHER
    if name in facts.activity:
        facts.activity[name].total -= 1
    facts.spent -= spent_by(event)
    view = Subject(now=event.timestamp, event=event_view(event))
    for feature, check in rules.features_by_event.get(event.title, ()):
        state = facts.features.get(feature.key)
        if state is not None and feature.total and (check is None or check(view)):
            value = millionths(_at_path(event.properties, feature.total))
            if value is not None:
                add_value(state, event.timestamp, -value, feature.within)


def join_profiles(into: Profile, other: Profile, rules: Rules, repeated: Sequence[Event] = ()) -> None:
    """Make `into` the profile of both: facts, memory and history. Ledgers are joined by `ledger.join`."""
    into.facts = join_facts(into.facts, other.facts, rules, repeated)
    into.seen = join_seen(into.seen, other.seen)
    into.timelines = joined_timelines(into, other)
    into.records = list(dict.fromkeys([*into.records, *other.records]))
    into.bars = sorted({*into.bars, *other.bars})
    gone = [other.id, *other.merged]
    into.merged = sorted({*into.merged, *gone} - {into.id})
