"""Bringing a profile under the playbook in force: what conditions need is kept, and filled in from history.

A document names the needs it was folded under (`folded_under`, the fingerprint of segments and features).
Where that differs from the playbook in force, whoever touches the profile first adopts it: features nobody
asks for any more go, features that are new are folded from the timeline, and the segments that the customer
is already in are entered silently. Everything that happens afterwards is a change, and fires.

    old worker (playbook 6)   read P/6 -- fold e1 under 6 -------------- put P -> conflict, read P/7, adopt 6
    new worker (playbook 7)        read P/6 -- adopt 7 -- fold e2 -- put P/7

Because adopting drops what the rules at hand don't keep, and fills in what they lack, no event is ever
missing from a feature, whichever worker still runs which playbook.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.conditions.model import Feature
from chalicelib.domain.effects import Effect, Join, Leave
from chalicelib.domain.events import Event
from chalicelib.domain.facts import OTHER, fold_features, kept_for
from chalicelib.domain.keys import short_id
from chalicelib.domain.profile import FeatureState, Profile
from chalicelib.domain.rules import Rules
from chalicelib.domain.subject import subject_of


def is_adopted(profile: Profile, rules: Rules) -> bool:
    """Whether the profile keeps exactly what these rules need."""
    return profile.folded_under == rules.fingerprint


def wants_history(profile: Profile, rules: Rules) -> bool:
    """Whether adopting needs the timeline: a feature is missing, or keeps too little, of something that happened."""
    return bool(unfilled(profile, rules))


def unfilled(profile: Profile, rules: Rules) -> frozenset[str]:
    """The features (by key) that the rules ask about and the profile holds too little of."""
    activity = profile.facts.activity
    return frozenset(
        key
        for key, feature in rules.features.items()
        if _is_short(profile.facts.features.get(key), feature)
        and (feature.event in activity or OTHER in activity)
    )


def adopt(profile: Profile, rules: Rules, history: Sequence[Event], now: int) -> list[Effect]:
    """Bring the profile under the rules, in place; the rows of segments silently entered and left."""
    facts = profile.facts
    short = {k for k, feature in rules.features.items() if _is_short(facts.features.get(k), feature)}
    facts.features = {
        k: state for k, state in facts.features.items() if k in rules.features and k not in short
    }
    for event in sorted(folded_of(profile, history), key=lambda one: one.order):
        fold_features(facts, event, rules, only=short)
    profile.folded_under = rules.fingerprint
    return enter_silently(profile, rules, now)


def _is_short(state: FeatureState | None, feature: Feature) -> bool:
    """Whether a feature may hold less than it should: it was not kept, or for less."""
    return state is None or state.kept < kept_for(feature)


def folded_of(profile: Profile, history: Sequence[Event]) -> list[Event]:
    """The events of the timeline that the profile has folded, each once.

    The timeline is written before the commit, so it may hold one whose commit is still to come: that one is
    not in the memory although it was received recently enough to be.
    """
    found = {event.message_id: event for event in history}
    seen = profile.seen
    return [
        event
        for event in found.values()
        if short_id(event.message_id) in seen.ids or event.received_at < seen.floor
    ]


def enter_silently(profile: Profile, rules: Rules, now: int) -> list[Effect]:
    """Bring the ledger's segment entries up to date, in place, with no moment for it; the rows that change."""
    inside = subject_of(profile, rules, now).segments
    entries = profile.ledger.entries
    effects: list[Effect] = []
    for name in rules.segments:
        was = entries.get(name, (False, 0))[0]
        if (name in inside) != was:
            entries[name] = (name in inside, now)
            group = f"segment:{name}"
            effects.append(Join(group, profile.id, now) if name in inside else Leave(group, profile.id, now))
    gone = [name for name in entries if name not in rules.segments]
    effects.extend(Leave(f"segment:{name}", profile.id, now) for name in gone if entries.pop(name)[0])
    return effects
