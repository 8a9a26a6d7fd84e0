"""Ports during whose calls a worker may die, and a queue that brings its work again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.events import EventBatch
from tests.fakes.clock import FakeClock


class Killed(BaseException):
    """The worker is gone: nothing catches it."""


@dataclass
class Mortality:
    """The worker dies at its call number `at`, before or after it acts; never where that is below 0."""

    at: int = -1
    before: bool = True
    made: int = 0

    def call(self, method: Callable[..., Any], *args: Any, **named: Any) -> Any:
        mine = self.made == self.at
        self.made += 1
        if mine and self.before:
            raise Killed
        answer = method(*args, **named)
        if mine:
            raise Killed
        return answer


@dataclass(frozen=True)
class Mortal:
    """A port during whose calls its caller may die."""

    port: Any
    fate: Mortality

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.port, name)
        return lambda *args, **named: self.fate.call(method, *args, **named)


@dataclass
class Queue:
    """A queue of jobs or of batches of events: (when it is seen, what)."""

    clock: FakeClock
    waiting: list[tuple[int, Any]] = field(default_factory=list)

    def send(self, what: Any, *, delay: int = 0) -> None:
        each = [what] if isinstance(what, EventBatch) else list(what)
        self.waiting += [(self.clock.now + delay, one) for one in each]

    def take(self, which: int) -> Any:
        """One of those that are seen, None if none is; it is for the taker to put it back."""
        seen = [entry for entry in self.waiting if entry[0] <= self.clock.now]
        if not seen:
            return None
        entry = seen[which % len(seen)]
        self.waiting.remove(entry)
        return entry[1]
