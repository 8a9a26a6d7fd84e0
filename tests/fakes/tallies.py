"""Counts, sums and snapshots in memory."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from chalicelib.domain.cells import Cells
from chalicelib.domain.effects import Count
from chalicelib.domain.errors import Conflict
from chalicelib.domain.learning import Learned
from chalicelib.domain.periods import slot_for, whole_of
from chalicelib.domain.tallies import Entry, Latest, Sum
from tests.fakes.faulty import Faulty, port


class FakeTallies(Faulty):
    """A log by slot, sums by period, snapshots by version."""

    def __init__(self) -> None:
        super().__init__()
        self.logged: defaultdict[str, list[bytes]] = defaultdict(list)
        self.marks: dict[str, str] = {}
        self.stored: dict[str, tuple[int, bytes]] = {}
        self.snapshots: dict[int, bytes] = {}
        self.in_force = Latest()
        self._nonces = itertools.count(1)

    @port
    def append(self, counts: Sequence[Count], now: int) -> None:
        for count in counts:
            slot = slot_for(count.at, now)
            self.logged[slot].append(msgspec.json.encode((count.id, count.cells)))
            self.marks[slot] = f"mark-{next(self._nonces)}"

    @port
    def marked(self) -> dict[str, str]:
        return dict(self.marks)

    @port
    def clear(self, slot: str, mark: str) -> bool:
        if self.marks.get(slot) != mark:
            return False
        del self.marks[slot]
        return True

    @port
    def log(self, slot: str) -> Iterable[Entry]:
        return [msgspec.json.decode(entry, type=Entry) for entry in self.logged[slot]]

    @port
    def sum(self, period: str) -> Sum:
        return self._sum(period)

    @port
    def put_sum(self, period: str, cells: Cells, version: int) -> None:
        if self._sum(period).version != version:
            raise Conflict((period,))
        self.stored[period] = (version + 1, msgspec.json.encode(cells))

    @port
    def sums(self, whole: str, first: str = "") -> dict[str, Sum]:
        names = sorted(name for name in self.stored if whole_of(name) == whole and name >= first)
        return {name: self._sum(name) for name in names}

    @port
    def latest(self) -> Latest:
        return self.in_force

    @port
    def load(self, version: int) -> Learned:
        return msgspec.json.decode(self.snapshots[version], type=Learned)

    @port
    def store(self, learned: Learned, latest: Latest, before: Latest) -> bool:
        if self.in_force.version != before.version:
            return False
        self.snapshots[latest.version] = msgspec.json.encode(learned)
        self.in_force = latest
        return True

    def _sum(self, period: str) -> Sum:
        version, cells = self.stored.get(period, (0, b"{}"))
        return Sum(version, msgspec.json.decode(cells, type=Cells))
