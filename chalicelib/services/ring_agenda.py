"""Ringing a minute and shard of the agenda: what is due there goes to the queues, then leaves the agenda."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.events import EventBatch
from chalicelib.domain.timers import HORIZON, JOBS, can_ring, is_promotional, ring_event, ring_of, spread
from chalicelib.services.ports import Agenda, Clock, EventQueue, JobQueue

#: Events in one message of the queue, and pages rung in one job; the rest is a job of its own.
BATCH = 100
PAGES = 10
SECOND = 1_000


@dataclass(frozen=True, slots=True)
class RingAgenda:
    """Entries leave only after they were sent: a death in between sends them again, which is harmless."""

    agenda: Agenda
    events: EventQueue
    deliveries: JobQueue
    jobs: JobQueue
    clock: Clock

    def __call__(self, job: dict[str, Any]) -> None:
        """Ring `{"minute", "shard", "cursor"}`."""
        minute, shard, cursor = int(job["minute"]), int(job["shard"]), str(job.get("cursor", ""))
        for _ in range(PAGES):
            page = self.agenda.due(minute, shard, cursor)
            self._send([entry for entry in page.items if can_ring(entry["job"])])
            self._set_aside([entry for entry in page.items if not can_ring(entry["job"])])
            if page.items:
                self.agenda.remove([(entry["due"], entry["id"]) for entry in page.items])
            cursor = page.cursor
            if not cursor:
                return
        self.jobs.send([{"kind": "ring", "minute": minute, "shard": shard, "cursor": cursor}])

    def _set_aside(self, entries: Sequence[dict[str, Any]]) -> None:
        """What nobody can ring must not hold up its minute: as a job that nobody does it ends as a dead letter."""
        if entries:
            self.jobs.send([{"kind": "unreadable", "entry": entry} for entry in entries])

    def _send(self, entries: Sequence[dict[str, Any]]) -> None:
        """Each with its own delay in whole seconds, never early; those with the same together."""
        now = self.clock()
        crowd = sum(is_promotional(entry["job"]) for entry in entries)
        together: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
        for entry in entries:
            late = spread(entry["id"], crowd) if is_promotional(entry["job"]) else 0
            wait = min(HORIZON, max(0, -(-(entry["due"] + late - now) // SECOND) * SECOND))
            together[entry["job"]["kind"], wait].append(entry["job"])
        for (kind, wait), jobs in sorted(together.items()):
            self._send_together(kind, wait, jobs)

    def _send_together(self, kind: str, wait: int, jobs: Sequence[dict[str, Any]]) -> None:
        if kind == "delivery":
            due = [{"delivery": job["delivery"], "profile": job["profile"]} for job in jobs]
            self.deliveries.send(due, delay=wait)
            return
        if kind in JOBS:
            self.jobs.send(jobs, delay=wait)
            return
        for start in range(0, len(jobs), BATCH):
            events = tuple(ring_event(ring_of(job)) for job in jobs[start : start + BATCH])
            self.events.send(EventBatch(events), delay=wait)
