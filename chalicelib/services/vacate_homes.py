"""Putting an erasure up at a customer's homes, under the condition that they are still as they were read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.domain.erasure import Erasure, erasure_of, homes_of, is_theirs, was_erased
from chalicelib.domain.errors import Conflict, Unavailable
from chalicelib.domain.keys import Secrets
from chalicelib.domain.profile import Door, Erased, Profile
from chalicelib.domain.stored import Write
from chalicelib.domain.versions import next_version
from chalicelib.services.ports import Profiles

TRIES = 5
#: Homes of one transaction; DynamoDB takes 100.
TOGETHER = 90


@dataclass(frozen=True, slots=True)
class VacateHomes:
    """First `survey`, then the call itself; in between the caller notes what is going to be removed."""

    profiles: Profiles
    secrets: Secrets
    nonce: Callable[[], str]

    def survey(self, profile: Profile, at: int) -> tuple[Erasure, dict[str, Door]]:
        """What erasing the profile removes, and what stands at its homes. Raises `Conflict` if it has changed.

        Only the version that was read tells all its homes: a link adds to the profile and puts up a sign at once.

            us     read P v1: homes P, A ............................... read P v2: not what we know. Again
            link                          put P v2, sign B -> P

        From here on the first transaction has v1 as its condition, so a link that comes later still makes it fail.
        """
        doors = self.profiles.read(homes_of(profile, self.secrets), consistent=True)
        standing = doors.get(profile.id)
        if not isinstance(standing, Profile) or standing.version != profile.version:
            raise Conflict((profile.id,))
        return erasure_of(profile, doors, self.secrets, at), doors

    def __call__(self, erasure: Erasure, doors: Mapping[str, Door]) -> None:
        """The profile's own home goes with the first transaction, so nobody finds it from then on.

        Raises `Conflict` if another writer was at one of the first homes; then nothing has happened.
        """
        self._bury(erasure.ids[:TOGETHER], doors, erasure)
        for start in range(TOGETHER, len(erasure.ids), TOGETHER):
            self._bury_surely(erasure.ids[start : start + TOGETHER], erasure)

    def close(self, home: str, door: Door | None, at: int) -> None:
        """Put an erasure up at one home, whatever stands there. Raises `Conflict`."""
        self.profiles.commit([self._tombstone(home, door, at)])

    def _bury_surely(self, part: Sequence[str], erasure: Erasure) -> None:
        """Once the profile has gone, nobody can ask for the rest again: a conflict is settled here."""
        for _ in range(TRIES):
            try:
                return self._bury(part, self.profiles.read(part, consistent=True), erasure)
            except Conflict:
                continue
        raise Unavailable("profiles")

    def _bury(self, part: Sequence[str], doors: Mapping[str, Door], erasure: Erasure) -> None:
        """What was erased at that time or later, and who came after, is left as it is."""
        theirs = [
            home
            for home in part
            if is_theirs(doors.get(home), erasure.ids) and not was_erased(doors.get(home), erasure.at)
        ]
        if theirs:
            self.profiles.commit([self._tombstone(home, doors.get(home), erasure.at) for home in theirs])

    def _tombstone(self, home: str, door: Door | None, at: int) -> Write:
        version = door.version if door else ""
        return Write(Erased(home, at, next_version(version, self.nonce())), version)
