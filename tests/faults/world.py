"""The local stack in one thread, with time that stands still unless it is moved: every run is the same run."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.domain.errors import TopekaError
from chalicelib.domain.instants import from_text
from infra.local import stack as local
from infra.local.clock import LocalClock
from infra.local.queues import LocalQueue
from infra.local.replacing import replaced
from infra.local.resources import ACCOUNT, PREFIX, REGION
from infra.local.stack import Stack
from infra.local.stream import StreamPump
from infra.local.workers import Workers

START = from_text("2026-07-02T12:00:00Z")
QUEUES = ("events", "deliveries", "feedback", "jobs")
#: What is set up once and outlives a run; of the playbooks, what was published before the first.
_KEPT = f"{PREFIX}-keys"
_PLAYBOOKS = f"{PREFIX}-playbooks"


class Killed(BaseException):
    """The worker is gone: nothing in the code under test may catch this."""


class OneThread(Workers):
    """Takes the pumps in turn, in the caller's own thread, until none has work."""

    def start(self) -> None:
        """Nothing runs by itself."""

    def stop(self) -> None:
        """No thread is there to be ended."""

    def ring(self, name: str) -> None:
        """Nobody waits for a bell."""

    def drain(self) -> None:
        """Step every pump that has work, until none has."""
        while waiting := [pump for pump in self._pumps if pump.ready()]:
            for pump in waiting:
                try:
                    pump.step()
                except (Killed, TopekaError):  # a tick that failed is made up for by the next
                    continue

    def clock_moved(self) -> None:
        """Whoever moved it drains next."""


@contextmanager
def world() -> Iterator[Stack]:
    """A stack on which nothing happens but what the caller lets happen; SDK and services don't sleep between tries."""
    logged = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    stack = Stack()
    stack.clock = LocalClock(start=lambda: START, elapsed=lambda: 0)
    try:
        with replaced(local, Workers=OneThread), replaced(time, sleep=lambda _: None), stack:
            yield stack
    finally:
        logging.disable(logged)


def playbooks() -> Any:
    """A copy of the playbooks as they are stored now, for `start_over`."""
    return copy.deepcopy(_tables()[_PLAYBOOKS].items)


def _tables() -> dict[str, Any]:
    from moto.dynamodb.models import dynamodb_backends

    tables: dict[str, Any] = dynamodb_backends[ACCOUNT][REGION].tables
    return tables


def start_over(stack: Stack, published: Any = None) -> None:
    """As it was before anything was collected: no customer, no message, the clock at the start.

    The playbooks are those that were `published`, or stay what they are.
    """
    from chalicelib import wiring

    for name, table in _tables().items():
        if name == _PLAYBOOKS and published is not None:
            table.items = copy.deepcopy(published)
        elif name not in (_KEPT, _PLAYBOOKS):
            table.items.clear()
        if table.stream_shard is not None:
            table.stream_shard.items.clear()
    for pump in stack._workers._pumps:
        if isinstance(pump, StreamPump):
            pump._position = 0
    for queue in (*QUEUES, *stack.dead_letters()):
        LocalQueue(f"{PREFIX}-{queue}")._queue._messages.clear()
    stack.post._sent.clear()
    wiring.live_rules().forget()
    wiring.live_learned().forget()
    wiring.tallies()._marked.clear()  # type: ignore[attr-defined]
    stack._mover.start_at(START)
