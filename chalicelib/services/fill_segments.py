"""After publishing: every profile is brought under the new playbook, so that segments and groups are complete.

Whoever touches a profile adopts the playbook in force (see `domain/adopting.py`); this walk touches those that
nothing else does. It takes a page of the table a job, so that a death repeats a page and nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.domain.events import Event, EventBatch
from chalicelib.domain.reacting import PUBLISHED
from chalicelib.services.ports import Clock, EventQueue, JobQueue, Profiles

PAGES = 10


def first_job(version: int) -> dict[str, Any]:
    """The job that starts the walk for a playbook version."""
    return {"kind": "fill", "cursor": "", "version": version}


@dataclass(frozen=True, slots=True)
class FillSegments:
    """Carries out `{"kind": "fill", "cursor", "version"}`."""

    profiles: Profiles
    events: EventQueue
    jobs: JobQueue
    clock: Clock

    def __call__(self, job: dict[str, Any]) -> None:
        """Tell some pages of profiles that a playbook was published; the rest is a job of its own."""
        cursor, version = str(job["cursor"]), int(job["version"])
        for _ in range(PAGES):
            page = self.profiles.scan(cursor)
            self._tell(page.items, version)
            cursor = page.cursor
            if not cursor:
                return
        self.jobs.send([{**job, "cursor": cursor}])

    def _tell(self, profiles: tuple[str, ...], version: int) -> None:
        now = self.clock()
        told = tuple(
            Event(
                message_id=f"playbook:{version}:{profile}",
                type="track",
                event=PUBLISHED,
                timestamp=now,
                received_at=now,
                profile=profile,
                origin="topeka",
            )
            for profile in profiles
        )
        if told:
            self.events.send(EventBatch(events=told))
