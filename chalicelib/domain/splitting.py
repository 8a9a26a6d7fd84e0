"""Splitting: the parts a customer's history falls into once one identifier's links are taken away.

Each part is what it would be had the links never been made: its identifiers, its events, facts folded from
these alone. What becomes of them as customers is in `parting.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from chalicelib.domain.adopting import folded_of
from chalicelib.domain.doors import EARLIEST, Doors, lists
from chalicelib.domain.events import LINK_REFUSED, Event
from chalicelib.domain.facts import fold
from chalicelib.domain.identifiers import CHANGES_HANDS, Identifier, identifiers_of, rank
from chalicelib.domain.linking import MOST_AT_ONCE
from chalicelib.domain.profile import Profile, Sign
from chalicelib.domain.refusing import refusal_id, refused_event
from chalicelib.domain.rules import Rules


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


def devices_in(named: Mapping[str, Sequence[Identifier]]) -> set[Identifier]:
    """The devices that events carry; an alias's previous id may be one."""
    names = {one for found in named.values() for one in found}
    previous = {Identifier("anonymous", one.value) for one in names if one.kind == "previous"}
    return previous | {one for one in names if one.kind in CHANGES_HANDS}


def past_devices(
    profile: Profile, named: Mapping[str, Sequence[Identifier]], doors: Doors
) -> list[Identifier]:
    """Devices that were the customer's once, and have gone to others since. Their doors are read."""
    return sorted(
        one
        for one in devices_in(named)
        if not lists(profile, one) and any(was_ours(profile, doors.home(one), doors))
    )


def was_ours(profile: Profile, home: str, doors: Doors) -> Iterator[str]:
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
    refused = {event.message_id for event in history if event.event == LINK_REFUSED}
    taken = {
        event.message_id: _taken(event, named[event.message_id], {*listed, *gone}, refused, doors)
        for event in history
    }
    before, after = Graph(), Graph()
    for found in taken.values():
        for weaker in found[1:]:
            before.link(found[0], weaker)
            if apart not in (found[0], weaker):
                after.link(found[0], weaker)
    if len({before.find(one) for one in listed}) > 1:
        return None
    parts = _parts(after, listed, gone)
    staying = _staying(profile, apart, [part for part in parts.values() if part.identifiers], doors)
    lived_at = {doors.home(one): part for part in parts.values() for one in part.identifiers}
    for event in history:
        about = refused_event(event.message_id) if event.event == LINK_REFUSED else event.message_id
        found = taken.get(about, [])
        owner = parts[after.find(found[0])] if found else lived_at.get(event.profile, staying)
        (owner if owner.identifiers else staying).events.append(event)
    for part in parts.values():
        if not part.identifiers:
            staying.gone.extend(part.gone)
    return [staying, *(part for part in parts.values() if part is not staying and part.identifiers)]


def _parts(graph: Graph, listed: Sequence[Identifier], gone: Sequence[Identifier]) -> dict[Identifier, Part]:
    parts: dict[Identifier, Part] = {}
    for one in listed:
        parts.setdefault(graph.find(one), Part()).identifiers.append(one)
    for one in gone:
        parts.setdefault(graph.find(one), Part()).gone.append(one)
    return parts


def only_some(parts: list[Part], apart: Identifier, most: int) -> tuple[list[Part], bool]:
    """So many of the parts as one transaction takes, the others with the one that stays; and whether that is all.

    `apart` leaves last, for the links to be taken are its own.
    """
    if len(parts) <= most:
        return parts, True
    staying, *leaving = sorted(parts, key=lambda part: (part is not parts[0], apart in part.identifiers))
    for part in leaving[most - 1 :]:
        staying.identifiers += part.identifiers
        staying.gone += part.gone
        staying.events += part.events
    return [staying, *leaving[: most - 1]], False


def _taken(
    event: Event,
    named: Sequence[Identifier],
    known: set[Identifier],
    refused: set[str],
    doors: Doors,
) -> list[Identifier]:
    """The customer's identifiers that an event carries, in the order they were taken: strongest first."""
    settled = dict.fromkeys(_settled(one, known) for one in named)
    order = sorted(settled, key=lambda one: (rank(doors.order, one.kind), one.kind))[: 1 + MOST_AT_ONCE]
    return [
        one
        for place, one in enumerate(order)
        if one in known and (place == 0 or refusal_id(event.message_id, one) not in refused)
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
    return folded + [note for note in notes if refused_event(note.message_id) in ids]


def folded_alone(id: str, history: Iterable[Event], rules: Rules) -> Profile:
    """A profile of nothing but these events."""
    profile = Profile(id=id, folded_under=rules.fingerprint)
    for event in sorted(history, key=lambda one: (one.received_at, one.message_id)):
        if event.event != LINK_REFUSED:
            fold(profile, event, rules)
    return profile
