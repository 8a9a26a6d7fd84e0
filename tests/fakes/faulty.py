"""What all fakes share: one call at a time, counted, and failures on order."""

from __future__ import annotations

import functools
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from typing import Any, Literal, TypeVar, cast

from chalicelib.domain.errors import Unavailable

F = TypeVar("F", bound=Callable[..., Any])
When = Literal["before", "after"]


class Faulty:
    """A port whose methods fail when told to."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self._lock = threading.RLock()
        self._orders: defaultdict[tuple[str, When], deque[Exception]] = defaultdict(deque)

    def fail_next(
        self, method: str, when: When = "before", error: Exception | None = None, times: int = 1
    ) -> None:
        """Let the next call (or `times` calls) of a method fail: `before` it acts, or `after` it did."""
        assert callable(getattr(self, method))
        self._orders[method, when].extend([error or Unavailable("fake")] * times)

    def _fail(self, method: str, when: When) -> None:
        if self._orders[method, when]:
            raise self._orders[method, when].popleft()


def port(method: F) -> F:
    """A port's method: runs alone, is counted, and fails on order."""

    @functools.wraps(method)
    def call(self: Faulty, *args: Any, **kwargs: Any) -> Any:
        name = method.__name__
        with self._lock:
            self.calls[name] += 1
            self._fail(name, "before")
            answer = method(self, *args, **kwargs)
            self._fail(name, "after")
            return answer

    return cast(F, call)
