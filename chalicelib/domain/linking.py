"""Linking: to which profile an event goes, and which identifiers join on the way.

The strongest identifier leads. Each weaker one either is vacant (the profile lists it from now on, and a
sign goes up at its home), already leads here, or leads to another profile: then the two join, unless a rule
refuses. A device that two known customers share changes hands instead, and nothing joined is rewritten.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass

import msgspec

from chalicelib.domain import ledger
from chalicelib.domain.cells import add
from chalicelib.domain.counting import counts, dropped_in
from chalicelib.domain.doors import MINTED, Doors, is_known, is_shaky, lists, with_owner
from chalicelib.domain.effects import Join, Leave
from chalicelib.domain.events import Event
from chalicelib.domain.facts import join_profiles
from chalicelib.domain.handing_over import pass_on
from chalicelib.domain.identifiers import CHANGES_HANDS, Identifier
from chalicelib.domain.profile import Facts, Known, Ledger, Profile, Sign
from chalicelib.domain.refusing import SPLIT, TOO_MANY, Refusal, why_not_again, why_not_join, why_not_list
from chalicelib.domain.rules import Rules
from chalicelib.domain.trials import merged

MOST_AT_ONCE = 16
"""Links one event may make: each changes up to two doors, and a transaction takes 100."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an event goes, and the links refused on the way; None where its customer was erased since."""

    profile: Profile | None
    refusals: tuple[Refusal, ...] = ()


def place_event(doors: Doors, event: Event, identifiers: Sequence[Identifier], rules: Rules) -> Placed:
    """The profile an event belongs to, linking its identifiers in `doors`. All homes involved are read."""
    if any(_erased_since(doors, one, event) for one in identifiers):
        return Placed(None)
    doors.rely_on_owner(doors.home(identifiers[0]), event.timestamp)
    refusals: list[Refusal] = []
    profile = _lead(doors, identifiers[0], event)
    for weaker in identifiers[1 : 1 + MOST_AT_ONCE]:
        outcome = _link(doors, profile, weaker, event, rules)
        if isinstance(outcome, Refusal):
            refusals.append(outcome)
        else:
            profile = outcome
    refusals.extend(Refusal(one, TOO_MANY) for one in identifiers[1 + MOST_AT_ONCE :])
    _note_link(doors, profile, identifiers, event)
    return Placed(profile, tuple(refusals))


def _erased_since(doors: Doors, identifier: Identifier, event: Event) -> bool:
    """Whether the identifier's home was erased after the event was received or stamped."""
    erased = doors.erased_at(doors.home(identifier), event.timestamp)
    return erased > 0 and min(event.received_at, event.timestamp) <= erased


def _lead(doors: Doors, identifier: Identifier, event: Event) -> Profile:
    home = doors.home(identifier)
    living = doors.resident(home, event.timestamp)
    if living is not None:
        return living
    profile = doors.newcomer(home, event.timestamp, event.received_at)
    profile.identifiers.append(_known(identifier, event))
    doors.put(profile)
    return profile


def _known(identifier: Identifier, event: Event) -> Known:
    return Known(identifier.kind, identifier.value, event.timestamp, event.message_id, event.proven)


def _link(
    doors: Doors, profile: Profile, weaker: Identifier, event: Event, rules: Rules
) -> Profile | Refusal:
    home = doors.home(weaker)
    other = doors.resident(home, event.timestamp)
    if other is profile:
        doors.rely_on_owner(home, event.timestamp)
        return profile
    if other is None:
        return _attach(doors, profile, weaker, event, rules)
    reason = why_not_join(doors, profile, other, rules)
    if not reason:
        return _merge(doors, profile, other, event, rules)
    if reason != SPLIT and weaker.kind in CHANGES_HANDS and other.id != home and not is_shaky(profile):
        reason = why_not_list(doors, profile, [weaker], rules) or why_not_again(doors, home, event)
        if reason:
            return Refusal(weaker, reason)
        pass_on(doors, profile, weaker, event, event.timestamp)
        return profile
    return Refusal(weaker, reason)


def _attach(
    doors: Doors, profile: Profile, weaker: Identifier, event: Event, rules: Rules
) -> Profile | Refusal:
    reason = why_not_list(doors, profile, [weaker], rules)
    if reason:
        return Refusal(weaker, reason)
    if profile.identifiers and is_shaky(profile) and doors.home(profile_identifier(profile)) == profile.id:
        profile = _move(doors, profile, _minted(doors, profile, event), event)
    profile.identifiers.append(_known(weaker, event))
    doors.put(profile)
    home = doors.home(weaker)
    if home != profile.id:
        doors.put(_sign(doors, home, profile.id, weaker, event))
    return profile


def profile_identifier(profile: Profile) -> Identifier:
    """The first identifier a profile lists."""
    return Identifier(profile.identifiers[0].kind, profile.identifiers[0].value)


def _sign(doors: Doors, home: str, to: str, identifier: Identifier, event: Event) -> Sign:
    if identifier.kind in CHANGES_HANDS:
        was = doors.now.get(home)
        return with_owner(was if isinstance(was, Sign) else None, home, to, event.timestamp)
    return Sign(id=home, forward_to=to)


def _merge(doors: Doors, a: Profile, b: Profile, event: Event, rules: Rules) -> Profile:
    """Join two profiles at the better home; the other home gets a sign, with the removal of its rows."""
    survivor, loser = sorted((a, b), key=doors.lives_strongly)
    were = _as_they_were(survivor), _as_they_were(loser)
    if doors.lives_strongly(survivor)[0] > MINTED:
        survivor = _move(doors, survivor, _minted(doors, survivor, event), event)
    join_profiles(survivor, loser, rules)  # doors lead an event to one profile: none was folded in both
    survivor.ledger = ledger.join(survivor.ledger, loser.ledger)
    changed = add(merged(*were, survivor.ledger), dropped_in(survivor.ledger, *(one.ledger for one in were)))
    sides = _proofs_left(survivor, loser, event), _proofs_left(loser, survivor, event)
    survivor.identifiers = _together(*sides)
    _leave_home(doors, loser, survivor, event)
    decided = counts(event.received_at, changed, *sorted(one.id for one in were), event.message_id)
    doors.outbox.setdefault(survivor.id, []).extend(decided)
    doors.put(survivor)
    doors.rehomed.add(survivor.id)
    return survivor


def _as_they_were(profile: Profile) -> Profile:
    """A side before the merge, as far as experiments count it."""
    facts, its = profile.facts, profile.ledger
    trials = {name: deepcopy(trial) for name, trial in its.trials.items()}
    return Profile(
        profile.id,
        facts=Facts(spent=facts.spent),
        ledger=Ledger(contacts=its.contacts, trials=trials, crossed=its.crossed),
    )


def _proofs_left(side: Profile, other: Profile, event: Event) -> list[Known]:
    """What a side's devices have proven, once the two are one customer.

    A device proves a link only to the customer it was linked to by proof. So devices of a visitor nobody
    knew start unproven (the event itself may prove them next), and a join of two known customers that
    nobody proved takes the proof from all their devices.
    """
    keeps = is_known(side) and (event.proven or not is_known(other))
    return [
        one
        if keeps or one.kind not in CHANGES_HANDS
        else Known(one.kind, one.value, one.since, one.message_id, last=one.last)
        for one in side.identifiers
    ]


def _minted(doors: Doors, profile: Profile, event: Event) -> str:
    """A home that is no identifier's. Clients may number their messages alike, so where it lived goes in."""
    return doors.secrets.home("minted", f"{event.message_id}/{profile.id}")


def _together(a: Sequence[Known], b: Sequence[Known]) -> list[Known]:
    """Each identifier once: proven if ever proven, since the first link."""
    found: dict[tuple[str, str], Known] = {}
    for one in (*a, *b):
        key = (one.kind, one.value)
        known = found.get(key)
        if known is None:
            found[key] = one
        else:
            first = min(known, one, key=lambda each: (each.since, each.message_id))
            proven, last = known.proven or one.proven, max(known.last, one.last)
            found[key] = Known(*key, first.since, first.message_id, proven, last)
    return sorted(found.values(), key=lambda one: (one.since, one.message_id, one.kind, one.value))


def _move(doors: Doors, profile: Profile, home: str, event: Event) -> Profile:
    """Let a profile live at another, empty home, with a sign where it lived."""
    merged = sorted({*profile.merged, profile.id})
    moved = msgspec.structs.replace(profile, id=home, version="", born_after=0, merged=merged)
    _leave_home(doors, profile, moved, event)
    doors.put(moved)
    doors.rehomed.add(moved.id)
    return moved


def _leave_home(doors: Doors, gone: Profile, to: Profile, event: Event) -> None:
    """A sign where a profile lived; its own rows go, and what it had decided goes on with the survivor."""
    homes = {
        doors.home(Identifier(one.kind, one.value)) for one in gone.identifiers if one.kind in CHANGES_HANDS
    }
    owners = [(to.id, event.timestamp)] if gone.id in homes else []
    doors.put(Sign(id=gone.id, forward_to=to.id, owners=owners, heir=to.id if owners else ""))
    pending = doors.outbox.pop(gone.id, [])
    doors.outbox.setdefault(to.id, []).extend(
        effect for effect in pending if not isinstance(effect, Join | Leave)
    )
    doors.outbox[gone.id] = [effect for effect in pending if isinstance(effect, Leave)]
    doors.outbox[gone.id] += [Leave(group, gone.id, gone.ledger.now) for group in groups_of(gone)]


def groups_of(profile: Profile) -> list[str]:
    """The groups a profile has rows in, as far as its ledger knows."""
    segments = [f"segment:{name}" for name, (member, _) in profile.ledger.entries.items() if member]
    return segments + [f"place:{place}" for place in profile.ledger.places]


def _note_link(doors: Doors, profile: Profile, identifiers: Sequence[Identifier], event: Event) -> None:
    """A link is as old as the earliest event that carries it; a proven event proves those it carries.

    A device is noted as seen with this customer, where something steadier says that it is them.
    """
    for identifier in identifiers:
        known = lists(profile, identifier)
        if known is None:
            continue
        if (event.timestamp, event.message_id) < (known.since, known.message_id):
            known.since, known.message_id = event.timestamp, event.message_id
            doors.put(profile)
        if event.proven and not known.proven:
            known.proven = True
            doors.put(profile)
        seen = identifier.kind in CHANGES_HANDS and identifiers[0].kind not in CHANGES_HANDS
        if seen and event.timestamp > known.last:
            known.last = event.timestamp
            doors.put(profile)
