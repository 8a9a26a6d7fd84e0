"""Doors: which profile an identifier leads to, and what a link changes.

The item at an identifier's home is a profile (the customer lives there), a sign to where they live, or what
an erasure left. `Doors` is the set of doors one unit of work has read, and what it has made of them.

A sign exists exactly when the profile it leads to lists the identifier. Homes of identifiers that change
hands (anonymous ids, device tokens) hold a profile only while that is its sole identifier, so nothing ever
points at them. Signs climb in strength (custom < phone < e-mail < user), so they cannot form a circle.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from chalicelib.domain.effects import Effect
from chalicelib.domain.identifiers import CHANGES_HANDS, Identifier, rank
from chalicelib.domain.keys import Secrets
from chalicelib.domain.profile import Door, Erased, Known, Profile, Sign

MOST_OWNERS = 8


@dataclass(slots=True)
class Doors:
    """What was read, by home id, and what has changed since.

    `versions` holds the version each home was read at ("" for absent): a commit conditions on it. `outbox`
    collects the effects to be committed with each changed door. `rehomed` are profiles that have taken over
    another or moved: their rows in groups must be made anew.
    """

    secrets: Secrets
    order: dict[str, int]
    now: dict[str, Door] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    outbox: dict[str, list[Effect]] = field(default_factory=dict)
    rehomed: set[str] = field(default_factory=set)

    def part(self, asked: Iterable[tuple[str, int]]) -> Doors:
        """The doors on the way from these homes (each with the time that matters), to work on alone."""
        part = Doors(self.secrets, self.order)
        for home, at in asked:
            for step in self._way(home, at):
                part.versions[step] = self.versions[step]
                if step in self.now:
                    part.now[step] = self.now[step]
        return part

    def take(self, ids: Iterable[str], read: dict[str, Door]) -> None:
        """Add what a read returned for these ids; a missing one is an empty home."""
        for home in ids:
            door = read.get(home)
            self.versions[home] = door.version if door else ""
            if door is not None:
                self.now[home] = door

    def has(self, home: str) -> bool:
        """Whether the home has been read."""
        return home in self.versions

    def home(self, identifier: Identifier) -> str:
        """The home id of an identifier."""
        return self.secrets.home(identifier.kind, identifier.value)

    def leads_to(self, home: str, at: int) -> str:
        """The last home on the way from here, for an event at a time; perhaps one that is not read yet."""
        return self._way(home, at)[-1]

    def _way(self, home: str, at: int) -> list[str]:
        way = [home]
        while isinstance(door := self.now.get(way[-1]), Sign):
            onward = owner_at(door, at)
            if onward in way:
                raise AssertionError(f"signs lead in a circle at {onward}")
            way.append(onward)
        return way

    def resident(self, home: str, at: int) -> Profile | None:
        """The profile that an event at this time reaches from here, if somebody lives there."""
        door = self.now.get(self.leads_to(home, at))
        return door if isinstance(door, Profile) else None

    def erased_at(self, home: str, at: int) -> int:
        """Until when nothing may come back by this home (ms), 0 if it and where it leads were never erased."""
        return max(_erased_at(self.now.get(step)) for step in self._way(home, at))

    def put(self, door: Door) -> None:
        """Set what stands at a home from now on; a sign keeps in mind what was erased there."""
        if isinstance(door, Sign):
            door.born_after = max(door.born_after, _erased_at(self.now.get(door.id)))
        self.now[door.id] = door
        self.changed.add(door.id)

    def lives_strongly(self, profile: Profile) -> tuple[int, str]:
        """How good a home the profile has: the rank of the identifier whose home it is, then the id.

        Minted homes come after every steady identifier, homes that change hands last.
        """
        for known in profile.identifiers:
            if self.secrets.home(known.kind, known.value) == profile.id:
                shaky = known.kind in CHANGES_HANDS
                return (_SHAKY if shaky else rank(self.order, known.kind), profile.id)
        return (MINTED, profile.id)


#: How good a home that is no identifier's is, and one that changes hands: any steady one is better.
MINTED = 10_000
_SHAKY = 20_000


def _erased_at(door: Door | None) -> int:
    if isinstance(door, Erased):
        return door.at
    return door.born_after if door is not None else 0


def owner_at(sign: Sign, at: int) -> str:
    """Whose the door was at a time: the last owner who had started by then, else the first known."""
    if len(sign.owners) < 2:
        return sign.forward_to
    started = [profile for profile, start in sign.owners if start <= at]
    return started[-1] if started else sign.owners[0][0]


def is_shaky(profile: Profile) -> bool:
    """Whether everything the profile is known by may change hands."""
    return all(known.kind in CHANGES_HANDS for known in profile.identifiers)


def lists(profile: Profile, identifier: Identifier) -> Known | None:
    """The profile's entry for an identifier, if it lists it."""
    for known in profile.identifiers:
        if known.kind == identifier.kind and known.value == identifier.value:
            return known
    return None


def with_owner(sign: Sign | None, home: str, profile: str, start: int) -> Sign:
    """A sign whose door belongs to the profile from `start` on; the latest start is where it leads now."""
    before = list(sign.owners or [(sign.forward_to, 0)]) if sign else []
    kept = [(owner, since) for owner, since in before if (owner, since) != (profile, start)]
    owners = sorted([*kept, (profile, start)], key=lambda one: (one[1], one[0]))[-MOST_OWNERS:]
    return Sign(id=home, forward_to=owners[-1][0], owners=owners, version=sign.version if sign else "")
