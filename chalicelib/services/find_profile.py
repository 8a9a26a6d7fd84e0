"""Finding the profile behind an identifier or a profile id, wherever it lives now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.domain.doors import EARLIEST, LATEST, Circular, Doors
from chalicelib.domain.identifiers import ranks
from chalicelib.domain.keys import Secrets
from chalicelib.domain.profile import Profile
from chalicelib.services.ports import Profiles

#: How often doors that do not fit together are read again. After that they are taken as they stand.
READINGS = 5


def open_doors(
    profiles: Profiles,
    doors: Doors,
    homes: Iterable[tuple[str, int]],
    *,
    consistent: bool = False,
    owners: bool = False,
) -> None:
    """Read these homes (with the times that matter there) and every home their signs lead to.

    One batch read, and one more for each step of signs that leaves what was read. With `owners`, everybody who
    has had a door that changed hands is read too. A batch read is no snapshot: what does not fit together is
    read again, consistently.
    """
    asked = set(homes)
    wanted = {home for home, _ in asked if not doors.has(home)}
    for reading in range(READINGS):
        doors.take(wanted, profiles.read(wanted, consistent=consistent or reading > 0) if wanted else {})
        try:
            _follow(profiles, doors, asked, consistent=consistent or reading > 0, owners=owners)
            wanted = doors.torn(asked)
        except Circular as circle:
            wanted = set(circle.homes)
        if not wanted:
            return


def _follow(
    profiles: Profiles, doors: Doors, asked: set[tuple[str, int]], *, consistent: bool, owners: bool
) -> None:
    """Read on until every sign leads to what was read.

    A sign never leads to an empty home: one that seems to was read after what it leads to.

        us     read B: empty ..................... read A: leads to B    (so B is read again)
        link                   put B, sign A -> B

    Owners are read consistently: one who has folded an event before the door changed hands must be seen to have.
    """
    again: set[str] = set()
    while True:
        led = {end for home, at in asked if (end := doors.leads_to(home, at)) != home}
        had = {end for home, _ in asked for end in doors.ends(home)} if owners else set()
        wanted = {end for end in led | had if not doors.has(end)}
        if not wanted:
            wanted = {end for end in led | had if end not in doors.now} - again
            again |= wanted
        if not wanted:
            return
        doors.take(wanted, profiles.read(wanted, consistent=consistent or bool(had) or wanted <= again))


@dataclass(frozen=True, slots=True)
class FindProfile:
    """Follows signs; reads consistently, for questions outside the hot path."""

    profiles: Profiles
    secrets: Secrets

    def by_id(self, profile_id: str) -> Profile | None:
        """The profile that lives at this home, or did before anybody else; whoever has the device now."""
        return self._resident(profile_id, EARLIEST)

    def by_identifier(self, kind: str, value: str) -> Profile | None:
        """The profile that lists a (normalised) identifier."""
        return self.by_home(self.secrets.home(kind, value))

    def by_home(self, home: str) -> Profile | None:
        """The profile that is reached from a home now."""
        return self._resident(home, LATEST)

    def _resident(self, home: str, at: int) -> Profile | None:
        doors = Doors(self.secrets, ranks(()))
        open_doors(self.profiles, doors, [(home, at)], consistent=True)
        return doors.resident(home, at)
