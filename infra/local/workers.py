"""The threads that run the pumps, and the knowledge of whether there is anything left to do."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from infra.local.pumps import Pump

log = logging.getLogger("topeka.local")


class Workers:
    """A thread or more for each pump; each waits on its pump's bell, or until the next thing comes due by itself."""

    def __init__(self, pumps: Sequence[Pump], seconds_until: Callable[[int], float | None]) -> None:
        self._pumps = pumps
        self._seconds_until = seconds_until
        self._lock = threading.Lock()
        self._bells = {pump.name: threading.Condition(self._lock) for pump in pumps}
        self._idle = threading.Condition(self._lock)
        self._busy = 0
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._run, args=(pump,), name=f"{pump.name}-{number}", daemon=True)
            for pump in pumps
            for number in range(pump.threads)
        ]

    def start(self) -> None:
        """Let the threads run."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each thread finish what it is doing, and end it."""
        with self._lock:
            self._stopping = True
            self._ring_all()
        for thread in self._threads:
            thread.join(timeout=10)

    def ring(self, name: str) -> None:
        """Something was put into the pump's source."""
        bell = self._bells.get(name)
        if bell is not None:
            with self._lock:
                bell.notify()

    def drain(self) -> None:
        """Return when no pump has work and no function is running."""
        with self._lock:
            while not self._stopping and (self._busy or any(pump.ready() for pump in self._pumps)):
                if not self._busy:
                    self._ring_all()
                self._idle.wait(timeout=0.5)

    def clock_moved(self) -> None:
        """Let every thread look again at what has come due."""
        with self._lock:
            self._ring_all()

    def _ring_all(self) -> None:
        for bell in self._bells.values():
            bell.notify_all()
        self._idle.notify_all()

    def _run(self, pump: Pump) -> None:
        while self._await(pump):
            try:
                pump.step()
            except Exception:
                log.exception("pump-failed", extra={"pump": pump.name})
            finally:
                with self._lock:
                    self._busy -= 1
                    self._idle.notify_all()

    def _await(self, pump: Pump) -> bool:
        """Wait for work, and count as busy from the moment it is seen; False when stopping."""
        bell = self._bells[pump.name]
        with self._lock:
            while not self._stopping and not pump.ready():
                due = pump.next_due()
                bell.wait(timeout=None if due is None else self._seconds_until(due))
            if self._stopping:
                return False
            self._busy += 1
            return True
