"""After publishing: every profile is brought under the new playbook, so that segments and groups are complete.

Whoever touches a profile adopts the playbook in force (see `domain/adopting.py`); the walk touches those that
nothing else does. Passes follow, a minute apart: each looks at every profile and tells those that are still under
other needs. The first that finds none says that the back-fill is complete.

    publish 7      walk: tells all            pass 1: tells P       pass 2: none left -> 7 is filled
    old worker               reads P/7 under 6 -- puts P/6
    |<-- looks which is live every 10 s -->|
    |<------------- 60 s or more ------------>|

A worker knows of a new version within seconds, so what a pass finds under the version stays there. A walk or pass
takes some pages of the table a job, so that a death repeats these and nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.events import EventBatch, ours
from chalicelib.domain.profile import Profile
from chalicelib.domain.reacting import PUBLISHED
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock, EventQueue, JobQueue, Playbooks, Profiles

PAGES = 10
BETWEEN = 60_000
"""From the end of one pass to the next (ms)."""
MOST_PASSES = 1440
"""After a day of passes what still refuses to be filled is left, and the version stays unfilled."""
NOT_NEEDED = -1
"""Noted for a version that needs nothing that profiles did not keep before it."""


def first_job(version: int) -> dict[str, Any]:
    """The job that starts the walk for a playbook version."""
    return {"kind": "fill", "cursor": "", "version": version, "pass": 0, "told": 0}


@dataclass(frozen=True, slots=True)
class FillSegments:
    """Carries out `{"kind": "fill", "cursor", "version", "pass", "told"}`.

    `pass` 0 is the walk; `told` counts the profiles that this walk or pass has told so far.
    """

    profiles: Profiles
    playbooks: Playbooks
    rules: LiveRules
    events: EventQueue
    jobs: JobQueue
    clock: Clock

    def __call__(self, job: dict[str, Any]) -> None:
        """Take some pages of profiles; the rest, or the next pass, is a job of its own."""
        version, number, told = int(job["version"]), int(job["pass"]), int(job["told"])
        cursor = str(job["cursor"])
        if not self._is_live(version):
            return
        for _ in range(PAGES):
            page = self.profiles.scan(cursor)
            wanting = self._wanting(page.items, version) if number else page.items
            self._tell(wanting, version)
            told, cursor = told + len(wanting), page.cursor
            if not cursor:
                self._end(number, version, told)
                return
        self.jobs.send([{**job, "cursor": cursor, "told": told}])

    def _end(self, number: int, version: int, told: int) -> None:
        """All profiles were looked at: once none had to be told the version is filled, else there is a next pass."""
        if number and not told:
            self.playbooks.filled(version, self.clock())
        elif number < MOST_PASSES:
            self.jobs.send([{**first_job(version), "pass": number + 1}], delay=BETWEEN)

    def _is_live(self, version: int) -> bool:
        """Whether it still is; another that went live since has a job of its own."""
        live = self.rules.current().version
        if live < version:  # this worker may not have looked since
            self.rules.forget()
            live = self.rules.current().version
        return live == version

    def _wanting(self, ids: Sequence[str], version: int) -> tuple[str, ...]:
        """Those of the profiles that are under other needs than the version's."""
        fingerprint = self.rules.version(version).fingerprint
        doors = self.profiles.read(ids)
        return tuple(
            id for id, door in doors.items() if isinstance(door, Profile) and door.folded_under != fingerprint
        )

    def _tell(self, profiles: Sequence[str], version: int) -> None:
        now = self.clock()
        told = tuple(ours(f"playbook:{version}:{profile}", PUBLISHED, profile, now) for profile in profiles)
        if told:
            self.events.send(EventBatch(events=told))
