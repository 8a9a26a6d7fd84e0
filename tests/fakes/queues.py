"""Queues, lake and a channel's provider in memory: everything that was handed in, in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from chalicelib.domain.events import Event, EventBatch
from chalicelib.services.ports import Outgoing
from tests.fakes.faulty import Faulty, port


class FakeEventQueue(Faulty):
    """`batches` and, place by place, their `delays` in ms."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[EventBatch] = []
        self.delays: list[int] = []

    @port
    def send(self, batch: EventBatch, *, delay: int = 0) -> None:
        self.batches.append(msgspec.json.decode(msgspec.json.encode(batch), type=EventBatch))
        self.delays.append(delay)

    @property
    def events(self) -> list[Event]:
        """All events that were sent."""
        return [event for batch in self.batches for event in batch.events]


class FakeJobQueue(Faulty):
    """`jobs` and, place by place, their `delays` in ms."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[dict[str, Any]] = []
        self.delays: list[int] = []

    @port
    def send(self, jobs: Sequence[dict[str, Any]], *, delay: int = 0) -> None:
        self.jobs.extend(msgspec.json.decode(msgspec.json.encode(job)) for job in jobs)
        self.delays.extend([delay] * len(jobs))


class FakeLake(Faulty):
    """`lines`: (kind, record)."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[str, dict[str, Any]]] = []

    @port
    def put(self, kind: str, records: Sequence[dict[str, Any]]) -> None:
        self.lines.extend((kind, msgspec.json.decode(msgspec.json.encode(record))) for record in records)


class FakeSender(Faulty):
    """`sent`: what the provider took; its ids are `provider-1`, `provider-2`, ..."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Outgoing] = []

    @port
    def send(self, outgoing: Outgoing) -> str:
        self.sent.append(outgoing)
        return f"provider-{len(self.sent)}"
