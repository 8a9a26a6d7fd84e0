"""The snapshot in force of what was learned, cached by version."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from chalicelib.domain.errors import Unavailable
from chalicelib.domain.learning import Learned
from chalicelib.services.ports import Clock, Tallies

MOST = 8
"""Versions held at once: the newest, and those that a replay goes through."""


@dataclass(slots=True)
class LiveLearned:
    """Looks which version is in force at most every `max_age` ms, and loads a version once."""

    tallies: Tallies
    clock: Clock
    max_age: int = 10_000
    _looked: int = -1
    _current: Learned = field(default_factory=Learned)
    _loaded: dict[int, Learned] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def current(self) -> Learned:
        """The snapshot in force. While it cannot be read, that of the last look: deciding goes on."""
        now = self.clock()
        if self._looked < 0 or not 0 <= now - self._looked < self.max_age:
            self._looked = now
            try:
                self._current = self.version(self.tallies.latest().version)
            except Unavailable:
                return self._current
        return self._current

    def version(self, number: int) -> Learned:
        """One snapshot; 0 is that of nothing learned. Raises KeyError for one that isn't there (any more)."""
        if not number:
            return Learned()
        learned = self._loaded.pop(number, None) or self.tallies.load(number)
        with self._lock:
            self._loaded[number] = learned  # the last one asked for is the last to go
            for oldest in list(self._loaded)[:-MOST]:
                self._loaded.pop(oldest, None)
        return learned

    def forget(self) -> None:
        """Look and load again at the next question, whatever was seen last."""
        self._looked = -1
        self._loaded.clear()
