"""moto's queries without a walk over the whole table.

moto answers a query by sorting every item of the table and keeping those of the partition asked for: slow as
the table grows. Here a query of the table itself is given the items of that partition alone.
"""

from __future__ import annotations

import functools
import inspect
from contextvars import ContextVar
from typing import Any

_partition: ContextVar[Any] = ContextVar("partition", default=None)
_NARROW = "_topeka_narrow"


def narrow_queries() -> None:
    """Let `query` see only the partition it asks for; queries of an index still see every item."""
    from moto.dynamodb.models.table import Table

    original, every = Table.query, Table.all_items
    if hasattr(original, _NARROW):
        return
    signature = inspect.signature(original)

    @functools.wraps(original)
    def query(self: Any, *args: Any, **kwargs: Any) -> Any:
        asked = signature.bind(self, *args, **kwargs).arguments
        narrow = self.range_key_attr and not asked.get("index_name")
        token = _partition.set(asked["hash_key"] if narrow else None)
        try:
            return original(self, *args, **kwargs)
        finally:
            _partition.reset(token)

    @functools.wraps(every)
    def all_items(self: Any) -> Any:
        wanted = _partition.get()
        if wanted is None:
            return every(self)
        return list(self.items[wanted].values()) if wanted in self.items else []

    setattr(query, _NARROW, True)
    Table.query = query  # type: ignore[method-assign]
    Table.all_items = all_items  # type: ignore[method-assign]
