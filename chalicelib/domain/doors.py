"""Doors: which profile an identifier leads to, and what a link changes.

The item at an identifier's home is a profile (the customer lives there), a sign to where they live, or what
an erasure left. `Doors` is the set of doors one unit of work has read, and what it has made of them.

A sign exists exactly when the profile it leads to lists the identifier. Homes of identifiers that change
hands (anonymous ids, device tokens) hold a profile only while that is its sole identifier, so nothing ever
points at them. Signs climb in strength (custom < phone < e-mail < user), so they cannot form a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from chalicelib.domain.effects import Effect
from chalicelib.domain.identifiers import CHANGES_HANDS, KNOWN_BY, Identifier, rank
from chalicelib.domain.keys import Secrets, door_id
from chalicelib.domain.profile import Door, Erased, Known, Profile, Sign

MOST_OWNERS = 8
DAY = 86_400_000
LATEST = 1 << 62
"""Later than any event: whose a door is now."""
EARLIEST = 0
"""Who lived at a home, or took over who did: what a profile id means, where the door has changed hands since."""
NOBODY = "p_nobody"
"""How the ids of profiles begin that are kept for nobody: by chance one other id in a billion does."""


class Circular(AssertionError):
    """Signs that lead in a circle, by `homes`: read at different times, or a bug."""

    def __init__(self, homes: list[str]) -> None:
        super().__init__(f"signs lead in a circle at {homes[0]}")
        self.homes = homes


@dataclass(slots=True)
class Doors:
    """What was read, by home id, and what has changed since.

    `versions` holds the version each home was read at ("" for absent): a commit conditions on it, for the homes
    it changes and for those it `relied` on. `outbox` collects the effects to be committed with each changed
    door. `rehomed` are profiles that have taken over another or moved: their rows in groups must be made anew.
    """

    secrets: Secrets
    order: dict[str, int]
    now: dict[str, Door] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    relied: set[str] = field(default_factory=set)
    outbox: dict[str, list[Effect]] = field(default_factory=dict)
    rehomed: set[str] = field(default_factory=set)

    def part(self, asked: Iterable[tuple[str, int]]) -> Doors:
        """The doors on the way from these homes (each with the time that matters), to work on alone."""
        part = Doors(self.secrets, self.order)
        for home, at in asked:
            for step in (*self.way(home, at), *self._to_owners(home)):
                if step in part.versions:
                    continue
                if step in self.versions:
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
            else:
                self.now.pop(home, None)

    def has(self, home: str) -> bool:
        """Whether the home has been read."""
        return home in self.versions

    def home(self, identifier: Identifier | Known) -> str:
        """The home id of an identifier."""
        return door_id(self.secrets.door, identifier.kind, identifier.value)

    def leads_to(self, home: str, at: int) -> str:
        """The last home on the way from here, for an event at a time; perhaps one that is not read yet."""
        return self.way(home, at)[-1] if isinstance(self.now.get(home), Sign) else home

    def way(self, home: str, at: int) -> list[str]:
        """The homes on the way from here, for an event at a time. Raises `Circular`."""
        way, now = [home], self.now
        door = now.get(home)
        while isinstance(door, Sign):
            onward = owner_at(door, at)
            if onward in way:
                raise Circular(way)
            way.append(onward)
            door = now.get(onward)
        return way

    def ends(self, home: str) -> list[str]:
        """Where a door that has changed hands leads to for each of its owners; none for any other door."""
        door = self.now.get(home)
        if not isinstance(door, Sign) or not has_changed_hands(door):
            return []
        return [self.leads_to(owner, EARLIEST) for owner, _ in door.owners]

    def _to_owners(self, home: str) -> Iterator[str]:
        door = self.now.get(home)
        if isinstance(door, Sign) and has_changed_hands(door):
            for owner, _ in door.owners:
                yield from self.way(owner, EARLIEST)

    def resident(self, home: str, at: int) -> Profile | None:
        """The profile that an event at this time reaches from here, if somebody lives there."""
        door = self.now.get(home)
        if isinstance(door, Sign):
            door = self.now.get(owner_at(door, at))
            if isinstance(door, Sign):
                door = self.now.get(self.way(home, at)[-1])
        return door if isinstance(door, Profile) else None

    def owners(self, home: str) -> list[Profile]:
        """The profiles of everybody who has had a door that has changed hands; none for any other door."""
        ends = self.ends(home)
        if not ends:
            return []
        found = {end: self.now.get(end) for end in ends}
        return [door for door in found.values() if isinstance(door, Profile)]

    def erased_at(self, home: str, at: int) -> int:
        """Until when nothing may come back by this home (ms), 0 if it and where it leads were never erased."""
        door = self.now.get(home)
        if not isinstance(door, Sign):
            return _erased_at(door)
        return max(_erased_at(self.now.get(step)) for step in self.way(home, at))

    def born_after(self, home: str) -> int:
        """Until when nothing may come back at this very home (ms), 0 if it was never erased."""
        return _erased_at(self.now.get(home))

    def newcomer(self, home: str, at: int, received: int) -> Profile:
        """An empty profile for whoever comes to a home where nobody lives, by an event of a time, `received` at (ms).

        Chance hangs on who came first: by the day of receipt, for a client may claim any time, and a stranger must not
        draw anybody's lots anew; within the day by the event's time.

        Where somebody was erased before, what others did at the home may still be kept there for them (a device's
        first owner): the newcomer has a timeline of their own.
        """
        profile = Profile(id=home, born_after=self.erased_at(home, at))
        profile.ledger.seed, profile.ledger.seed_at, profile.ledger.seed_day = home, at, received // DAY
        if profile.born_after:
            profile.timelines = [self.secrets.home("timeline", f"{home}/{profile.born_after}")]
        return profile

    def put(self, door: Door) -> None:
        """Set what stands at a home from now on; a sign keeps in mind what was erased there."""
        if isinstance(door, Sign):
            door.born_after = max(door.born_after, _erased_at(self.now.get(door.id)))
        self.now[door.id] = door
        self.changed.add(door.id)

    def rely_on_owner(self, home: str, at: int) -> None:
        """Let the commit stand only while the door still says whose it was at this time.

        That its latest owner stops being it also changes that profile, which is a conflict by itself. Of an
        earlier time the door alone tells, and another late event may be adding an owner there:

            worker A   e at 15: the door says Ana ............. put Ana: stands only while the door is unchanged
            worker B      Ben's login, stamped 12: the door says Ana until 12, then Ben
        """
        door = self.now.get(home)
        if isinstance(door, Sign) and door.owners and at < door.owners[-1][1]:
            self.relied.add(home)

    def torn(self, asked: Iterable[tuple[str, int]]) -> set[str]:
        """Homes to be read again: a batch read is no snapshot, and what it found does not fit together.

            us     read a's sign: Ana's ............................. read Ana: she does not list a
            link                      put a's sign: Ben's, Ana, Ben

        A door asked about by an identifier fits if the profile it leads to lists the identifier and nobody else
        does, or, where nobody lives, if nobody lists it. (A time of 0 asks by profile id: no identifier.)
        """
        listing: dict[str, set[str]] = {}
        for door in self.now.values():
            if isinstance(door, Profile):
                for known in door.identifiers:
                    listing.setdefault(self.home(known), set()).add(door.id)
        again: set[str] = set()
        for home, at in asked:
            if at != EARLIEST and not is_nobody(home):
                way = self.way(home, LATEST)
                if self.has(way[-1]):
                    lists_it = listing.get(home, set())
                    lives = {way[-1]} if isinstance(self.now.get(way[-1]), Profile) else set()
                    again |= {*way, *lists_it} if lives != lists_it else set()
        return again

    def lives_strongly(self, profile: Profile) -> tuple[int, str]:
        """How good a home the profile has: the rank of the identifier whose home it is, then the id.

        Minted homes come after every steady identifier, homes that change hands last.
        """
        for known in profile.identifiers:
            if self.home(known) == profile.id:
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
    """Whose the door was at a time: the last owner who had started by then, else the heir, else the first known.

    `EARLIEST` asks by profile id: that is whoever took over who lived here, though another has logged in earlier.
    """
    if at == EARLIEST and sign.heir:
        return sign.heir
    if len(sign.owners) <= 1:
        return sign.forward_to
    started = [profile for profile, start in sign.owners if start <= at]
    return started[-1] if started else sign.heir or sign.owners[0][0]


def is_known(profile: Profile) -> bool:
    """Whether a user id, an e-mail address or a phone number makes the profile somebody's."""
    return any(one.kind in KNOWN_BY for one in profile.identifiers)


def is_shaky(profile: Profile) -> bool:
    """Whether everything the profile is known by may change hands."""
    return all(known.kind in CHANGES_HANDS for known in profile.identifiers)


def lists(profile: Profile, identifier: Identifier) -> Known | None:
    """The profile's entry for an identifier, if it lists it."""
    for known in profile.identifiers:
        if known.kind == identifier.kind and known.value == identifier.value:
            return known
    return None


def has_changed_hands(sign: Sign) -> bool:
    """Whether the door has had more owners than one."""
    return len(sign.owners) > 1


def is_nobody(profile_id: str) -> bool:
    """Whether this is what a device did between a logout and a login, for nobody."""
    return profile_id.startswith(NOBODY)


def with_owner(sign: Sign | None, home: str, profile: str, start: int) -> Sign:
    """A sign whose door belongs to the profile from `start` on; the latest start is where it leads now.

    Of two that start in one millisecond the one linked later has it. Neighbours of one owner are one, but for the
    latest start; eight are kept, and the gaps between them that are nobody's.
    """
    before = list(sign.owners or [(sign.forward_to, 0)]) if sign else []
    everybody = sorted([*before, (profile, start)], key=lambda one: one[1])
    owners = [one for place, one in enumerate(everybody) if not place or everybody[place - 1][0] != one[0]]
    while sum(not is_nobody(owner) for owner, _ in owners) > MOST_OWNERS:
        del owners[0]
    if owners[-1] != everybody[-1]:
        owners.append(everybody[-1])  # the latest start says who comes late
    before_it = sign or Sign(home, profile)
    return Sign(home, owners[-1][0], version=before_it.version, owners=owners, heir=before_it.heir)
