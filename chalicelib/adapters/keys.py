"""The table `keys`: write and operator keys by the hash of the key; the key itself is nowhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.tables import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoKeys:
    """Keys in DynamoDB: hash, kind, and scopes as one space-separated text."""

    def __init__(
        self, client: DynamoDBClient, table: str, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._table = Table(client, table, pause)

    def find(self, hash: str) -> dict[str, Any] | None:
        """{"kind": "write" | "operator", "scopes": [...]} or None."""
        item = self._table.get({"hash": {"S": hash}})
        if item is None:
            return None
        return {"kind": item["kind"]["S"], "scopes": item["scopes"]["S"].split()}

    def add(self, hash: str, kind: str, scopes: Sequence[str]) -> None:
        """Let a key in, or change what it may do."""
        scoped = " ".join(scopes)
        self._table.write([{"hash": {"S": hash}, "kind": {"S": kind}, "scopes": {"S": scoped}}])
