"""The table `profiles`: what stands at each home (a profile, a sign, an erasure), with one commit's outbox.

id          home id
version     of this item; a counter and a nonce, never used twice
doc         the profile's document            (a profile)
forward_to  the home the person lives at      (a sign)
owners      JSON of former owners, if any     (a sign)
heir        who took over who lived here      (a sign where that may differ from where it leads)
erased_at   ms                                (an erasure; a sign that stands where one was)
outbox      effects as JSON, squeezed; absent when this commit decided nothing
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.adapters.cursors import seal, unseal
from chalicelib.adapters.faults import Item
from chalicelib.adapters.tables import Check, Put, Table
from chalicelib.domain import document
from chalicelib.domain.effects import Effect
from chalicelib.domain.profile import Door, Erased, Profile, Sign
from chalicelib.domain.squeezing import EFFECTS
from chalicelib.domain.stored import Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from chalicelib.domain.stored import Unchanged, Write

VACANT = "attribute_not_exists(#id)"
UNCHANGED = "#version = :expected"

_STORED = ("id", "version", "doc", "forward_to", "owners", "heir", "erased_at")

_encode = msgspec.json.Encoder().encode
_effects = msgspec.json.Decoder(tuple[Effect, ...])
_owners = msgspec.json.Decoder(list[tuple[str, int]])


class DynamoProfiles:
    """Homes in DynamoDB. A reader never pays for an outbox, the stream alone carries it."""

    def __init__(
        self, client: DynamoDBClient, table: str, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._table = Table(client, table, pause)

    def read(self, ids: Iterable[str], *, consistent: bool = False) -> dict[str, Door]:
        """What stands at these homes; an empty home is missing from the answer."""
        keys = [{"id": {"S": id}} for id in dict.fromkeys(ids)]
        items = self._table.read(keys, consistent=consistent, only=_STORED)
        return {item["id"]["S"]: from_item(item) for item in items}

    def commit(self, writes: Sequence[Write], relied: Sequence[Unchanged] = ()) -> None:
        """All of the writes or none, while those `relied` on stand unchanged; at most 100 in all.

        Raises `Conflict` with the ids whose condition failed. Safe to repeat with the same writes after
        `Unavailable`: a version is made for one attempt alone, so a home that already carries it was written by
        the attempt whose answer was lost.
        """
        puts = [self._put(write) for write in writes]
        checks = [Check({"id": {"S": one.id}}, *_standing(one.expected)) for one in relied]
        ids = [*(write.door.id for write in writes), *(one.id for one in relied)]
        self._table.put(puts, ids=ids, mark="version", checks=checks)

    def scan(self, cursor: str = "", limit: int = 500) -> Page:
        """Ids of the profiles there are (no signs), in no order; each page reads `limit` homes."""
        after = {"id": {"S": unseal(cursor, str)}} if cursor else None
        items, last = self._table.scan(("id",), "attribute_exists(doc)", after, limit)
        return Page(tuple(item["id"]["S"] for item in items), seal(last["id"]["S"]) if last else "")

    def _put(self, write: Write) -> Put:
        return Put(to_item(write.door, write.outbox), *_standing(write.expected))


def _standing(expected: str) -> tuple[str, tuple[str, ...], dict[str, Item]]:
    """The condition that a home still has this version, or with "" that it is still empty."""
    if not expected:
        return VACANT, ("id",), {}
    return UNCHANGED, ("version",), {":expected": {"S": expected}}


def to_item(door: Door, outbox: Sequence[Effect] = ()) -> Item:
    """The stored form of what stands at a home."""
    item: Item = {"id": {"S": door.id}, "version": {"S": door.version}}
    match door:
        case Profile():
            item["doc"] = {"B": document.encode(door)}
        case Sign():
            item["forward_to"] = {"S": door.forward_to}
            if door.owners:
                item["owners"] = {"B": _encode(door.owners)}
            if door.heir:
                item["heir"] = {"S": door.heir}
            if door.born_after:
                item["erased_at"] = {"N": str(door.born_after)}
        case Erased():
            item["erased_at"] = {"N": str(door.at)}
    if outbox:
        item["outbox"] = {"B": EFFECTS.squeeze(_encode(outbox))}
    return item


def from_item(item: Item) -> Door:
    """What stands at a home, from its stored form; id and version are the item's own."""
    id, version = item["id"]["S"], item["version"]["S"]
    if "doc" in item:
        profile = document.decode(item["doc"]["B"])
        profile.id, profile.version = id, version
        return profile
    if "forward_to" in item:
        owners = _owners.decode(item["owners"]["B"]) if "owners" in item else []
        born_after = int(item["erased_at"]["N"]) if "erased_at" in item else 0
        heir = item["heir"]["S"] if "heir" in item else ""
        return Sign(id, item["forward_to"]["S"], version, owners, born_after, heir)
    return Erased(id, int(item["erased_at"]["N"]), version)


def outbox_of(image: dict[str, Any]) -> tuple[str, str, tuple[Effect, ...]]:
    """(home id, version, effects) of a stream record's new image; Lambda hands its binary over as base64.

    Raises `ValueError` if the outbox is none of ours.
    """
    data = image.get("outbox", {}).get("B", b"[]")
    text = base64.b64decode(data) if isinstance(data, str) else data
    return image["id"]["S"], image["version"]["S"], _effects.decode(EFFECTS.text_of(text))
