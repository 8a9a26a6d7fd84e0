"""Parting: what a split makes of the parts of a customer, and of the doors that led to the whole.

What was done about the customer cannot be undone: contacts that were made and denials stay on all parts, and so do
the arms of experiments, which they leave: they are marked as crossed. What is still to happen (reserved contacts,
standing offers, decisions) stays with the part that keeps the home, where deliveries on their way are addressed; a
hold goes where its trigger goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from chalicelib.domain.counting import counts
from chalicelib.domain.doors import DAY, EARLIEST, LATEST, Doors
from chalicelib.domain.identifiers import CHANGES_HANDS, Identifier, rank
from chalicelib.domain.ledgers import join
from chalicelib.domain.permissions import denials
from chalicelib.domain.permissions import join as join_statements
from chalicelib.domain.profile import Ledger, Profile, Sign
from chalicelib.domain.rules import Rules
from chalicelib.domain.splitting import Part, folded_alone, was_ours
from chalicelib.domain.timelines import records_of
from chalicelib.domain.trials import left

MOST_BARRED = 10
"""Identifiers of a part without any steady one that are barred from joining again; of the steady ones, all are."""
_NOT_MADE = frozenset({"reserved", "dropped"})


def home_for(part: Part, profile: Profile, doors: Doors) -> str:
    """Where a part that leaves will live: at its strongest steady identifier, else alone at its device's home.

    A device that has had other owners keeps its door, which remembers them; several devices have no home of one.
    """
    steady = [one for one in part.identifiers if one.kind not in CHANGES_HANDS]
    if steady:
        return doors.home(min(steady, key=lambda one: (rank(doors.order, one.kind), one)))
    home = doors.home(part.identifiers[0])
    sign = doors.now.get(home)
    owners = {owner for owner, _ in sign.owners} if isinstance(sign, Sign) else set()
    if len(part.identifiers) == 1 and owners <= {*was_ours(profile, home, doors)}:
        return home
    return doors.secrets.home("minted", f"split/{profile.id}/{min(part.identifiers)}")


def straight(profile: Profile, parts: Sequence[Part], doors: Doors) -> list[Sign]:
    """Signs for homes of parts that leave, where they are vacant or do not lead straight to the whole yet.

    They must, before any other door is led there alone. A home may lead on through such a door, though it is the
    stronger: the playbook ranked kinds otherwise when they were linked.

        e-mail -> phone -> whole        the part will live at the e-mail address
        phone -> e-mail -> phone        a circle, were phone led to its part's home first
    """
    found: list[Sign] = []
    for part in parts[1:]:
        door = doors.now.get(part.home)
        is_detour = isinstance(door, Sign) and not door.owners and door.forward_to != profile.id
        if is_detour or not doors.versions[part.home]:
            found.append(Sign(part.home, profile.id, born_after=doors.born_after(part.home)))
    return found


def set_apart(
    profile: Profile, apart: Identifier, parts: Sequence[Part], doors: Doors, rules: Rules, now: int
) -> list[Profile]:
    """Make the parts customers of their own, in `doors`, and let every door lead to its part.

    `parts` have their homes; those and all doors are read.
    """
    bars = {*profile.bars, *_new_bars(apart, parts, doors)}
    goes = {doors.home(one): part.home for part in parts for one in part.names()}
    ours = {owner for home in goes for owner in was_ours(profile, home, doors)}
    made = [_customer(profile, part, parts, goes, rules, now) for part in parts]
    decided = counts(now, left(profile.ledger), "split", profile.id, profile.version)
    doors.outbox.setdefault(made[0].id, []).extend(decided)
    for customer in made:
        customer.bars = _bars_of(customer, bars, doors)
        customer.born_after = max(customer.born_after, doors.born_after(customer.id))
        doors.put(customer)
    _lead_doors(doors, goes, made[0], ours)
    return made


def _bars_of(customer: Profile, bars: set[tuple[str, str]], doors: Doors) -> list[tuple[str, str]]:
    """The bars that name anything the customer is known by."""
    named = {doors.home(one) for one in customer.identifiers}
    return sorted(bar for bar in bars if not named.isdisjoint(bar))


def _customer(
    profile: Profile, part: Part, parts: Sequence[Part], goes: Mapping[str, str], rules: Rules, now: int
) -> Profile:
    """A part as a customer. An earlier id goes where its door `goes`; if it is no identifier's, with who stays."""
    stays = part is parts[0]
    homes = {**goes, **{each.home: each.home for each in parts}}
    made = folded_alone(part.home, part.events, rules)
    made.identifiers = [
        one for one in profile.identifiers if Identifier(one.kind, one.value) in part.identifiers
    ]
    made.facts.permissions = join_statements(made.facts.permissions, denials(profile.facts.permissions))
    made.ledger = _staying_ledger(profile, parts, now) if stays else _leaving_ledger(profile, part, now)
    made.merged = [id for id in profile.merged if homes.get(id, profile.id) == part.home != id]
    made.records = [id for id in records_of(profile) if homes.get(id, profile.id) == part.home]
    made.born_after = profile.born_after if stays else 0
    made.unclaimed = profile.unclaimed
    return made


def _staying_ledger(profile: Profile, parts: Sequence[Part], now: int) -> Ledger:
    ledger = join(profile.ledger, Ledger())
    elsewhere = {event.message_id for part in parts[1:] for event in part.events}
    ledger.waits = {name: wait for name, wait in ledger.waits.items() if wait.message_id not in elsewhere}
    return _split(ledger, profile.ledger, now)


def _leaving_ledger(profile: Profile, part: Part, now: int) -> Ledger:
    whole = profile.ledger
    told = {event.message_id for event in part.events}
    since = min((event.timestamp for event in part.events), default=now)
    day = min((event.received_at for event in part.events), default=now) // DAY
    ledger = Ledger(seed=part.home, seed_at=since, seed_day=day, arms=dict(whole.arms))
    # What comes of a contact is counted once, with the part that keeps the home.
    made = {id: one for id, one in whole.contacts.items() if one.state not in _NOT_MADE}
    ledger.contacts = {id: msgspec.structs.replace(one, goal_until=0) for id, one in made.items()}
    ledger.waits = {name: wait for name, wait in whole.waits.items() if wait.message_id in told}
    return _split(ledger, whole, now)


def _split(ledger: Ledger, whole: Ledger, now: int) -> Ledger:
    ledger.crossed = sorted({*whole.crossed, *whole.arms, *whole.trials})
    ledger.trials = {}
    ledger.now = max(whole.now, now)
    ledger.wake = 0
    return ledger


def _new_bars(apart: Identifier, parts: Sequence[Part], doors: Doors) -> Iterator[tuple[str, str]]:
    """`apart` never joins again with what any other part is known by."""
    for part in parts:
        if apart not in part.identifiers:
            steady = [one for one in part.identifiers if one.kind not in CHANGES_HANDS]
            for other in steady or part.identifiers[:MOST_BARRED]:
                yield doors.home(apart), doors.home(other)


def _lead_doors(doors: Doors, goes: Mapping[str, str], staying: Profile, ours: set[str]) -> None:
    """Let every door lead to where it goes, and every earlier id of who stays to them.

    A door may lead on through others: the home where its owner once lived, a weaker identifier's. It may look right
    until one of these is led elsewhere, so all are looked at anew until nothing changes. What was led leads
    straight to its part, and is never led twice.

        device -> minted -> loyalty     loyalty's part: right
                  minted -> user        an earlier id: goes with the part that stays
        device -> minted -> user        wrong by now
    """
    earlier = [home for home in staying.merged if home not in goes]
    changed = -1
    while changed != len(doors.changed):
        changed = len(doors.changed)
        for home, to in goes.items():
            _lead(doors, home, to, ours)
        for home in earlier:
            _lead_id(doors, home, staying.id)


def _lead_id(doors: Doors, home: str, to: str) -> None:
    """Let an earlier id that is no device's door lead to the part that stays."""
    door = doors.now.get(home)
    if isinstance(door, Sign) and not door.owners and doors.leads_to(home, EARLIEST) != to:
        doors.put(Sign(id=home, forward_to=to))


def _lead(doors: Doors, home: str, to: str, ours: set[str]) -> None:
    """Let a door lead to its part, also for the time of each owner that the customer was under an earlier id."""
    door = doors.now.get(home)
    if home == to or not isinstance(door, Sign):
        return
    if not door.owners:
        if doors.leads_to(home, LATEST) != to:
            doors.put(Sign(id=home, forward_to=to))
        return
    named = [*(owner for owner, _ in door.owners), door.heir]
    if any(owner in ours and doors.leads_to(owner, EARLIEST) != to for owner in named):
        owners = [(to if owner in ours else owner, start) for owner, start in door.owners]
        heir = to if door.heir in ours else door.heir
        doors.put(Sign(id=home, forward_to=owners[-1][0], owners=owners, heir=heir))
