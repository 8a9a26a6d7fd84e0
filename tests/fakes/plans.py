"""Agenda, playbooks and keys in memory."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import msgspec

from chalicelib.adapters.cursors import cut, unseal
from chalicelib.domain.decision import Switches
from chalicelib.domain.stored import Page
from tests.fakes.faulty import Faulty, port

MINUTE = 60_000


class FakeAgenda(Faulty):
    """Timers by (due, id)."""

    def __init__(self, shards: int = 4) -> None:
        super().__init__()
        self.shards = shards
        self.jobs: dict[tuple[int, str], bytes] = {}
        self.stands_at = 0

    @port
    def put(self, due: int, id: str, job: dict[str, Any]) -> None:
        self.jobs[due, id] = msgspec.json.encode(job)

    @port
    def due(self, minute: int, shard: int, cursor: str = "") -> Page:
        after = unseal(cursor, tuple[int, str]) if cursor else (0, "")
        found = [
            (due, id)
            for due, id in sorted(self.jobs)
            if minute <= due < minute + MINUTE
            and (due, id) > after
            and zlib.crc32(id.encode()) % self.shards == shard
        ]
        chosen, following = cut(found, 500, lambda entry: entry)
        entries = (
            {"due": due, "id": id, "job": msgspec.json.decode(self.jobs[due, id])} for due, id in chosen
        )
        return Page(tuple(entries), following)

    @port
    def holds(self, minute: int, shard: int) -> bool:
        return any(minute <= due < minute + MINUTE and zlib.crc32(id.encode()) % self.shards == shard
                   for due, id in self.jobs)  # fmt: skip

    @port
    def remove(self, entries: Sequence[tuple[int, str]]) -> None:
        for entry in entries:
            self.jobs.pop(entry, None)

    @port
    def cursor(self) -> int:
        return self.stands_at

    @port
    def advance(self, old: int, new: int) -> bool:
        if self.stands_at != old:
            return False
        self.stands_at = new
        return True


class FakePlaybooks(Faulty):
    """Versions from 1 on, in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.published: list[tuple[str, bytes, int]] = []
        self.live_version = 0
        self.noted: dict[int, int] = {}
        self.switched = Switches()

    @port
    def publish(self, source: str, compiled: bytes, at: int) -> int:
        self.published.append((source, compiled, at))
        self.live_version = len(self.published)
        return self.live_version

    @port
    def live(self) -> int:
        return self.live_version

    @port
    def source(self, version: int) -> str:
        self._known(version)
        return self.published[version - 1][0]

    @port
    def compiled(self, version: int) -> bytes:
        self._known(version)
        return self.published[version - 1][1]

    @port
    def versions(self) -> list[dict[str, Any]]:
        numbered = reversed(list(enumerate(self.published, 1)))
        return [
            {
                "version": number,
                "at": row[2],
                "live": number == self.live_version,
                "filled": self.noted.get(number, 0),
            }
            for number, row in numbered
        ]

    @port
    def filled(self, version: int, at: int) -> None:
        self.noted[version] = at

    @port
    def filled_at(self, version: int) -> int:
        return self.noted.get(version, 0)

    @port
    def point(self, version: int) -> None:
        self._known(version)
        self.live_version = version

    @port
    def switches(self) -> Switches:
        return self.switched

    @port
    def set_switches(self, switches: Switches) -> None:
        self.switched = switches

    def _known(self, version: int) -> None:
        if not 1 <= version <= len(self.published):
            raise KeyError(version)


class FakeKeys(Faulty):
    """Keys by hash."""

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, tuple[str, tuple[str, ...]]] = {}

    @port
    def find(self, hash: str) -> dict[str, Any] | None:
        if hash not in self.known:
            return None
        kind, scopes = self.known[hash]
        return {"kind": kind, "scopes": list(scopes)}

    @port
    def add(self, hash: str, kind: str, scopes: Sequence[str]) -> None:
        self.known[hash] = (kind, tuple(scopes))
