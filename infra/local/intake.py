"""How much has been taken in: whether anything was collected yet, and how many events were handled."""

from __future__ import annotations

import logging
import threading
from typing import Any

from infra.local.resources import PREFIX

log = logging.getLogger("topeka.local")


class Intake:
    """Watches the events queue."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self.begun = False

    def notice(self, queue: str) -> None:
        """Something was put into a queue."""
        if queue == f"{PREFIX}-events":
            self.begun = True

    def count(self, messages: list[Any]) -> None:
        """Messages of the events queue were handled."""
        events = sum(_events_in(message.body) for message in messages)
        with self._lock:
            self._count += events

    def count_since_last(self) -> int:
        """Events handled since this was last asked."""
        with self._lock:
            count, self._count = self._count, 0
        return count


def _events_in(body: str) -> int:
    from chalicelib.domain.envelope import batch_of

    return len(batch_of(body).events)
