"""The table `playbooks`: every version that was published, which is live, and the switches.

    name     version        holds
    version  1, 2, 3, ...   at (ms), source and compiled (zlib)
    filled   1, 2, 3, ...   at (ms): when every profile was under the version
    live     0              live: the live version's number
    switches 0              body: JSON

Publishing is one transaction, so a version is never live without being there, nor the other way round.
"""

from __future__ import annotations

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

LARGEST = 390_000
"""Compressed bytes of a version: an item has at most 400 KB (409,600), the rest is names and numbers."""

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
        packed = {
            "source": {"B": zlib.compress(source.encode(), 9)},
            "compiled": {"B": zlib.compress(compiled, 9)},
        }
        if sum(len(part["B"]) for part in packed.values()) > LARGEST:
            raise TooLarge(
                "playbook-too-large",
                "A playbook may have 390 KB when compressed: shorten its templates or link to images.",
            )
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

    def load(self, version: int) -> tuple[str, bytes]:
        """Source and compiled form. Raises KeyError."""
        item = self._table.get(_row("version", version), consistent=True)
        if item is None:
            raise KeyError(version)
        return zlib.decompress(item["source"]["B"]).decode(), zlib.decompress(item["compiled"]["B"])

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
        if version not in {int(item["version"]["N"]) for item in self._rows(("version",))}:
            raise KeyError(version)
        self._table.put([Put(_live(version))])

    def switches(self) -> Switches:
        """What the operator has turned off."""
        item = self._table.get(_row("switches", 0), consistent=True)
        return _switches.decode(item["body"]["B"]) if item else Switches()

    def set_switches(self, switches: Switches) -> None:
        """Turn things off, or on again."""
        self._table.put([Put(_row("switches", 0, body={"B": _encode(switches)}))])

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


def _live(number: int) -> Item:
    return _row("live", 0, live={"N": str(number)})
