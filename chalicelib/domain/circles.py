"""Circles: the events of a batch that must be taken together, because they share identifiers or doors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from chalicelib.domain.doors import EARLIEST, LATEST, Doors
from chalicelib.domain.events import Event, EventBatch
from chalicelib.domain.handing_over import SIGNED_OUT, nobodys_home
from chalicelib.domain.identifiers import CHANGES_HANDS, Identifier, rank
from chalicelib.domain.profile import Profile


@dataclass(frozen=True, slots=True)
class Item:
    """An event, what names its customer, and where it came: which message, and which place in it."""

    index: int
    position: int
    batch: EventBatch
    event: Event
    identifiers: tuple[Identifier, ...]
    _homes: list[str] = field(init=False, repr=False, compare=False, default_factory=list)

    @property
    def at(self) -> int:
        """The time that matters at a door: the event's own, but a profile id means who first lived there."""
        return EARLIEST if self.event.profile else self.event.timestamp

    def homes(self, doors: Doors) -> list[str]:
        """Every home that may matter for it: both readings of an alias's previous id, nobody's at a logout.

        Worked out once: the secrets that homes follow from are the same for every `doors` of a worker.
        """
        if not self._homes:
            self._homes.extend([self.event.profile] if self.event.profile else self._found(doors))
        return self._homes

    def _found(self, doors: Doors) -> list[str]:
        found: list[str] = []
        for one in self.identifiers:
            kinds = ("user", "anonymous") if one.kind == "previous" else (one.kind,)
            found.extend(doors.home(Identifier(kind, one.value)) for kind in kinds)
        if self.event.title == SIGNED_OUT:
            devices = [doors.home(one) for one in self.identifiers if one.kind in CHANGES_HANDS]
            found.extend(nobodys_home(doors, home) for home in devices)
        return found


@dataclass(frozen=True, slots=True)
class Circle:
    """Events in the order they are taken, each once: by time, and of one millisecond as their client sent them."""

    items: Sequence[Item]


def circles_of(items: Sequence[Item], doors: Doors) -> list[Circle]:
    """The connected components of events, homes and the homes their signs lead to."""
    leader: dict[str, str] = {}

    def find(home: str) -> str:
        while leader.setdefault(home, home) != home:
            leader[home] = leader[leader[home]]
            home = leader[home]
        return home

    keyed: list[tuple[str, Item]] = []
    for item in items:
        homes = item.homes(doors)
        ends = [doors.leads_to(home, item.at) for home in homes]
        for other in (*homes[1:], *ends):
            leader[find(other)] = find(homes[0])
        keyed.append((homes[0], item))
    groups: dict[str, list[Item]] = {}
    for home, item in keyed:
        groups.setdefault(find(home), []).append(item)
    return [Circle(_once(sorted(group, key=_order))) for group in groups.values()]


def _once(items: Sequence[Item]) -> list[Item]:
    """The first copy of each event; further ones in the same batch are it."""
    first: dict[str, Item] = {}
    for item in items:
        first.setdefault(item.event.message_id, item)
    return list(first.values())


def _order(item: Item) -> tuple[int, int, int]:
    return (item.event.timestamp, item.index, item.position)


def order_of_taking(item: Item, doors: Doors) -> list[Identifier]:
    """The event's identifiers, strongest first, an alias's previous id read as what exists.

    `previousId` is an anonymous id unless a user of that value exists (Segment's alias).
    """
    if all(one.kind != "previous" for one in item.identifiers):
        return list(item.identifiers)  # so `identifiers_of` has put them
    found = [_settled(one, doors) for one in item.identifiers]
    return sorted(dict.fromkeys(found), key=lambda one: (rank(doors.order, one.kind), one.kind))


def _settled(one: Identifier, doors: Doors) -> Identifier:
    if one.kind != "previous":
        return one
    user = Identifier("user", one.value)
    if isinstance(doors.now.get(doors.leads_to(doors.home(user), LATEST)), Profile):
        return user
    doors.relied.add(doors.home(user))  # on nobody living there
    return Identifier("anonymous", one.value)
