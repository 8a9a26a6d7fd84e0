"""Finding the profile behind an identifier or a profile id, wherever it lives now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.domain.doors import Doors
from chalicelib.domain.identifiers import ranks
from chalicelib.domain.keys import Secrets
from chalicelib.domain.profile import Profile
from chalicelib.services.ports import Profiles


def open_doors(
    profiles: Profiles, doors: Doors, homes: Iterable[tuple[str, int]], *, consistent: bool = False
) -> None:
    """Read these homes (with the times that matter there) and every home their signs lead to.

    One batch read, and one more for each step of signs that leaves what was read. A batch read is no snapshot,
    but a sign never leads to an empty home: one that seems to was read after what it leads to.

        us     read B: empty ..................... read A: leads to B    (so B is read again)
        link                   put B, sign A -> B
    """
    asked = set(homes)
    again: set[str] = set()
    wanted = {home for home, _ in asked if not doors.has(home)}
    while wanted:
        doors.take(wanted, profiles.read(wanted, consistent=consistent or wanted <= again))
        led = {end for home, at in asked if (end := doors.leads_to(home, at)) != home}
        wanted = {end for end in led if not doors.has(end)}
        if not wanted:
            wanted = {end for end in led if end not in doors.now} - again
            again |= wanted


@dataclass(frozen=True, slots=True)
class FindProfile:
    """Follows signs; reads consistently, for questions outside the hot path."""

    profiles: Profiles
    secrets: Secrets

    def by_id(self, profile_id: str) -> Profile | None:
        """The profile that lives at this home, or did before anybody else; whoever has the device now."""
        return self._resident(profile_id, 0)

    def by_identifier(self, kind: str, value: str) -> Profile | None:
        """The profile that lists a (normalised) identifier."""
        return self.by_home(self.secrets.home(kind, value))

    def by_home(self, home: str) -> Profile | None:
        """The profile that is reached from a home now."""
        return self._resident(home, _LATEST)

    def _resident(self, home: str, at: int) -> Profile | None:
        doors = Doors(self.secrets, ranks(()))
        open_doors(self.profiles, doors, [(home, at)], consistent=True)
        return doors.resident(home, at)


_LATEST = 1 << 62
"""Later than any event: whose a door is now."""
