"""Linking: to which profile an event goes, and which identifiers join on the way.

The strongest identifier leads. Each weaker one either is vacant (the profile lists it from now on, and a
sign goes up at its home), already leads here, or leads to another profile: then the two join, unless a rule
refuses. A device that two known customers share changes hands instead, and nothing joined is rewritten.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chalicelib.domain import ledger
from chalicelib.domain.doors import EARLIEST, MINTED, MOST_OWNERS, Doors, is_shaky, lists, with_owner
from chalicelib.domain.effects import Join, Leave
from chalicelib.domain.events import Event
from chalicelib.domain.facts import join_profiles
from chalicelib.domain.identifiers import CHANGES_HANDS, KNOWN_BY, Identifier
from chalicelib.domain.kinds import rule_of
from chalicelib.domain.profile import Bar, Known, Profile, Sign
from chalicelib.domain.rules import Rules

MOST_MERGES = 100
MOST_IDENTIFIERS = 1000
MOST_AT_ONCE = 16
"""Links one event may make: each changes up to two doors, and a transaction takes 100."""
SIGNED_OUT = "Signed Out"
"""The event that ends a login on a device (Segment's B2B SaaS events); a client that resets its id needs none."""
SPLIT = "split"
HURRY = 10 * 60_000
"""A door that has had as many owners as it remembers within this time (ms) is no device: it changes hands no more."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A link that did not happen.

    `reason` is one of:

    - unique-conflict: each has another value of a kind of which a customer has one
    - over-limit: more of a kind than the playbook allows
    - too-many-identifiers, too-many-merges: 1,000 and 100 a customer
    - too-many-at-once: the event carries more than 17 identifiers
    - too-many-owners: a device that has had eight owners in ten minutes; a constant that a client sends for all
    - split: an operator has split the two
    - unclaimed: what a device did between a logout and the next login is nobody's
    """

    identifier: Identifier
    reason: str


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an event goes, and the links refused on the way; None where its customer was erased since."""

    profile: Profile | None
    refusals: tuple[Refusal, ...] = ()


def place_event(doors: Doors, event: Event, identifiers: Sequence[Identifier], rules: Rules) -> Placed:
    """The profile an event belongs to, linking its identifiers in `doors`. All homes involved are read."""
    if any(_erased_since(doors, one, event) for one in identifiers):
        return Placed(None)
    for one in identifiers:
        doors.rely_on_owner(doors.home(one), event.timestamp)
    refusals: list[Refusal] = []
    profile = _lead(doors, identifiers[0], event)
    refusals.extend(Refusal(one, "too-many-at-once") for one in identifiers[1 + MOST_AT_ONCE :])
    for weaker in identifiers[1 : 1 + MOST_AT_ONCE]:
        outcome = _link(doors, profile, weaker, event, rules)
        if isinstance(outcome, Refusal):
            refusals.append(outcome)
        else:
            profile = outcome
    _note_link(doors, profile, identifiers, event)
    return Placed(profile, tuple(refusals))


def ends_login(event: Event, rules: Rules) -> bool:
    """Whether the devices an event came from are nobody's after it."""
    return event.title == SIGNED_OUT and rules.playbook.after_logout == "nobody"


def let_go(doors: Doors, profile: Profile, identifiers: Sequence[Identifier], event: Event) -> None:
    """A customer has logged out: what their devices do from now on, until the next login, is nobody's.

    That is kept apart, in a profile that joins nobody, so that caps hold for whoever sits there.
    """
    if not is_known(profile):
        return
    apart = doors.secrets.home("minted", f"{event.message_id}/{profile.id}/{SIGNED_OUT}")
    start = event.timestamp + 1
    held = [
        one
        for one in identifiers
        if one.kind in CHANGES_HANDS
        and doors.resident(doors.home(one), event.timestamp) is profile
        and _would_be_new(doors, doors.home(one), apart, start)
    ]
    if held:
        nobody = Profile(id=apart, unclaimed=True)
        nobody.ledger.seed, nobody.ledger.seed_at = apart, start
        doors.put(nobody)
        for device in held:
            _pass_on(doors, nobody, device, event, start)


def _would_be_new(doors: Doors, home: str, owner: str, start: int) -> bool:
    """Whether the door's memory of owners would gain this one; not where a copy of the event has put it there."""
    sign = doors.now.get(home)
    if not isinstance(sign, Sign) or (owner, start) in sign.owners:
        return False
    return (owner, start) in with_owner(sign, home, owner, start).owners


def _owners(doors: Doors, home: str) -> list[tuple[str, int]]:
    sign = doors.now.get(home)
    return sign.owners if isinstance(sign, Sign) else []


def _erased_since(doors: Doors, identifier: Identifier, event: Event) -> bool:
    """Whether the identifier's home was erased after the event was received or stamped."""
    erased = doors.erased_at(doors.home(identifier), event.timestamp)
    return erased > 0 and min(event.received_at, event.timestamp) <= erased


def _lead(doors: Doors, identifier: Identifier, event: Event) -> Profile:
    home = doors.home(identifier)
    living = doors.resident(home, event.timestamp)
    if living is not None:
        return living
    profile = doors.newcomer(home, event.timestamp, event.timestamp)
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
        return profile
    if other is None:
        return _attach(doors, profile, weaker, event, rules)
    reason = _why_not_join(profile, other, rules)
    if not reason:
        return _merge(doors, profile, other, event, rules)
    if reason != SPLIT and weaker.kind in CHANGES_HANDS and other.id != home and not is_shaky(profile):
        reason = _why_not_list(profile, [weaker], rules) or _why_not_again(doors, home, event)
        return Refusal(weaker, reason) if reason else _hand_over(doors, profile, weaker, event)
    return Refusal(weaker, reason)


def _why_not_again(doors: Doors, home: str, event: Event) -> str:
    """A door that everybody's events carry would have each of them wait for its one item."""
    owners = _owners(doors, home)
    if len(owners) < MOST_OWNERS:
        return ""
    latest = max(event.timestamp, owners[-1][1])
    return "too-many-owners" if latest - owners[0][1] < HURRY else ""


def _attach(
    doors: Doors, profile: Profile, weaker: Identifier, event: Event, rules: Rules
) -> Profile | Refusal:
    reason = _why_not_list(profile, [weaker], rules)
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


def _hand_over(doors: Doors, profile: Profile, device: Identifier, event: Event) -> Profile:
    """The device is this customer's from the event's time on."""
    _pass_on(doors, profile, device, event, event.timestamp)
    return profile


def _pass_on(doors: Doors, profile: Profile, device: Identifier, event: Event, start: int) -> None:
    """A device's door belongs to the profile from `start` on; the owner before stops listing it.

    A late event that finds a later owner only adds itself to the door's memory of owners.
    """
    home = doors.home(device)
    was = doors.now.get(home)
    sign = with_owner(was if isinstance(was, Sign) else None, home, profile.id, start)
    doors.put(sign)
    if doors.resident(home, sign.owners[-1][1]) is profile:
        before = doors.now.get(doors.leads_to(was.forward_to, EARLIEST)) if isinstance(was, Sign) else None
        if isinstance(before, Profile):
            before.identifiers = [one for one in before.identifiers if lists(before, device) is not one]
            doors.put(before)
        profile.identifiers.append(_known(device, event))
        doors.put(profile)


def _bars(a: Profile, b: Profile, together: Sequence[Identifier | Known]) -> bool:
    """Whether the identifiers together would undo a split."""
    if not a.bars and not b.bars:
        return False
    listed = {(one.kind, one.value) for one in together}
    return any(listed.issuperset(_ends(bar)) for bar in (*a.bars, *b.bars))


def _ends(bar: Bar) -> Iterator[tuple[str, str]]:
    yield bar.kind, bar.value
    yield bar.other_kind, bar.other_value


def _why_not_list(profile: Profile, added: Sequence[Identifier | Known], rules: Rules) -> str:
    """Why a profile may not list these too; only kinds of which it would list more count."""
    if _bars(profile, profile, [*profile.identifiers, *added]):
        return SPLIT
    if len(profile.identifiers) + len(added) > MOST_IDENTIFIERS:
        return "too-many-identifiers"
    reason = ""
    for kind in {one.kind for one in added}:
        has, wanted = _values(profile.identifiers, kind), _values(added, kind)
        rule = rule_of(rules.playbook.identifiers, kind)
        if wanted <= has or len(has | wanted) <= (1 if rule.unique else rule.limit):
            continue
        if rule.unique:
            return "unique-conflict"
        reason = "over-limit"
    return reason


def _values(identifiers: Sequence[Identifier | Known], kind: str) -> set[str]:
    return {one.value for one in identifiers if one.kind == kind}


def _why_not_join(a: Profile, b: Profile, rules: Rules) -> str:
    if a.unclaimed or b.unclaimed:
        return "unclaimed"
    if _bars(a, b, [*a.identifiers, *b.identifiers]):
        return SPLIT
    if len(a.merged) + len(b.merged) >= MOST_MERGES:
        return "too-many-merges"
    return _why_not_list(a, b.identifiers, rules)


def _merge(doors: Doors, a: Profile, b: Profile, event: Event, rules: Rules) -> Profile:
    """Join two profiles at the better home; the other home gets a sign, with the removal of its rows."""
    survivor, loser = sorted((a, b), key=doors.lives_strongly)
    if doors.lives_strongly(survivor)[0] > MINTED:
        survivor = _move(doors, survivor, _minted(doors, survivor, event), event)
    join_profiles(survivor, loser, rules)  # doors lead an event to one profile: none was folded in both
    survivor.ledger = ledger.join(survivor.ledger, loser.ledger)
    sides = _proofs_left(survivor, loser, event), _proofs_left(loser, survivor, event)
    survivor.identifiers = _together(*sides)
    _leave_home(doors, loser, survivor, event)
    doors.put(survivor)
    doors.rehomed.add(survivor.id)
    return survivor


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
        else Known(one.kind, one.value, one.since, one.message_id, proven=False)
        for one in side.identifiers
    ]


def is_known(profile: Profile) -> bool:
    """Whether a user id, an e-mail address or a phone number makes the profile somebody's."""
    return any(one.kind in KNOWN_BY for one in profile.identifiers)


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
            found[key] = Known(*key, first.since, first.message_id, known.proven or one.proven)
    return sorted(found.values(), key=lambda one: (one.since, one.message_id, one.kind, one.value))


def _move(doors: Doors, profile: Profile, home: str, event: Event) -> Profile:
    """Let a profile live at another, empty home, with a sign where it lived."""
    moved = Profile(
        id=home,
        identifiers=profile.identifiers,
        facts=profile.facts,
        ledger=profile.ledger,
        seen=profile.seen,
        merged=sorted({*profile.merged, profile.id}),
        born_after=profile.born_after,
        folded_under=profile.folded_under,
        timelines=profile.timelines,
        unclaimed=profile.unclaimed,
        bars=profile.bars,
        heat=profile.heat,
    )
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
    """A link is as old as the earliest event that carries it, and a proven event proves those it carries."""
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
