"""A moment reaches everybody in a group: one shard a job, some pages at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from chalicelib.domain.moments import Announced
from chalicelib.services.ports import Clock, EventQueue, Groups, JobQueue
from chalicelib.services.start_moment import send_to

#: Pages of 500 that one job takes; the rest is a job of its own.
PAGES = 10


@dataclass(frozen=True, slots=True)
class FanOutMoment:
    """A death half-way tells some customers again, under the same message id: they get it once.

    Members of a place may have gone, and members are rows: ingest looks at the profile.
    """

    groups: Groups
    events: EventQueue
    jobs: JobQueue
    clock: Clock

    def __call__(self, job: dict[str, Any]) -> None:
        """Carry out `{"kind": "fan_out", "group", "shard", "cursor", "moment"}`."""
        moment = msgspec.convert(job["moment"], Announced)
        group, shard, cursor = str(job["group"]), int(job["shard"]), str(job["cursor"])
        for _ in range(PAGES):
            if moment.is_over(self.clock()):
                return
            page = self.groups.page(group, shard, cursor)
            send_to(self.events, moment, [profile for profile, _ in page.items], self.clock())
            cursor = page.cursor
            if not cursor:
                return
        self.jobs.send([{**job, "cursor": cursor}])
