"""moto's queues on the local clock: delays, visibility and retention follow it when it is moved."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from infra.local.replacing import replaced


def queues_follow(now: Callable[[], int]) -> AbstractContextManager[None]:
    """While inside, moto's SQS reads the time (ms) from `now`."""
    from moto.sqs import models

    return replaced(models, unix_time_millis=lambda *_: float(now()), unix_time=lambda *_: now() / 1000)
