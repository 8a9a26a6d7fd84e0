"""A queue and its workers in virtual time: what comes late, at once, several at a time, and not at all for a while."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.fakes import FakeClock

Job = dict[str, Any]


@dataclass
class QueueWorld:
    """SQS as it is: delays in whole seconds, late by up to `late` ms, in no exact order. It is a job queue's port.

    `work` does one job and says how long that took (ms). The queue stands still `between` two times.
    """

    clock: FakeClock
    workers: int = 10
    late: int = 1_500
    still: tuple[int, int] = (0, 0)
    chance: Random = field(default_factory=lambda: Random(5))
    waiting: list[tuple[int, int, Job]] = field(default_factory=list)
    handed: int = 0

    def send(self, jobs: Sequence[Job], *, delay: int = 0) -> None:
        """Each job is seen after its delay, and a little later."""
        assert 0 <= delay <= 900_000
        for job in jobs:
            self.handed += 1
            seen = self.clock.now + math.ceil(delay / 1000) * 1000 + self.chance.randrange(self.late)
            heapq.heappush(self.waiting, (seen, self.handed, job))

    def run(self, work: Callable[[int, Job], int], until: int = 1 << 60) -> None:
        """Let the workers (by number) work until nothing is left."""
        free = [(self.clock.now, number) for number in range(self.workers)]
        while self.waiting and self.clock.now < until:
            seen, _, job = heapq.heappop(self.waiting)
            idle, worker = heapq.heappop(free)
            at = max(seen, idle)
            if self.still[0] <= at < self.still[1]:
                at = self.still[1]
            self.clock.now = max(self.clock.now, at)
            heapq.heappush(free, (self.clock.now + work(worker, job), worker))
