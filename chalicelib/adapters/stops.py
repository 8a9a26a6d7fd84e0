"""The table `stops`: keyed hashes of addresses not to contact and of ids that were erased; kept for good.

hash     of an address (`keys.address_hash`), a home id, or a home id and `#door`
reason   bounced, complained; of a home: erased (with what happened there), vacated (the door alone)
at       ms
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from chalicelib.adapters.cursors import seal, unseal
from chalicelib.adapters.faults import Item
from chalicelib.adapters.tables import Put, Table
from chalicelib.domain.erasure import DOOR_ALONE, WITH_HISTORY, Gone, gone_of
from chalicelib.domain.errors import Conflict
from chalicelib.domain.stored import Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NO_LATER_ONE = "(attribute_not_exists(#at) OR #at <= :at)"
OF_A_HOME = "#reason IN (:history, :door)"


class DynamoStops:
    """Stopped hashes in DynamoDB, with the latest reason each."""

    def __init__(
        self, client: DynamoDBClient, table: str, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._table = Table(client, table, pause)

    def add(self, hash: str, reason: str, at: int) -> None:
        """Stop a hash; of two stops the one with the later time stands."""
        when: Item = {"N": str(at)}
        item: Item = {"hash": {"S": hash}, "reason": {"S": reason}, "at": when}
        with suppress(Conflict):
            self._table.put([Put(item, NO_LATER_ONE, ("at",), {":at": when})])

    def erased(self, cursor: str = "", limit: int = 5000) -> Page:
        """Homes that were erased, each `Gone`, in no order; each page reads `limit` stops."""
        after = {"hash": {"S": unseal(cursor, str)}} if cursor else None
        kinds = {":history": {"S": WITH_HISTORY}, ":door": {"S": DOOR_ALONE}}
        items, last = self._table.scan(("hash", "reason", "at"), OF_A_HOME, after, limit, kinds)
        return Page(tuple(map(_gone, items)), seal(last["hash"]["S"]) if last else "")

    def among(self, hashes: Sequence[str]) -> dict[str, str]:
        """Those of the hashes that are stopped, with reasons; sees every stop that was made before."""
        keys = [{"hash": {"S": hash}} for hash in dict.fromkeys(hashes)]
        items = self._table.read(keys, consistent=True)
        return {item["hash"]["S"]: item["reason"]["S"] for item in items}


def _gone(item: Item) -> Gone:
    return gone_of(item["hash"]["S"], item["reason"]["S"], int(item["at"]["N"]))
