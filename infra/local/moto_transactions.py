"""moto's transactions without a copy of the whole table.

moto copies every item before a transaction and, when it is cancelled, puts the copied table in place of
the live one: slow as the table grows, and open stream iterators keep reading the table that was thrown
away. Here the items a transaction names are remembered and put back, and the stream drops what the
cancelled transaction had recorded; the table and its stream stay the same objects.
"""

from __future__ import annotations

import copy
import functools
from contextvars import ContextVar
from typing import Any

_in_transaction: ContextVar[bool] = ContextVar("in_transaction", default=False)
_CHEAP = "_topeka_cheap"


def cheapen_transactions() -> None:
    """Replace the table copy of `transact_write_items` by a copy of the items it names."""
    from moto.dynamodb.models import DynamoDBBackend
    from moto.dynamodb.models.table import Table

    original = DynamoDBBackend.transact_write_items
    if hasattr(original, _CHEAP):
        return

    @functools.wraps(original)
    def transact_write_items(self: Any, transact_items: list[dict[str, Any]]) -> None:
        before = _Before(self, transact_items)
        token = _in_transaction.set(True)
        try:
            original(self, transact_items)
        except BaseException:
            before.restore()
            raise
        finally:
            _in_transaction.reset(token)

    setattr(transact_write_items, _CHEAP, True)
    DynamoDBBackend.transact_write_items = transact_write_items  # type: ignore[method-assign]
    Table.__deepcopy__ = _copy_table  # type: ignore[attr-defined]


def _copy_table(table: Any, memo: dict[int, Any]) -> Any:
    """Inside a transaction a table's copy is itself, so moto's own roll-back puts back the live table."""
    if _in_transaction.get():
        return table
    clone = table.__class__.__new__(table.__class__)
    memo[id(table)] = clone
    clone.__dict__.update(copy.deepcopy(table.__dict__, memo))
    return clone


class _Before:
    """The named items, and the streams' lengths, as they were before a transaction."""

    def __init__(self, backend: Any, actions: list[dict[str, Any]]) -> None:
        self._items: list[tuple[Any, Any, Any, Any]] = []
        self._lengths: dict[str, tuple[Any, int]] = {}
        for action in actions:
            operation = next(iter(action.values()))
            table = backend.tables.get(operation.get("TableName"))
            if table is not None:
                self._remember(backend, table, operation)

    def _remember(self, backend: Any, table: Any, operation: dict[str, Any]) -> None:
        named = operation.get("Key") or operation.get("Item") or {}
        if not all(key in named for key in table.table_key_attrs):
            return
        hash_key, range_key = backend.get_keys_value(table, named)
        self._items.append((table, hash_key, range_key, copy.deepcopy(table.get_item(hash_key, range_key))))
        if table.stream_shard is not None:
            self._lengths.setdefault(table.name, (table.stream_shard, len(table.stream_shard.items)))

    def restore(self) -> None:
        for table, hash_key, range_key, item in self._items:
            partition = table.items if range_key is None else table.items[hash_key]
            key = hash_key if range_key is None else range_key
            if item is None:
                partition.pop(key, None)
            else:
                partition[key] = item
        for shard, length in self._lengths.values():
            del shard.items[length:]
