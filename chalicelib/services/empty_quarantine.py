"""Taking events out of the quarantine: a part at once, the rest as jobs. Releasing and discarding do it alike.

Only what was received before it was asked for is taken, so that it ends though more is set aside meanwhile. What
is to be done with a part is done before the part is removed: a death repeats it, and loses nothing.

    worker   reads a part ... sends its events ... dies
    queue                                           the job again: reads the part, sends it again, removes it
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.errors import NotFound
from chalicelib.domain.events import Event
from chalicelib.services.ports import Clock, JobQueue, Page, Quarantine
from chalicelib.services.resolve_address import ResolveAddress

PART = 1_000
"""Events of one part, about: what was set aside together is taken together."""
PARTS = 5
"""Parts that one job takes; the rest is a job of its own."""

Act = Callable[[Sequence[Event]], None]


@dataclass(frozen=True, slots=True)
class Taken:
    """How many events were taken of which profile, and whether a job takes more of them."""

    profile: str
    events: int
    more: bool


@dataclass(frozen=True, slots=True)
class EmptyQuarantine:
    """`kind` names the jobs, and each begins `delay` ms after the one before."""

    kind: str
    quarantine: Quarantine
    resolve: ResolveAddress
    jobs: JobQueue
    clock: Clock
    delay: int = 0

    def start(self, address: str, act: Act) -> Taken:
        """Take the first part of whoever is meant. Raises `NotFound` where nothing is set aside.

        Of a merged customer's ids, one at a time: the first that has something set aside.
        """
        until = self.clock()
        for profile in self.resolve.ids(address):
            page = self._take(profile, until, "", act)
            if page.items:
                self._go_on(profile, until, page.cursor)
                events = sum(len(portion.events) for portion in page.items)
                return Taken(profile, events, bool(page.cursor))
        raise NotFound("nothing-set-aside", "No events are set aside for this customer.")

    def go_on(self, job: dict[str, Any], act: Act) -> None:
        """Carry out `{"kind", "profile", "until", "cursor"}`."""
        profile, until, cursor = str(job["profile"]), int(job["until"]), str(job["cursor"])
        for _ in range(PARTS):
            cursor = self._take(profile, until, cursor, act).cursor
            if not cursor:
                return
        self._go_on(profile, until, cursor)

    def _take(self, profile: str, until: int, cursor: str, act: Act) -> Page:
        page = self.quarantine.portions(profile, until, cursor, PART)
        act([event for portion in page.items for event in portion.events])
        self.quarantine.remove(profile, [portion.id for portion in page.items])
        return page

    def _go_on(self, profile: str, until: int, cursor: str) -> None:
        if cursor:
            job = {"kind": self.kind, "profile": profile, "until": until, "cursor": cursor}
            self.jobs.send([job], delay=self.delay)
