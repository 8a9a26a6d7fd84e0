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

    One batch read, and one more for each step of signs that leaves what was read.
    """
    asked = set(homes)
    wanted = {home for home, _ in asked if not doors.has(home)}
    while wanted:
        doors.take(wanted, profiles.read(wanted, consistent=consistent))
        wanted = {end for home, at in asked if not doors.has(end := doors.leads_to(home, at))}


@dataclass(frozen=True, slots=True)
class FindProfile:
    """Follows signs; reads consistently, for questions outside the hot path."""

    profiles: Profiles
    secrets: Secrets

    def by_id(self, profile_id: str) -> Profile | None:
        """The profile that lives at this home, or that its sign leads to."""
        doors = Doors(self.secrets, ranks(()))
        open_doors(self.profiles, doors, [(profile_id, _LATEST)], consistent=True)
        return doors.resident(profile_id, _LATEST)

    def by_identifier(self, kind: str, value: str) -> Profile | None:
        """The profile that lists a (normalised) identifier."""
        return self.by_id(self.secrets.home(kind, value))


_LATEST = 1 << 62
"""Later than any event: whose a door is now."""
