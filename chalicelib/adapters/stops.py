"""The table `stops`: keyed hashes of addresses not to contact and of ids that were erased; kept for good."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from chalicelib.adapters.tables import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoStops:
    """Stopped hashes in DynamoDB, with the latest reason each."""

    def __init__(
        self, client: DynamoDBClient, table: str, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._table = Table(client, table, pause)

    def add(self, hash: str, reason: str, at: int) -> None:
        """Stop a hash."""
        self._table.write([{"hash": {"S": hash}, "reason": {"S": reason}, "at": {"N": str(at)}}])

    def among(self, hashes: Sequence[str]) -> dict[str, str]:
        """Those of the hashes that are stopped, with reasons; sees every stop that was made before."""
        keys = [{"hash": {"S": hash}} for hash in dict.fromkeys(hashes)]
        items = self._table.read(keys, consistent=True)
        return {item["hash"]["S"]: item["reason"]["S"] for item in items}
