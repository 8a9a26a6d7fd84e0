"""The table `timeline`: what happened, and what was decided, under each profile id.

    profile   profile id
    at        e#<ms of the first event, 13 digits>#<hash of mark and all message ids>   events of one commit, one hour
              d#<ms, 13 digits>#<decision id>                                  a decision's record
    body      compressed JSON: a list of events, or the record
    mark      whose write it is, if a worker's
    expires   when DynamoDB may drop it, in seconds

The hash makes a repeat of the same worker's overwrite itself; the mark is a worker's own, so that one who takes back
what it could not commit leaves alone what another has stored of the same events. Such repeats stay side by side, and
readers drop them by message id.
"""

from __future__ import annotations

import hashlib
import heapq
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from chalicelib.adapters import packing
from chalicelib.adapters.cursors import cut, unseal
from chalicelib.adapters.faults import Item
from chalicelib.adapters.tables import Table
from chalicelib.domain.events import Event
from chalicelib.domain.stored import Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

HOUR = 3_600_000
KEPT_SECONDS = 400 * 86_400
"""How long history is kept: a year, so that a season can be compared with the last, and a month's grace.

It counts from receipt, not from the event's own time: an imported event of long ago must stay long enough for
its repeat to be recognized.
"""

_PART = 60
_LAST = "~"

Place = tuple[int, str]
"""An event's or a decision's place in a listing: its time in ms and its id."""


class _Trace(msgspec.Struct, rename="camel"):
    message_id: str
    received_at: int


class _Span(NamedTuple):
    first: int
    body: bytes
    mark: str


_events = msgspec.json.Decoder(list[Event])
_traces = msgspec.json.Decoder(list[_Trace])
_record = msgspec.json.Decoder(dict[str, Any])


class DynamoTimeline:
    """History in DynamoDB."""

    def __init__(
        self, client: DynamoDBClient, table: str, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._table = Table(client, table, pause)

    def append(self, entries: Sequence[tuple[str, Sequence[Event]]], mark: str = "") -> None:
        """Store events under profile ids (pairs of profile id and events). Repeats are harmless."""
        self._table.write(_items_of(entries, mark).values())

    def withdraw(self, entries: Sequence[tuple[str, Sequence[Event]]], mark: str = "") -> None:
        """Take back what one `append` has stored: exactly these entries, under this mark."""
        self._table.delete(
            {"profile": {"S": profile}, "at": {"S": at}} for profile, at in _items_of(entries, mark)
        )

    def record(self, records: Sequence[tuple[str, str, int, dict[str, Any]]]) -> None:
        """Store records of decisions: each the profile's id, the decision's id, its time (ms), and the record."""
        items = {
            (profile, _decision_key(at, decision)): (packing.pack(body), at)
            for profile, decision, at, body in records
        }
        self._table.write(_item(profile, key, body, at) for (profile, key), (body, at) in items.items())

    def contains(
        self,
        profiles: Sequence[str],
        message_ids: Iterable[str],
        around: tuple[int, int],
        before: int,
        but: str = "",
    ) -> set[str]:
        """Which of the message ids are stored under any of these profile ids around these times (ms).

        Only copies that were received `before` that time (ms) count, and none stored under the mark `but`. May also
        find some up to an hour outside the range: an event is its message id, whatever its time.
        """
        wanted = set(message_ids)
        found: set[str] = set()
        for profile in dict.fromkeys(profiles):
            for span in self._spans(profile, around[1], around[0] - HOUR, part=0):
                if found == wanted:
                    return found
                if but and span.mark == but:
                    continue
                traces = packing.unpack(span.body, _traces)
                found |= wanted & {trace.message_id for trace in traces if trace.received_at < before}
        return found

    def page(self, profiles: Sequence[str], limit: int, cursor: str = "") -> Page:
        """Events newest first, each once."""
        before: Place | None = unseal(cursor, tuple[int, str]) if cursor else None
        latest = before[0] if before else None
        spans = [self._spans(profile, latest) for profile in dict.fromkeys(profiles)]
        merged = heapq.merge(*spans, key=lambda span: span.first, reverse=True)
        events = (event for event in _newest(merged) if before is None or event.order < before)
        return Page(*cut(_once(events), limit, lambda event: event.order))

    def decisions(self, profiles: Sequence[str], limit: int, cursor: str = "") -> Page:
        """Decision records newest first, each once."""
        before = _decision_key(*unseal(cursor, tuple[int, str])) if cursor else f"d#{_LAST}"
        span = ("at", "d#", before)
        rows = [
            self._table.query(("profile", profile), span, newest=True, part=_PART)
            for profile in dict.fromkeys(profiles)
        ]
        merged = heapq.merge(*rows, key=_key_of, reverse=True)
        distinct = _distinct(merged, skip=before)
        records, following = cut(distinct, limit, lambda item: _place(_key_of(item)))
        return Page(tuple(packing.unpack(item["body"]["B"], _record) for item in records), following)

    def erase(self, profiles: Sequence[str], until: int | None = None, *, records: bool = True) -> int:
        """Remove everything under these ids (that began at `until` ms or before); how many items went.

        Without `records`, what was decided stays.
        """
        span = None if records else ("at", "e#", f"e#{_LAST}")
        keys = [
            key
            for profile in dict.fromkeys(profiles)
            for key in self._table.query(("profile", profile), span, only=("profile", "at"), consistent=True)
            if until is None or int(_key_of(key).split("#")[1]) <= until
        ]
        self._table.delete(keys)
        return len(keys)

    def _spans(
        self, profile: str, latest: int | None, earliest: int = 0, *, part: int = _PART
    ) -> Iterator[_Span]:
        """Stored runs of events that began in the range, the last to begin first."""
        last = f"e#{_LAST}" if latest is None else f"e#{_digits(latest)}#{_LAST}"
        span = ("at", f"e#{_digits(earliest)}", last)
        for item in self._table.query(("profile", profile), span, newest=True, part=part):
            mark = item["mark"]["S"] if "mark" in item else ""
            yield _Span(int(_key_of(item).split("#")[1]), item["body"]["B"], mark)


def _items_of(entries: Sequence[tuple[str, Sequence[Event]]], mark: str) -> dict[tuple[str, str], Item]:
    """The items that store these entries, by their keys."""
    return {
        (profile, item["at"]["S"]): item
        for profile, events in entries
        for item in to_items(profile, events, mark)
    }


def to_items(profile: str, events: Sequence[Event], mark: str = "") -> Iterator[Item]:
    """One item for each hour-long run of the events, more where one would be too large."""
    for run in _runs(events):
        for part, body in packing.parts(run):
            ids = "\n".join((mark, *(event.message_id for event in part)))
            hashed = hashlib.blake2b(ids.encode(), digest_size=12).hexdigest()
            received = max(event.received_at for event in part)
            item = _item(profile, f"e#{_digits(part[0].timestamp)}#{hashed}", body, received)
            yield item | ({"mark": {"S": mark}} if mark else {})


def _runs(events: Sequence[Event]) -> Iterator[list[Event]]:
    ordered = sorted({event.message_id: event for event in events}.values(), key=lambda event: event.order)
    run: list[Event] = []
    for event in ordered:
        if run and event.timestamp - run[0].timestamp > HOUR:
            yield run
            run = []
        run.append(event)
    if run:
        yield run


def _newest(spans: Iterable[_Span]) -> Iterator[Event]:
    """Events newest first, from runs that come by their first event, the last to begin first.

    A run begun later may still end earlier, so an event waits until no run to come can reach its time.
    """
    waiting: list[tuple[int, str, int, Event]] = []
    place = 0
    for span in spans:
        ready = [entry for entry in waiting if entry[0] > span.first + HOUR]
        waiting = [entry for entry in waiting if entry[0] <= span.first + HOUR]
        yield from (entry[3] for entry in sorted(ready, reverse=True))
        for event in packing.unpack(span.body, _events):
            place += 1
            waiting.append((*event.order, place, event))
    yield from (entry[3] for entry in sorted(waiting, reverse=True))


def _once(events: Iterable[Event]) -> Iterator[Event]:
    told: set[str] = set()
    for event in events:
        if event.message_id not in told:
            told.add(event.message_id)
            yield event


def _distinct(items: Iterable[Item], skip: str) -> Iterator[Item]:
    """The items without repeats of the one before, and without the one the last page ended with."""
    for item in items:
        key = _key_of(item)
        if key != skip:
            yield item
            skip = key


def _item(profile: str, at: str, body: bytes, since: int) -> Item:
    expires = since // 1000 + KEPT_SECONDS
    return {"profile": {"S": profile}, "at": {"S": at}, "body": {"B": body}, "expires": {"N": str(expires)}}


def _decision_key(at: int, decision: str) -> str:
    return f"d#{_digits(at)}#{decision}"


def _place(key: str) -> Place:
    _, at, id = key.split("#", 2)
    return int(at), id


def _key_of(item: Item) -> str:
    at: str = item["at"]["S"]
    return at


def _digits(at: int) -> str:
    return f"{max(at, 0):013d}"
