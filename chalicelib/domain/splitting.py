"""Splitting: the parts a customer's history falls into once one identifier's links are taken away.

Each part is what it would be had the links never been made: its identifiers, its events, facts folded from
these alone. What was done about the customer cannot be undone: contacts that were made and denials stay on all
parts, and so do the arms of experiments, marked as crossed. What is still to happen (reserved contacts,
standing offers, decisions) stays with the part that keeps the home, where deliveries on their way are
addressed; a hold goes where its trigger goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from chalicelib.domain.adopting import folded_of
from chalicelib.domain.doors import EARLIEST, LATEST, Doors, lists
from chalicelib.domain.events import LINK_REFUSED, Event
from chalicelib.domain.facts import fold
from chalicelib.domain.identifiers import CHANGES_HANDS, Identifier, identifiers_of, rank
from chalicelib.domain.ledgers import join
from chalicelib.domain.linking import MOST_AT_ONCE
from chalicelib.domain.permissions import denials
from chalicelib.domain.permissions import join as join_statements
from chalicelib.domain.profile import Bar, Ledger, Profile, Sign
from chalicelib.domain.rules import Rules

MOST_BARRED = 10
"""Identifiers of a part without any steady one that are barred from joining again; of the steady ones, all are."""
_NOT_MADE = frozenset({"reserved", "dropped"})


@dataclass(slots=True)
class Part:
    """What belongs together: identifiers still listed, devices that have gone to others since, and events.

    `home` is where it will live.
    """

    identifiers: list[Identifier] = field(default_factory=list)
    gone: list[Identifier] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    home: str = ""

    def names(self) -> Iterator[Identifier]:
        """All it is or was known by."""
        yield from self.identifiers
        yield from self.gone


@dataclass(slots=True)
class Graph:
    """Identifiers, and which of them events link."""

    leader: dict[Identifier, Identifier] = field(default_factory=dict)

    def find(self, one: Identifier) -> Identifier:
        """What stands for everything linked with this identifier."""
        while self.leader.setdefault(one, one) != one:
            self.leader[one] = self.leader[self.leader[one]]
            one = self.leader[one]
        return one

    def link(self, one: Identifier, other: Identifier) -> None:
        """The two belong together."""
        self.leader[self.find(other)] = self.find(one)


def carried(history: Sequence[Event], rules: Rules) -> dict[str, tuple[Identifier, ...]]:
    """What each event links, strongest first, by message id: also by what has come to be called junk since."""
    lenient = msgspec.structs.replace(rules.playbook, junk=())
    return {event.message_id: identifiers_of(event, lenient).identifiers for event in history}


def past_devices(
    profile: Profile, named: Mapping[str, Sequence[Identifier]], doors: Doors
) -> list[Identifier]:
    """Devices that were the customer's once, and have gone to others since. Their doors are read."""
    devices = {one for found in named.values() for one in found if one.kind in CHANGES_HANDS}
    return sorted(
        one for one in devices if not lists(profile, one) and any(_ours(profile, doors.home(one), doors))
    )


def _ours(profile: Profile, home: str, doors: Doors) -> Iterator[str]:
    """The owners a door remembers that are the customer, under this or an earlier id."""
    sign = doors.now.get(home)
    named = [*(owner for owner, _ in sign.owners), sign.heir] if isinstance(sign, Sign) else []
    yield from (owner for owner in named if owner and doors.leads_to(owner, EARLIEST) == profile.id)


def regroup(
    profile: Profile,
    apart: Identifier,
    history: Sequence[Event],
    named: Mapping[str, Sequence[Identifier]],
    gone: Sequence[Identifier],
    doors: Doors,
) -> list[Part] | None:
    """The parts without the links of `apart`, the one that keeps the home first; None past history's horizon.

    History is whole if its events, with the links of `apart`, hold all identifiers together: each was linked by
    one of them.
    """
    listed = [Identifier(one.kind, one.value) for one in profile.identifiers]
    known = {*listed, *gone}
    refused = _refused(history)
    before, after = Graph(), Graph()
    for event in history:
        found = _taken(event, named[event.message_id], known, refused, doors)
        for weaker in found[1:]:
            before.link(found[0], weaker)
            if apart not in (found[0], weaker):
                after.link(found[0], weaker)
    if len({before.find(one) for one in listed}) > 1:
        return None
    parts: dict[Identifier, Part] = {}
    for one in listed:
        parts.setdefault(after.find(one), Part()).identifiers.append(one)
    for one in gone:
        parts.setdefault(after.find(one), Part()).gone.append(one)
    staying = _staying(profile, apart, [part for part in parts.values() if part.identifiers], doors)
    lived_at = {doors.home(one): part for part in parts.values() for one in part.identifiers}
    for event in history:
        found = _taken(event, named[event.message_id], known, refused, doors)
        owner = parts[after.find(found[0])] if found else lived_at.get(event.profile, staying)
        (owner if owner.identifiers else staying).events.append(event)
    for part in parts.values():
        if not part.identifiers:
            staying.gone.extend(part.gone)
    others = [part for part in parts.values() if part is not staying and part.identifiers]
    return [staying, *others]


def _refused(history: Sequence[Event]) -> set[tuple[str, str]]:
    """(message id, kind) of links that were refused when they were tried."""
    return {
        (event.message_id.rpartition(":refused:")[0], str(event.properties.get("kind")))
        for event in history
        if event.event == LINK_REFUSED
    }


def _taken(
    event: Event,
    named: Sequence[Identifier],
    known: set[Identifier],
    refused: set[tuple[str, str]],
    doors: Doors,
) -> list[Identifier]:
    """The customer's identifiers that an event carries, in the order they were taken: strongest first."""
    settled = dict.fromkeys(_settled(one, known) for one in named)
    order = sorted(settled, key=lambda one: (rank(doors.order, one.kind), one.kind))[: 1 + MOST_AT_ONCE]
    return [
        one
        for place, one in enumerate(order)
        if one in known and (place == 0 or (event.message_id, one.kind) not in refused)
    ]


def _settled(one: Identifier, known: set[Identifier]) -> Identifier:
    """What an alias's previous id was read as."""
    if one.kind != "previous":
        return one
    user = Identifier("user", one.value)
    return user if user in known else Identifier("anonymous", one.value)


def _staying(profile: Profile, apart: Identifier, parts: Sequence[Part], doors: Doors) -> Part:
    """The part that keeps the home: whose identifier's it is, or, if nobody's, the strongest without `apart`."""
    for part in parts:
        if profile.id in {doors.home(one) for one in part.identifiers}:
            return part

    def strength(part: Part) -> tuple[int, Identifier]:
        return min((rank(doors.order, one.kind), one) for one in part.identifiers)

    return min((part for part in parts if apart not in part.identifiers), key=strength, default=parts[0])


def is_whole(profile: Profile, history: Sequence[Event], rules: Rules) -> bool:
    """Whether the history accounts for every fact of the profile: counts, traits and what was granted.

    Denials need no account: they stay on every part, also those that came from an earlier split.
    """
    folded = folded_alone(profile.id, history, rules).facts
    told = {event.message_id for event in history}
    said = [one for slots in profile.facts.permissions.values() for one in slots.values()]
    return (
        all(stamped.message_id in told for stamped in profile.facts.traits.values())
        and all(one.message_id in told for one in said if one.state != "denied")
        and all(
            name in folded.activity and folded.activity[name].total >= one.total
            for name, one in profile.facts.activity.items()
        )
    )


def history_of(profile: Profile, stored: Sequence[Event]) -> list[Event]:
    """What the customer has folded, of what their timeline tells, with the links refused on the way."""
    folded = folded_of(profile, [event for event in stored if event.event != LINK_REFUSED])
    ids = {event.message_id for event in folded}
    notes = [event for event in stored if event.event == LINK_REFUSED]
    return folded + [note for note in notes if note.message_id.rpartition(":refused:")[0] in ids]


def folded_alone(id: str, history: Iterable[Event], rules: Rules) -> Profile:
    """A profile of nothing but these events."""
    profile = Profile(id=id, folded_under=rules.fingerprint)
    for event in sorted(history, key=lambda one: (one.received_at, one.message_id)):
        if event.event != LINK_REFUSED:
            fold(profile, event, rules)
    return profile


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
    if len(part.identifiers) == 1 and owners <= {*_ours(profile, home, doors)}:
        return home
    return doors.secrets.home("minted", f"split/{profile.id}/{min(part.identifiers)}")


def set_apart(
    profile: Profile, apart: Identifier, parts: Sequence[Part], doors: Doors, rules: Rules, now: int
) -> list[Profile]:
    """Make the parts customers of their own, in `doors`, and let every door lead to its part.

    `parts` have their homes; those and all doors are read.
    """
    bars = sorted({*profile.bars, *_new_bars(apart, parts)}, key=msgspec.structs.astuple)
    homes = [doors.home(one) for part in parts for one in part.names()]
    ours = {owner for home in homes for owner in _ours(profile, home, doors)}
    made = [_customer(profile, part, parts, rules, now) for part in parts]
    for customer in made:
        customer.bars = bars
        customer.born_after = max(customer.born_after, doors.born_after(customer.id))
        doors.put(customer)
    for part in parts:
        for one in part.names():
            _lead(doors, doors.home(one), part.home, ours)
    return made


def _customer(profile: Profile, part: Part, parts: Sequence[Part], rules: Rules, now: int) -> Profile:
    stays = part is parts[0]
    made = folded_alone(part.home, part.events, rules)
    made.identifiers = [
        one for one in profile.identifiers if Identifier(one.kind, one.value) in part.identifiers
    ]
    made.facts.permissions = join_statements(made.facts.permissions, denials(profile.facts.permissions))
    made.ledger = _staying_ledger(profile, parts, now) if stays else _leaving_ledger(profile, part, now)
    homes = {each.home for each in parts}
    made.merged = [id for id in profile.merged if id not in homes] if stays else []
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
    ledger = Ledger(seed=part.home, seed_at=since, arms=dict(whole.arms))
    ledger.contacts = {id: one for id, one in whole.contacts.items() if one.state not in _NOT_MADE}
    ledger.waits = {name: wait for name, wait in whole.waits.items() if wait.message_id in told}
    return _split(ledger, whole, now)


def _split(ledger: Ledger, whole: Ledger, now: int) -> Ledger:
    ledger.crossed = sorted({*whole.crossed, *whole.arms})
    ledger.now = max(whole.now, now)
    ledger.wake = 0
    return ledger


def _new_bars(apart: Identifier, parts: Sequence[Part]) -> Iterator[Bar]:
    """`apart` never joins again with what any other part is known by."""
    for part in parts:
        if apart not in part.identifiers:
            steady = [one for one in part.identifiers if one.kind not in CHANGES_HANDS]
            for other in steady or part.identifiers[:MOST_BARRED]:
                yield Bar(apart.kind, apart.value, other.kind, other.value)


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
