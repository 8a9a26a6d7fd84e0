"""moto on the local clock: delays, visibility and retention of queues, and the age of what a stream carries."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from infra.local.replacing import replaced


def queues_follow(now: Callable[[], int]) -> AbstractContextManager[None]:
    """While inside, moto's SQS reads the time (ms) from `now`."""
    from moto.sqs import models

    return replaced(models, unix_time_millis=lambda *_: float(now()), unix_time=lambda *_: now() / 1000)


def streams_follow(now: Callable[[], int]) -> AbstractContextManager[None]:
    """While inside, what is written to a streamed table is as old as `now` (ms) says; for tables made before."""
    from moto.dynamodb.models import table

    return replaced(table, utcnow=lambda: datetime.fromtimestamp(now() / 1000, UTC).replace(tzinfo=None))
