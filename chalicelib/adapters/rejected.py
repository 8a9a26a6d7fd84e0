"""The table `rejected`: events that were refused and why, for 14 days.

    day      2026-03-02 (UTC, of receipt)
    id       <ms of receipt, 13 digits>#<hash of the rejections' ids>
    body     compressed JSON: what one request was refused, in its order
    expires  when DynamoDB may drop it, in seconds

One item holds what one request was refused, so that a flood of bad events is no flood of writes to one day.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from chalicelib.adapters import packing
from chalicelib.adapters.cursors import cut, unseal
from chalicelib.adapters.faults import Item
from chalicelib.adapters.tables import Table
from chalicelib.domain.events import Rejection
from chalicelib.domain.stored import Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DAY = 86_400_000
KEPT_DAYS = 14
_PART = 20
_LAST = "~"

Place = tuple[str, int]
"""Where a page ended: the item's id and how many of its rejections were told."""

_rejections = msgspec.json.Decoder(list[Rejection])


class DynamoRejected:
    """Refused events in DynamoDB; the clock tells which day is the newest."""

    def __init__(
        self,
        client: DynamoDBClient,
        table: str,
        clock: Callable[[], int],
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table = Table(client, table, pause)
        self._clock = clock

    def add(self, rejections: Sequence[Rejection]) -> None:
        """Store them; the same ones again change nothing."""
        items = {item["id"]["S"]: item for item in to_items(rejections)}
        self._table.write(items.values())

    def page(self, since: int, cursor: str = "", limit: int = 100) -> Page:
        """Rejections received at `since` (ms) or later, latest first."""
        last, told = unseal(cursor, tuple[str, int]) if cursor else (_LAST, 0)
        fresh = (
            (place, rejection)
            for place, rejection in self._latest(since, last)
            if place[0] != last or place[1] > told
        )
        found, following = cut(fresh, limit, lambda entry: entry[0])
        return Page(tuple(rejection for _, rejection in found), following)

    def _latest(self, since: int, last: str) -> Iterator[tuple[Place, Rejection]]:
        now = self._clock()
        newest = now if last == _LAST else min(now, int(last.split("#", 1)[0]))
        oldest = max(since, now - KEPT_DAYS * DAY, 0)
        for day in range(newest // DAY, oldest // DAY - 1, -1):
            span = ("id", _digits(oldest), last)
            for item in self._table.query(("day", _day(day * DAY)), span, newest=True, part=_PART):
                told = packing.unpack(item["body"]["B"], _rejections)
                yield from (((item["id"]["S"], place), one) for place, one in enumerate(told, 1))


def to_items(rejections: Iterable[Rejection]) -> Iterator[Item]:
    """One item for those received at one time, more where one would be too large."""
    together: defaultdict[int, dict[tuple[str, int], Rejection]] = defaultdict(dict)
    for rejection in rejections:
        together[rejection.received_at].setdefault((rejection.id, rejection.index), rejection)
    for received, distinct in together.items():
        for part, body in packing.parts(list(distinct.values())):
            ids = "\n".join(f"{rejection.id} {rejection.index}" for rejection in part)
            mark = hashlib.blake2b(ids.encode(), digest_size=12).hexdigest()
            yield {
                "day": {"S": _day(received)},
                "id": {"S": f"{_digits(received)}#{mark}"},
                "body": {"B": body},
                "expires": {"N": str(received // 1000 + KEPT_DAYS * 86_400)},
            }


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d")


def _digits(at: int) -> str:
    return f"{max(at, 0):013d}"
