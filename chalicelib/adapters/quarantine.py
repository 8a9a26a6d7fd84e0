"""The table `quarantine`: events that were set aside, by profile, for 14 days. A portion is two items.

    slot     who#<number, by the profile id's hash>             a row: that it is there
    at       <profile>#<ms of the first receipt, 13 digits>#<hash of all message ids>
    events   how many
    last     ms of the last receipt

    slot     <profile>#<ms>#<hash>, as the row's `at`           its events
    at       events
    body     compressed JSON: a list of events, by receipt

    expires  when DynamoDB may drop it, in seconds (both)

One portion holds what one batch sets aside of a profile, so a flood costs two puts a batch, whatever its size. Its
events stand under a partition key of their own, so no key takes the flood; rows, which share one, are a unit each.
Whoever lists reads rows, never events.

Both items are put in one transaction, and a removal takes the events first. So a row without events is never one
that is being written, but what an unfinished removal left: it may go.

    release   reads row and events ... sends them ... deletes the events ... dies
    again     reads the row, no events ............................. deletes the row
"""

from __future__ import annotations

import hashlib
import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from chalicelib.adapters import packing
from chalicelib.adapters.cursors import cut, seal, unseal
from chalicelib.adapters.faults import Item
from chalicelib.adapters.tables import Put, Table
from chalicelib.domain.errors import Conflict, Retry, Unavailable
from chalicelib.domain.events import Event
from chalicelib.domain.stored import Page, Quarantined, SetAside

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT_SECONDS = 14 * 86_400
COUNTED = 5_000
"""Portions of one profile that are counted for a listing; the rest are not looked at."""

_TOGETHER = 50
_TOGETHER_BYTES = 3_500_000
"""What one transaction takes: 100 puts and 4 MB are AWS's limits, and a portion is two puts."""
_READ = 50
"""Portions whose events are read in one call."""
_PART = 1_000
_PAUSES = (0.05, 0.2, 0.8)
_LAST = "~"

_events = msgspec.json.Decoder(tuple[Event, ...])


class Portion(NamedTuple):
    """The two items of what is set aside together."""

    row: Item
    events: Item

    @property
    def weight(self) -> int:
        """Bytes, about."""
        return len(self.events["body"]["B"]) + 1_000


class DynamoQuarantine:
    """The quarantine in DynamoDB; `shards` is how many parts the list of who is in it has."""

    def __init__(
        self, client: DynamoDBClient, table: str, shards: int, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._table = Table(client, table, pause)
        self._shards = shards
        self._pause = pause

    def add(self, entries: Sequence[tuple[str, Sequence[Event]]]) -> None:
        """Set events aside under profile ids (pairs of profile id and events). Repeats are harmless."""
        together: defaultdict[str, list[Event]] = defaultdict(list)
        for profile, events in entries:
            together[profile] += events
        made = [portion for profile, events in together.items() for portion in self._made(profile, events)]
        for part in _parts(made):
            self._put([Put(item) for portion in part for item in portion])

    def profiles(self, cursor: str = "", limit: int = 100) -> Page:
        """Who has events set aside: each a `Quarantined`, shard by shard, by id. Reads no events.

        Of each, at most `COUNTED` portions are counted.
        """
        first, after = unseal(cursor, tuple[int, str]) if cursor else (0, "")
        found = (
            (shard, one)
            for shard in range(max(first, 0), self._shards)
            for one in self._of_shard(f"who#{shard}", after if shard == first else "")
        )
        chosen, following = cut(found, limit, lambda entry: (entry[0], entry[1].profile))
        return Page(tuple(one for _, one in chosen), following)

    def page(self, profile: str, cursor: str = "", limit: int = 100) -> Page:
        """Events of a profile, portion by portion, by receipt; on one page each once."""
        last, told = unseal(cursor, tuple[str, int]) if cursor else ("", 0)
        fresh = (
            ((portion.id, place), event)
            for portion in self._portions(profile, last, limit)
            for place, event in enumerate(portion.events, 1)
            if portion.id != last or place > told
        )
        found, following = cut(_once(fresh), limit, lambda entry: entry[0])
        return Page(tuple(event for _, event in found), following)

    def portions(self, profile: str, until: int, cursor: str = "", limit: int = 1_000) -> Page:
        """What began to be received at `until` (ms) or before: each a whole `SetAside`, oldest first.

        A page has as few of them as hold `limit` events, and at most 50.
        """
        after = unseal(cursor, str) + _LAST if cursor else ""
        rows = self._rows(profile, after, _up_to(until))
        taken = _taken(rows, limit)
        more = next(rows, None) is not None
        return Page(tuple(self._read(taken)), seal(_id(taken[-1])) if more else "")

    def remove(self, profile: str, ids: Sequence[str]) -> None:
        """Take away portions by id, their events first. Repeats are harmless."""
        places = [f"{profile}#{id}" for id in dict.fromkeys(ids)]
        self._table.delete([_events_key(place) for place in places])
        self._table.delete([self._row_key(place) for place in places])

    def erase(self, profiles: Sequence[str], until: int | None = None) -> int:
        """Remove everything under these ids (that began to be received at `until` ms or before); how many portions."""
        gone = 0
        for profile in dict.fromkeys(profiles):
            rows = self._rows(profile, "", _up_to(until))
            while ids := [_id(row) for row in islice(rows, _PART)]:
                self.remove(profile, ids)
                gone += len(ids)
        return gone

    def _put(self, puts: Sequence[Put]) -> None:
        """A flood may throttle its own partition for a moment. A conflict is a twin of ours that writes the same."""
        for pause in _PAUSES:
            try:
                return self._table.put(puts)
            except Retry:
                self._pause(pause)
        try:
            self._table.put(puts)
        except Conflict as conflict:
            raise Unavailable("dynamodb") from conflict

    def _of_shard(self, slot: str, after: str) -> Iterator[Quarantined]:
        """Profiles in one shard behind one of them. Whoever has more portions than are counted is stepped over."""
        crowded: str | None = after
        while crowded is not None:
            crowded = yield from self._up_to_a_crowd(slot, crowded)

    def _up_to_a_crowd(self, slot: str, after: str) -> Generator[Quarantined, None, str | None]:
        first = f"{after}#{_LAST}"
        rows = self._table.query(("slot", slot), ("at", first, _LAST), part=_PART) if first < _LAST else ()
        for profile, theirs in groupby(rows, key=_profile):
            counted = list(islice(theirs, COUNTED))
            if len(counted) == COUNTED:
                counted += islice(self._rows(profile, newest=True), 1)
                yield _counted(profile, counted[:-1], counted[-1])
                return profile
            yield _counted(profile, counted, counted[-1])
        return None

    def _portions(self, profile: str, since: str, wanted: int) -> Iterator[SetAside]:
        """Oldest first from the one of id `since` on; events are read as they are wanted."""
        rows = self._rows(profile, since)
        while taken := _taken(rows, wanted):
            yield from self._read(taken)

    def _rows(
        self, profile: str, first: str = "", last: str = _LAST, *, newest: bool = False
    ) -> Iterator[Item]:
        if first > last:
            return iter(())
        span = ("at", f"{profile}#{first}", f"{profile}#{last}")
        part = 1 if newest else _PART
        return self._table.query(
            ("slot", self._slot(profile)), span, newest=newest, part=part, consistent=True
        )

    def _read(self, rows: Sequence[Item]) -> Iterator[SetAside]:
        keys = [_events_key(row["at"]["S"]) for row in rows]
        found = {item["slot"]["S"]: item["body"]["B"] for item in self._table.read(keys, consistent=True)}
        for row in rows:
            body = found.get(row["at"]["S"])
            yield SetAside(_id(row), packing.unpack(body, _events) if body else ())

    def _made(self, profile: str, events: Iterable[Event]) -> Iterator[Portion]:
        """One portion, more where one would be too large. Same events, same portions."""
        distinct = {event.message_id: event for event in events}.values()
        ordered = sorted(distinct, key=lambda event: (event.received_at, event.order))
        for part, body in packing.parts(ordered) if ordered else ():
            ids = "\n".join(event.message_id for event in part)
            mark = hashlib.blake2b(ids.encode(), digest_size=12).hexdigest()
            place = f"{profile}#{_digits(part[0].received_at)}#{mark}"
            last = part[-1].received_at
            kept = {"expires": {"N": str(last // 1000 + KEPT_SECONDS)}}
            told = {"events": {"N": str(len(part))}, "last": {"N": str(last)}}
            yield Portion(
                self._row_key(place) | told | kept, _events_key(place) | {"body": {"B": body}} | kept
            )

    def _row_key(self, place: str) -> Item:
        return {"slot": {"S": self._slot(place.split("#", 1)[0])}, "at": {"S": place}}

    def _slot(self, profile: str) -> str:
        return f"who#{zlib.crc32(profile.encode()) % self._shards}"


def _events_key(place: str) -> Item:
    return {"slot": {"S": place}, "at": {"S": "events"}}


def _parts(portions: Iterable[Portion]) -> Iterator[list[Portion]]:
    """Runs of portions that each fit one transaction."""
    part: list[Portion] = []
    for portion in portions:
        weight = sum(each.weight for each in part) + portion.weight
        if part and (len(part) == _TOGETHER or weight > _TOGETHER_BYTES):
            yield part
            part = []
        part.append(portion)
    if part:
        yield part


def _taken(rows: Iterator[Item], wanted: int) -> list[Item]:
    """The next rows: as few as stand for that many events, and no more than are read in one call."""
    taken: list[Item] = []
    events = 0
    while events < wanted and len(taken) < _READ and (row := next(rows, None)):
        taken.append(row)
        events += int(row["events"]["N"])
    return taken


def _counted(profile: str, rows: Sequence[Item], newest: Item) -> Quarantined:
    return Quarantined(
        profile,
        sum(int(row["events"]["N"]) for row in rows),
        int(_id(rows[0]).split("#")[0]),
        max(int(row["last"]["N"]) for row in (*rows, newest)),
    )


def _once(events: Iterable[tuple[tuple[str, int], Event]]) -> Iterator[tuple[tuple[str, int], Event]]:
    told: set[str] = set()
    for place, event in events:
        if event.message_id not in told:
            told.add(event.message_id)
            yield place, event


def _profile(row: Item) -> str:
    return str(row["at"]["S"].split("#", 1)[0])


def _id(row: Item) -> str:
    return str(row["at"]["S"].split("#", 1)[1])


def _up_to(until: int | None) -> str:
    """The last id of portions that began to be received at a time or before."""
    return _LAST if until is None else f"{_digits(until)}#{_LAST}"


def _digits(at: int) -> str:
    return f"{max(at, 0):013d}"
