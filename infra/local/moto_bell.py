"""A bell at moto's queues and streams: whoever waits for work is told at once instead of polling."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from infra.local.replacing import replaced


@contextmanager
def bell(ring: Callable[[str], None]) -> Iterator[None]:
    """While inside, `ring` is called with the name of each queue or streamed table that was written to."""
    from moto.dynamodb.models.table import StreamShard
    from moto.sqs.models import Queue

    add_message, add_record = Queue.add_message, StreamShard.add

    def message_added(queue: Any, message: Any) -> None:
        add_message(queue, message)
        ring(queue.name)

    def record_added(shard: Any, old: Any, new: Any) -> None:
        add_record(shard, old, new)
        if new is not None and "outbox" in new.attrs:
            ring(shard.table.name)

    with replaced(Queue, add_message=message_added), replaced(StreamShard, add=record_added):
        yield
