"""The clock of the local stack: it starts at the machine's time, can be moved, and runs on from there."""

from __future__ import annotations

import time
from collections.abc import Callable


def _machine() -> int:
    return time.time_ns() // 1_000_000


def _elapsed() -> int:
    return time.monotonic_ns() // 1_000_000


class LocalClock:
    """Virtual time in ms. While held it stands still.

    It is held while it is moved, so that each thing that comes due on the way happens exactly at its time,
    however long the work takes.
    """

    def __init__(self, start: Callable[[], int] = _machine, elapsed: Callable[[], int] = _elapsed) -> None:
        self._elapsed = elapsed
        self._state: tuple[int, int | None] = (start(), elapsed())

    def now(self) -> int:
        """The current virtual time."""
        at, since = self._state
        return at if since is None else at + self._elapsed() - since

    @property
    def held(self) -> bool:
        """Whether it stands still."""
        return self._state[1] is None

    def hold(self, at: int | None = None) -> None:
        """Stand still, at the current time or at `at`."""
        self._state = (self.now() if at is None else at, None)

    def run(self) -> None:
        """Run on from where it stands."""
        self._state = (self.now(), self._elapsed())
