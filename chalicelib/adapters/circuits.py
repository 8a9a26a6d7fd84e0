"""A circuit for each host: one that keeps failing is left alone for a while, so that it slows nobody else down.

closed   failures in a row reach `after` ............................ open
open     refused at once, until `rest` is over ...................... one is let through
trying   it succeeds: closed            it fails: open, for another rest
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    open_until: int = 0


@dataclass(slots=True)
class Circuits:
    """What this worker knows of hosts. Times in ms."""

    clock: Callable[[], int]
    after: int = 5
    rest: int = 60_000
    _by_host: dict[str, _Circuit] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def lets_through(self, host: str) -> bool:
        """Whether to call the host now; of those that ask after a rest, the first is told yes."""
        with self._lock:
            circuit = self._by_host.get(host)
            if circuit is None or circuit.failures < self.after:
                return True
            if self.clock() < circuit.open_until:
                return False
            circuit.open_until = self.clock() + self.rest
            return True

    def succeeded(self, host: str) -> None:
        """It answered as it should."""
        with self._lock:
            self._by_host.pop(host, None)

    def failed(self, host: str) -> None:
        """It did not."""
        with self._lock:
            circuit = self._by_host.setdefault(host, _Circuit())
            circuit.failures += 1
            if circuit.failures >= self.after:
                circuit.open_until = self.clock() + self.rest
