"""The table `agenda`: what is due when.

    slot   <minute in ms>#<shard>     due   <ms, 13 digits>#<id>     job   JSON
    slot   cursor                     due   tick                     at    the last minute handed out, in ms

A minute is spread over shards by its ids' hash, so that a busy one (nine in the morning) is no hot partition.
"""

from __future__ import annotations

import base64
import time
import uuid
import zlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.adapters.cursors import cut, unseal
from chalicelib.adapters.faults import Item
from chalicelib.adapters.tables import Table
from chalicelib.domain.stored import Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MINUTE = 60_000
PAGE = 500
KEPT_SECONDS = 30 * 86_400
"""How long after its time an entry may go: what rings is removed then, this sweeps up what never rang."""

NEVER_MOVED = "attribute_not_exists(#at)"
STILL_AT_OLD = "#at = :old"

_CURSOR: Item = {"slot": {"S": "cursor"}, "due": {"S": "tick"}}
_LAST = "~"

_encode = msgspec.json.Encoder().encode
_job = msgspec.json.Decoder(dict[str, Any])


class DynamoAgenda:
    """Timers in DynamoDB; `shards` is how many parts a minute has."""

    def __init__(
        self, client: DynamoDBClient, table: str, shards: int, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._table = Table(client, table, pause)
        self._shards = shards

    def put(self, due: int, id: str, job: dict[str, Any]) -> None:
        """Add or overwrite."""
        expires = {"N": str(due // 1000 + KEPT_SECONDS)}
        self._table.write([self._key(due, id) | {"job": {"B": _encode(job)}, "expires": expires}])

    def due(self, minute: int, shard: int, cursor: str = "") -> Page:
        """Entries of one minute (ms, floor) and shard: each {"due", "id", "job"}."""
        after = unseal(cursor, str) if cursor else ""
        span = ("due", after or "0", _LAST)
        rows = self._table.query(("slot", _slot(minute, shard)), span, part=PAGE + 2, consistent=True)
        fresh = (row for row in rows if row["due"]["S"] != after)
        found, following = cut(fresh, PAGE, lambda row: row["due"]["S"])
        return Page(tuple(map(from_item, found)), following)

    def holds(self, minute: int, shard: int) -> bool:
        """Whether there is any entry of one minute (ms, floor) and shard, read consistently."""
        rows = self._table.query(("slot", _slot(minute, shard)), part=1, only=("due",), consistent=True)
        return next(rows, None) is not None

    def remove(self, entries: Sequence[tuple[int, str]]) -> None:
        """Take away entries by (due, id)."""
        self._table.delete(self._key(due, id) for due, id in dict.fromkeys(entries))

    def cursor(self) -> int:
        """The last minute (ms) that tick has handed out, 0 if none."""
        item = self._table.get(_CURSOR, consistent=True)
        return int(item["at"]["N"]) if item else 0

    def advance(self, old: int, new: int) -> bool:
        """Move the cursor if it still stands at `old`; whether it did."""
        values = {":old": {"N": str(old)}, ":new": {"N": str(new)}, ":mark": {"S": uuid.uuid4().hex}}
        clause = STILL_AT_OLD if old else f"{NEVER_MOVED} OR {STILL_AT_OLD}"
        change = "SET #at = :new, #mark = :mark"
        return self._table.update(_CURSOR, change, clause=clause, names=("at", "mark"), values=values)

    def _key(self, due: int, id: str) -> Item:
        shard = zlib.crc32(id.encode()) % self._shards
        return {"slot": {"S": _slot(due, shard)}, "due": {"S": f"{due:013d}#{id}"}}


def from_item(item: Item) -> dict[str, Any]:
    """An entry from its stored form. What nobody can read stands as it is, so that its neighbours still ring."""
    due, id = item["due"]["S"].split("#", 1)
    stored = item["job"]["B"]
    try:
        job = _job.decode(stored)
    except msgspec.DecodeError:
        job = {"unreadable": base64.b64encode(stored).decode()}
    return {"due": int(due), "id": id, "job": job}


def _slot(at: int, shard: int) -> str:
    return f"{at - at % MINUTE}#{shard}"
