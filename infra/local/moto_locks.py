"""moto's tables and queues, safe to use from several threads.

moto checks a condition and writes in two steps, so two threads may both win:

    thread 1: version is 7?  yes ........................ put version 8
    thread 2: ................. version is 7?  yes, put version 8'      (lost by thread 1's put)

and a queue's `delete` rebuilds its list while another thread's `send` appends to the old one.
One re-entrant lock around each kind of call puts the steps back together.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

_LOCKED = "_topeka_locked"

#: What reads and then changes a queue. The long-polling wait is not in use here, so none of these blocks.
_QUEUE_CALLS = (
    "send_message",
    "receive_message",
    "delete_message",
    "change_message_visibility",
    "purge_queue",
)


def lock_calls() -> None:
    """Let one thread at a time into moto's DynamoDB, and one into its SQS."""
    from moto.dynamodb.responses import DynamoHandler
    from moto.sqs.models import SQSBackend

    _lock(DynamoHandler, ("call_action",))
    _lock(SQSBackend, _QUEUE_CALLS)


def dynamodb_lock() -> Any:
    """The lock every DynamoDB call holds, for whoever looks into moto's tables directly."""
    from moto.dynamodb.responses import DynamoHandler

    return getattr(DynamoHandler, _LOCKED)


def _lock(owner: type, names: tuple[str, ...]) -> None:
    if getattr(owner, _LOCKED, None) is not None:
        return
    lock = threading.RLock()
    for name in names:
        setattr(owner, name, _under(lock, getattr(owner, name)))
    setattr(owner, _LOCKED, lock)


def _under(lock: Any, call: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(call)
    def locked(*args: Any, **kwargs: Any) -> Any:
        with lock:
            return call(*args, **kwargs)

    return locked
