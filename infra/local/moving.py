"""Moving the clock through everything that comes due, and settling what is under way."""

from __future__ import annotations

import math
import threading

from infra.local.clock import LocalClock
from infra.local.pumps import QueuePump
from infra.local.schedule import TickPump
from infra.local.workers import Workers

#: Work that lost a race comes back to its queue with a delay of at most this (ms); a click counts after 2 seconds.
RETRY = 2_500


class Mover:
    """Steps the clock from one due instant to the next; at each, everything is carried out before the next."""

    def __init__(self, clock: LocalClock, workers: Workers, queues: list[QueuePump], ticks: TickPump) -> None:
        self._clock, self._workers, self._queues, self._ticks = clock, workers, queues, ticks
        self._moving = threading.RLock()

    def settle(self) -> None:
        """Return when every queue and stream is drained and everything due is done.

        What failed is not left waiting for its visibility timeout: it is handed out again at once, until it
        succeeds or its receives are used up and it lies in its dead-letter queue. What was put off for a
        moment, to be tried again, is waited for by moving the clock that moment. What is due later stays.
        """
        with self._moving:
            self._workers.drain()
            while self._resume():
                self._workers.drain()

    def _resume(self) -> bool:
        """Take up what waits for a retry; whether there was anything."""
        brought = [pump.queue.bring_back() for pump in self._queues]
        if any(brought):
            return True
        due, _ = self._next_due()
        if due > self._clock.now() + RETRY:
            return False
        self.forward(max(int(due), self._clock.now()))
        return True

    def forward(self, target: int) -> None:
        """Move to `target` (ms), which is not past; the clock runs on from there."""
        with self._moving:
            self._clock.hold()
            try:
                self._workers.drain()
                while (due := self._next_due())[0] <= target:
                    self._stand_at(max(int(due[0]), self._clock.now()), rings=due[1])
                self._stand_at(target, rings=False)
            finally:
                self._clock.run()
                self._workers.clock_moved()

    def start_at(self, instant: int) -> None:
        """Set the clock to any instant; only while nothing has been collected."""
        with self._moving:
            self._clock.hold(instant)
            try:
                self._ticks.start_over()
                self._workers.drain()
            finally:
                self._clock.run()
                self._workers.clock_moved()

    def _stand_at(self, instant: int, *, rings: bool) -> None:
        self._clock.hold(instant)
        if rings:
            self._ticks.ask()
        self._workers.clock_moved()
        self._workers.drain()

    def _next_due(self) -> tuple[float, bool]:
        """The next instant at which a message can be taken or the agenda rings, and whether it rings."""
        ring = _or_never(self._ticks.next_ring())
        message = min(_or_never(pump.next_due()) for pump in self._queues)
        return min(ring, message), ring <= message


def _or_never(due: int | None) -> float:
    return math.inf if due is None else due
