"""The table `tallies`: what was counted, its sums, and the snapshots made of them.

    key                   part                    holds
    2026-07-02T12:05      <made up>               a log item of the slot: what one relay batch counted, packed
    2026-07-02T12         2026-07-02T12:05#00     the slot's sum, in chunks; so are hours' under days, days' under
                                                  months, and months' under `months`
    marks                 2026-07-02T12:05        the slot's log may hold what its sum has not; mark: made up
    learned               0000000012#00           a snapshot, in chunks
    learned               latest                  version, playbook, at: which snapshot is in force

    version, of, mark     of each chunk: the write's number, how many chunks it has, what only this write has
    expires               when DynamoDB may drop it, in seconds

The log only grows, and a sum is computed from below and overwritten, so that neither a repeat nor a crash counts
anything twice. All chunks of a write are put in one transaction; a reader who meets chunks of two writes reads again.
"""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from chalicelib.adapters import packing
from chalicelib.adapters.faults import Item, asking
from chalicelib.adapters.tables import Put, Table
from chalicelib.domain.cells import Cells
from chalicelib.domain.effects import Count
from chalicelib.domain.errors import Conflict, TooLarge, Unavailable
from chalicelib.domain.learning import Learned
from chalicelib.domain.periods import DAY, LOG_KEPT, OPEN, slot_for, start_of, whole_of
from chalicelib.domain.tallies import Entry, Latest, Sum

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT = {16: 16 * DAY, 13: 16 * DAY, 10: 400 * DAY, 7: 432 * DAY}
"""How long after its beginning a slot's, hour's, day's or month's sum is kept: a part until its whole can't change
any more, a month until every day of it is 400 days past."""
SNAPSHOT_KEPT = 432 * DAY
"""As long as the timeline keeps decisions (400 days), and a month in which it may be in force."""
MOST_CHUNKS = 12
"""A transaction takes 4 MB."""

NEVER_STORED = "attribute_not_exists(#version)"
STILL_THIS_VERSION = "#version = :old"
STILL_THIS_MARK = "#mark = :mark"

_MARKS, _LEARNED, _LATEST = "marks", "learned", "latest"
_LAST = "~"
_PAUSES = (0.05, 0.2, 0.8)

_entries = msgspec.json.Decoder(tuple[Entry, ...])
_cells = msgspec.json.Decoder(Cells)
_learned = msgspec.json.Decoder(Learned)


class DynamoTallies:
    """Counts in DynamoDB."""

    def __init__(
        self, client: DynamoDBClient, table: str, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._table = Table(client, table, pause)
        self._pause = pause
        self._marked: set[str] = set()

    def append(self, counts: Sequence[Count], now: int) -> None:
        """Log counts, each in the slot of its time, and then mark the slots.

        The mark comes after the log: whoever takes it away has read the log after it was there.

            relay   append ... dies                     again: append, mark
            relay   append, mark 1            append, mark 2
            fold         sees 1, reads the log ............... takes away 1: refused

        While a slot is open its mark stays, so this process makes it only once.
        """
        entries: defaultdict[str, list[Entry]] = defaultdict(list)
        for count in counts:
            entries[slot_for(count.at, now)].append((count.id, count.cells))
        self._table.write(_log_items(entries, now))
        self._marked = {slot for slot in self._marked if now < start_of(slot) + OPEN}
        wanting = [slot for slot in entries if slot not in self._marked]
        if wanting:
            self._table.write([_mark(slot) for slot in wanting])
            self._marked |= {slot for slot in wanting if now < start_of(slot) + OPEN}

    def marked(self) -> dict[str, str]:
        """Slots whose log may hold what no sum has yet, each with its mark."""
        rows = self._table.query(("key", _MARKS), consistent=True)
        return {row["part"]["S"]: row["mark"]["S"] for row in rows}

    def clear(self, slot: str, mark: str) -> bool:
        """Take away a slot's mark if it is still this one; whether it was."""
        try:
            with asking("dynamodb"):
                self._table.client.delete_item(
                    TableName=self._table.name,
                    Key=_key(_MARKS, slot),
                    ConditionExpression=STILL_THIS_MARK,
                    ExpressionAttributeNames={"#mark": "mark"},
                    ExpressionAttributeValues={":mark": {"S": mark}},
                )
        except Conflict:
            return False
        return True

    def log(self, slot: str) -> Iterator[Entry]:
        """Everything logged in a slot, in no order; what was told twice stands there twice."""
        for row in self._table.query(("key", slot), consistent=True):
            yield from packing.unpack(row["data"]["B"], _entries)

    def sum(self, period: str) -> Sum:
        """A period's sum as it is stored."""
        span = (f"{period}#", f"{period}#{_LAST}")
        return self._sums(whole_of(period), span).get(period, Sum())

    def sums(self, whole: str, first: str = "") -> dict[str, Sum]:
        """The stored sums of a period's parts by name, from the part `first` on."""
        return self._sums(whole, (first or "0", _LAST))

    def put_sum(self, period: str, cells: Cells, version: int) -> None:
        """Store a period's sum, if the stored one still has this version. Raises `Conflict`."""
        chunks = _chunks(whole_of(period), period, version + 1, packing.pack(cells))
        expires = {"N": str((start_of(period) + KEPT[len(period)]) // 1000)}
        first, *others = [chunk | {"expires": expires} for chunk in chunks]
        self._table.put([_after(version, first), *map(Put, others)])

    def latest(self) -> Latest:
        """Which snapshot is in force."""
        row = self._table.get(_key(_LEARNED, _LATEST))
        return Latest(*(int(row[name]["N"]) for name in ("version", "playbook", "at"))) if row else Latest()

    def load(self, version: int) -> Learned:
        """A snapshot. Raises KeyError."""
        name = f"{version:010d}"
        found = self._whole(_LEARNED, (f"{name}#", f"{name}#{_LAST}"))
        if name not in found:
            raise KeyError(version)
        return packing.unpack(found[name][1], _learned)

    def store(self, learned: Learned, latest: Latest, before: Latest) -> bool:
        """Store a snapshot and put it in force, if `before` still is; whether that was so."""
        chunks = _chunks(_LEARNED, f"{latest.version:010d}", latest.version, packing.pack(learned))
        expires = {"N": str((latest.at + SNAPSHOT_KEPT) // 1000)}
        pointer = _key(_LEARNED, _LATEST) | {
            "version": {"N": str(latest.version)},
            "playbook": {"N": str(latest.playbook)},
            "at": {"N": str(latest.at)},
            "mark": chunks[0]["mark"],
        }
        try:
            self._table.put(
                [_after(before.version, pointer), *(Put(chunk | {"expires": expires}) for chunk in chunks)]
            )
        except Conflict:
            return False
        return True

    def _sums(self, whole: str, span: tuple[str, str]) -> dict[str, Sum]:
        return {
            name: Sum(version, packing.unpack(data, _cells))
            for name, (version, data) in self._whole(whole, span).items()
        }

    def _whole(self, key: str, span: tuple[str, str]) -> dict[str, tuple[int, bytes]]:
        """Version and data of what was stored in chunks, by name."""
        for pause in (*_PAUSES, None):
            found = _assembled(self._table.query(("key", key), ("part", *span), consistent=True))
            if found is not None:
                return found
            if pause is not None:
                self._pause(pause)
        raise Unavailable("tallies")


def _key(key: str, part: str) -> Item:
    return {"key": {"S": key}, "part": {"S": part}}


def _mark(slot: str) -> Item:
    return _key(_MARKS, slot) | {"mark": {"S": uuid.uuid4().hex}}


def _log_items(entries: Mapping[str, Sequence[Entry]], now: int) -> list[Item]:
    items = []
    for slot, logged in entries.items():
        expires = {"N": str((max(start_of(slot), now) + LOG_KEPT) // 1000)}
        for _, data in packing.parts(logged):
            items.append(_key(slot, uuid.uuid4().hex) | {"data": {"B": data}, "expires": expires})
    return items


def _after(version: int, item: Item) -> Put:
    """A put in the place of a version."""
    if not version:
        return Put(item, NEVER_STORED, ("version",))
    return Put(item, STILL_THIS_VERSION, ("version",), {":old": {"N": str(version)}})


def _chunks(key: str, name: str, version: int, data: bytes) -> list[Item]:
    pieces = [data[start : start + packing.LARGEST] for start in range(0, len(data), packing.LARGEST)]
    if len(pieces) > MOST_CHUNKS:
        raise TooLarge("too-large", "What was counted is more than fits in one write.")
    mark = {"S": uuid.uuid4().hex}
    return [
        _key(key, f"{name}#{number:02d}")
        | {"version": {"N": str(version)}, "of": {"N": str(len(pieces))}, "mark": mark, "data": {"B": piece}}
        for number, piece in enumerate(pieces)
    ]


def _assembled(rows: Iterable[Item]) -> dict[str, tuple[int, bytes]] | None:
    """Version and data by name; None if chunks of two writes were read. What a longer write left over is not read."""
    chunks: defaultdict[str, list[Item]] = defaultdict(list)
    for row in rows:
        name, _, number = row["part"]["S"].partition("#")
        if number:
            chunks[name].append(row)
    found = {}
    for name, all_of_it in chunks.items():
        whole = all_of_it[: int(all_of_it[0]["of"]["N"])]
        if len(whole) < int(whole[0]["of"]["N"]) or len({row["mark"]["S"] for row in whole}) > 1:
            return None
        data = b"".join(row["data"]["B"] for row in whole)
        found[name] = (int(whole[0]["version"]["N"]), data)
    return found
