"""After a restore: customers who were erased since the backup was made are erased again.

The stops are the one table that is never restored: they hold every home that was erased, and when. This walk goes
through them and takes away what a backup brought back there: profiles, signs, history, deliveries, rows in groups.
Whoever came to such a home after the erasure is left alone. Homes that are empty get their erasure back, so that
old retries still revive nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.domain.erasure import Erasure, Gone, homes_of, was_erased
from chalicelib.domain.profile import Door, Profile, Sign
from chalicelib.services.erase_rows import EraseRows
from chalicelib.services.find_profile import FindProfile
from chalicelib.services.ports import JobQueue, Profiles, Stops
from chalicelib.services.vacate_homes import VacateHomes

#: Stops of one page, pages of one job, and homes after which it reads no further page.
LIMIT = 50
PAGES = 20
HOMES = 50


def first_job() -> dict[str, Any]:
    """The job that starts the walk."""
    return {"kind": "erase_again", "cursor": ""}


@dataclass(frozen=True, slots=True)
class EraseAgain:
    """Carries out `{"kind": "erase_again", "cursor"}`; again is harmless."""

    find: FindProfile
    profiles: Profiles
    stops: Stops
    vacate: VacateHomes
    rows: EraseRows
    jobs: JobQueue

    def __call__(self, job: dict[str, Any]) -> int:
        """Look at some homes; how many. The rest is a job of its own. Raises `Conflict`: then it is done again."""
        cursor, homes = str(job["cursor"]), 0
        for _ in range(PAGES):
            page = self.stops.erased(cursor, LIMIT)
            for gone in page.items:
                self._apply(gone)
            homes, cursor = homes + len(page.items), page.cursor
            if not cursor:
                return homes
            if homes >= HOMES:
                break
        self.jobs.send([{**job, "cursor": cursor}])
        return homes

    def _apply(self, gone: Gone) -> None:
        """Homes are read one by one: erasing one customer again changes what stands at others."""
        door = self.profiles.read([gone.home], consistent=True).get(gone.home)
        if isinstance(door, Profile) and not was_erased(door, gone.at):
            if gone.history:
                self._erase(door, gone.at)
            return
        if not was_erased(door, gone.at) and not self._is_somebodys(gone.home, door):
            self.vacate.close(gone.home, door, gone.at)
        if gone.history:
            self.rows(Erasure([gone.home], gone.at, lived=[gone.home]), {}, last=True)

    def _erase(self, profile: Profile, at: int) -> None:
        """All of the profile as it was restored, at the old time; later, if it has decided anything since."""
        erasure, doors = self.vacate.survey(profile, max(at, profile.ledger.now))
        self.vacate(erasure, doors)
        self.rows(erasure, doors, last=True)

    def _is_somebodys(self, home: str, door: Door | None) -> bool:
        """Whether a sign leads to a profile that knows of it: a device's owner before, say.

        If that profile was erased too, its own home takes the sign with it.
        """
        if not isinstance(door, Sign):
            return False
        resident = self.find.by_home(home)
        return resident is not None and home in homes_of(resident, self.vacate.secrets)
