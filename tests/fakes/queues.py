"""Queues, lake and a channel's provider in memory: everything that was handed in, in order."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from chalicelib.domain.errors import Conflict
from chalicelib.domain.events import Event, EventBatch
from chalicelib.domain.stored import LakeFile, Page
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
    def put(self, kind: str, records: Sequence[Mapping[str, Any] | msgspec.Struct]) -> None:
        self.lines.extend((kind, msgspec.json.decode(msgspec.json.encode(record))) for record in records)


class FakeLakeFiles(Faulty):
    """Files by key: their lines. `put` adds one, as a delivery does."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}
        self.broken: set[str] = set()

    def put(self, key: str, lines: bytes) -> None:
        self.files[key] = lines

    @port
    def page(self, after: str = "", limit: int = 100) -> Page:
        keys = sorted(key for key in self.files if key.startswith("lake/") and key > after)
        chosen = tuple((key, len(self.files[key])) for key in keys[:limit])
        return Page(chosen, chosen[-1][0] if len(keys) > limit else "")

    @port
    def read(self, key: str) -> LakeFile | None:
        if key not in self.files:
            return None
        lines = self.files[key]
        return LakeFile(key, _version(lines), None if key in self.broken else lines)

    @port
    def replace(self, file: LakeFile, lines: bytes) -> None:
        if not lines:
            self.files.pop(file.key, None)
        elif _version(self.files.get(file.key, b"")) != file.version:
            raise Conflict((file.key,))
        else:
            self.files[file.key] = lines


def _version(lines: bytes) -> str:
    return hashlib.sha256(lines).hexdigest()


class FakeSender(Faulty):
    """`sent`: what the provider took; its ids are `provider-1`, `provider-2`, ..."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Outgoing] = []

    @port
    def send(self, outgoing: Outgoing) -> str:
        self.sent.append(outgoing)
        return f"provider-{len(self.sent)}"
