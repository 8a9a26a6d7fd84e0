"""Putting work off until it is due: in the queue with a delay if that is soon, else in the agenda."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.effects import Ring
from chalicelib.domain.events import EventBatch
from chalicelib.domain.timers import HORIZON, delivery_job, ring_event, ring_job
from chalicelib.services.ports import Agenda, Clock, EventQueue, JobQueue


@dataclass(frozen=True, slots=True)
class Waiting:
    """A delivery and when it is due (ms; at once if past); `kind` is its message's (offer, brand, service)."""

    delivery: str
    profile: str
    kind: str
    due: int


@dataclass(frozen=True, slots=True)
class PutOff:
    """Work put off twice comes twice, under the same id: whoever does it looks whether it is still to be done."""

    agenda: Agenda
    events: EventQueue
    deliveries: JobQueue
    clock: Clock

    def delivery(self, *waiting: Waiting) -> None:
        """Hand deliveries to the sender when they are due; those with the same wait go together."""
        together: dict[int, list[dict[str, str]]] = defaultdict(list)
        for one in waiting:
            wait = self._wait(one.due, one.delivery, delivery_job(one.delivery, one.profile, one.kind))
            if wait is not None:
                together[wait].append({"delivery": one.delivery, "profile": one.profile})
        for wait, jobs in sorted(together.items()):
            self.deliveries.send(jobs, delay=wait)

    def ring(self, ring: Ring) -> None:
        """Send the event of a ring when it is due."""
        wait = self._wait(ring.due, ring.id, ring_job(ring))
        if wait is not None:
            self.events.send(EventBatch((ring_event(ring),)), delay=wait)

    def _wait(self, due: int, id: str, entry: dict[str, Any]) -> int | None:
        """The wait (ms) in the queue; None where the agenda keeps it. After a put, the clock is read again.

            us      clock 10:00, due 10:20: agenda ........................... put (10:20)  clock 10:19:50: send too
            tick                              10:19 hands out minute 10:20, empty

        Nothing else guards against a put that takes so long; sent twice is harmless, sent never is not.
        """
        wait = due - self.clock()
        if wait > HORIZON:
            self.agenda.put(due, id, entry)
            wait = due - self.clock()
        return max(0, wait) if wait <= HORIZON else None
