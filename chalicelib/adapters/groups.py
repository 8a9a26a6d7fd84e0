"""The table `groups`: members of segments and places.

shard    <group>#<number>, the number by the profile id's hash
profile  profile id
at       member since, ms
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chalicelib.adapters.cursors import cut, unseal
from chalicelib.adapters.faults import Item
from chalicelib.adapters.tables import Table
from chalicelib.domain.stored import Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_LAST = "~"


class DynamoGroups:
    """Membership in DynamoDB; `shards` is how many parts a group has."""

    def __init__(
        self, client: DynamoDBClient, table: str, shards: int, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._table = Table(client, table, pause)
        self._shards = shards

    def join(self, group: str, profile: str, at: int) -> None:
        """Make the profile a member."""
        self._table.write([self._key(group, profile) | {"at": {"N": str(at)}}])

    def leave(self, group: str, profile: str) -> None:
        """Make the profile no member."""
        self._table.delete([self._key(group, profile)])

    def forget(self, groups: Sequence[str], profiles: Sequence[str]) -> None:
        """Make none of the profiles a member of any of the groups."""
        self._table.delete(
            self._key(group, profile)
            for group in dict.fromkeys(groups)
            for profile in dict.fromkeys(profiles)
        )

    def page(self, group: str, shard: int, cursor: str = "", limit: int = 500) -> Page:
        """Members of one shard by profile id: each (profile id, member since in ms)."""
        after = unseal(cursor, str) if cursor else ""
        span = ("profile", after or "!", _LAST)
        rows = self._table.query(("shard", f"{group}#{shard}"), span, part=limit + 2)
        members = ((row["profile"]["S"], int(row["at"]["N"])) for row in rows)
        fresh = (member for member in members if member[0] != after)
        return Page(*cut(fresh, limit, lambda member: member[0]))

    def count(self, group: str) -> int:
        """How many members a group has."""
        return sum(self._table.count(("shard", f"{group}#{shard}")) for shard in range(self._shards))

    def _key(self, group: str, profile: str) -> Item:
        shard = zlib.crc32(profile.encode()) % self._shards
        return {"shard": {"S": f"{group}#{shard}"}, "profile": {"S": profile}}
