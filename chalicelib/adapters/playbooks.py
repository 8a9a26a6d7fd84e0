"""The table `playbooks`: every version that was published, which is live, and the switches.

    name     version        holds
    version  1, 2, 3, ...   at (ms), source and compiled (zlib), or of each its hash and how many parts it has
    part#    0, 1, 2, ...   body: a part of what has that hash
    filled   1, 2, 3, ...   at (ms): when every profile was under the version
    live     0              live: the live version's number
    switches 0              body: JSON

Publishing is one transaction, so a version is never live without being there, nor the other way round. What is
too much for one item goes in parts before it, under a hash of the content: a publication that ends half-way
leaves parts that no version names, and that the same playbook, published again, finds in place.
"""

from __future__ import annotations

import hashlib
import time
import uuid
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.adapters.faults import Item
from chalicelib.adapters.tables import Put, Table
from chalicelib.domain.decision import Switches
from chalicelib.domain.errors import Conflict, TooLarge

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

PART = 300_000
"""Compressed bytes of a version, or of a part, in one item: DynamoDB takes at most 400 KB (409,600)."""
MOST_PARTS = 20
"""What a playbook of 2 MB compiles to is far less, unless each of thousands of small e-mails becomes a page of HTML."""

NEW_NUMBER = "attribute_not_exists(#name)"
_TRIES = 5

_encode = msgspec.json.Encoder().encode
_switches = msgspec.json.Decoder(Switches)


class DynamoPlaybooks:
    """Playbook versions in DynamoDB."""

    def __init__(
        self, client: DynamoDBClient, table: str, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._table = Table(client, table, pause)

    def publish(self, source: str, compiled: bytes, at: int) -> int:
        """Store the next version and make it live; its number. Raises `TooLarge`."""
        packed = self._stored(source=zlib.compress(source.encode(), 9), compiled=zlib.compress(compiled, 9))
        for _ in range(_TRIES):
            number = self._newest() + 1
            version = _row("version", number, at={"N": str(at)}, mark={"S": uuid.uuid4().hex}, **packed)
            try:
                self._table.put([Put(version, NEW_NUMBER, ("name",)), Put(_live(number))])
            except Conflict:
                continue
            return number
        raise Conflict(("version",))

    def live(self) -> int:
        """The live version's number, 0 if none."""
        item = self._table.get(_row("live", 0), consistent=True)
        return int(item["live"]["N"]) if item else 0

    def source(self, version: int) -> str:
        """A version as it was written. Raises KeyError."""
        return self._load(version, "source").decode()

    def compiled(self, version: int) -> bytes:
        """A version as workers load it. Raises KeyError."""
        return self._load(version, "compiled")

    def versions(self) -> list[dict[str, Any]]:
        """Newest first: {"version", "at", "live", "filled"}."""
        live, filled = self.live(), self._times("filled")
        return [
            {"version": number, "at": at, "live": number == live, "filled": filled.get(number, 0)}
            for number, at in self._times("version").items()
        ]

    def filled(self, version: int, at: int) -> None:
        """Note when every profile was under the version."""
        self._table.put([Put(_row("filled", version, at={"N": str(at)}))])

    def filled_at(self, version: int) -> int:
        """What was noted last, 0 if nothing was."""
        item = self._table.get(_row("filled", version), consistent=True)
        return int(item["at"]["N"]) if item else 0

    def point(self, version: int) -> None:
        """Make an existing version live. Raises KeyError."""
        self._version(version)
        self._table.put([Put(_live(version))])

    def switches(self) -> Switches:
        """What the operator has turned off."""
        item = self._table.get(_row("switches", 0), consistent=True)
        return _switches.decode(item["body"]["B"]) if item else Switches()

    def set_switches(self, switches: Switches) -> None:
        """Turn things off, or on again."""
        self._table.put([Put(_row("switches", 0, body={"B": _encode(switches)}))])

    def _stored(self, **packed: bytes) -> dict[str, Item]:
        """The attributes of a version's row; what does not fit it is put in its parts."""
        if sum(map(len, packed.values())) <= PART:
            return {name: {"B": data} for name, data in packed.items()}
        if any(len(data) > PART * MOST_PARTS for data in packed.values()):
            raise TooLarge(
                "playbook-too-large",
                f"A playbook may come to {PART * MOST_PARTS // 1_000_000} MB, compiled and compressed: shorten its "
                "templates or link to images.",
            )
        return {name: self._in_parts(data) for name, data in packed.items()}

    def _in_parts(self, data: bytes) -> Item:
        hash = hashlib.blake2b(data, digest_size=16).hexdigest()
        parts = [data[start : start + PART] for start in range(0, len(data), PART)]
        for number, part in enumerate(parts):
            self._table.put([Put(_row(_part(hash), number, body={"B": part}))])
        return {"M": {"hash": {"S": hash}, "parts": {"N": str(len(parts))}}}

    def _load(self, version: int, name: str) -> bytes:
        stored = self._version(version)[name]
        if "B" in stored:
            return zlib.decompress(stored["B"])
        hash, count = stored["M"]["hash"]["S"], int(stored["M"]["parts"]["N"])
        return zlib.decompress(b"".join(self._body(hash, number) for number in range(count)))

    def _body(self, hash: str, number: int) -> bytes:
        item = self._table.get(_row(_part(hash), number), consistent=True)
        if item is None:  # parts are there before the version that names them, and nothing removes them
            raise KeyError(_part(hash), number)
        body: bytes = item["body"]["B"]
        return body

    def _version(self, number: int) -> Item:
        item = self._table.get(_row("version", number), consistent=True)
        if item is None:
            raise KeyError(number)
        return item

    def _newest(self) -> int:
        newest = next(self._rows(("version",), part=1), None)
        return int(newest["version"]["N"]) if newest else 0

    def _times(self, name: str) -> dict[int, int]:
        """The time by version number, newest first."""
        rows = self._rows(("version", "at"), name=name)
        return {int(item["version"]["N"]): int(item["at"]["N"]) for item in rows}

    def _rows(self, only: tuple[str, ...], part: int = 0, name: str = "version") -> Iterator[Item]:
        home = ("name", name)
        return self._table.query(home, newest=True, part=part, only=only, consistent=True)


def _row(name: str, version: int, **attributes: Item) -> Item:
    return {"name": {"S": name}, "version": {"N": str(version)}, **attributes}


def _part(hash: str) -> str:
    return f"part#{hash}"


def _live(number: int) -> Item:
    return _row("live", 0, live={"N": str(number)})
