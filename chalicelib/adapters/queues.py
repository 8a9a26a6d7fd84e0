"""SQS: the queue of events (one message an HTTP batch) and the queues of small jobs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.faults import asking
from chalicelib.domain.envelope import LARGEST, body_of
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.events import EventBatch

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LONGEST_DELAY_S = 900
PART = 10
_ROUNDS = 4
_FIRST_PAUSE = 0.05


class SqsEvents:
    """The queue everything that happens goes through."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, batch: EventBatch, *, delay: int = 0) -> None:
        """One message; `delay` in ms, at most 15 minutes. Returns once it is durable; else `Unavailable`."""
        body = body_of(batch)
        with asking("sqs"):
            self._client.send_message(QueueUrl=self._url, MessageBody=body, DelaySeconds=_seconds(delay))


class SqsJobs:
    """A queue of small JSON jobs. `pause` waits for a number of seconds between tries."""

    def __init__(self, client: SQSClient, url: str, *, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._url = url
        self._pause = pause

    def send(self, jobs: Sequence[dict[str, Any]], *, delay: int = 0) -> None:
        """Send each as a message of its own. After `Unavailable` some may have gone: jobs bear repeating."""
        seconds = _seconds(delay)
        for bodies in _parts([body_of(job) for job in jobs]):
            self._send_part(
                [
                    {"Id": str(place), "MessageBody": body, "DelaySeconds": seconds}
                    for place, body in enumerate(bodies)
                ]
            )

    def _send_part(self, entries: list[Any]) -> None:
        for turn in range(_ROUNDS):
            with asking("sqs"):
                answer: Any = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
            failed = {entry["Id"] for entry in answer.get("Failed", ())}
            entries = [entry for entry in entries if entry["Id"] in failed]
            if not entries:
                return
            self._pause(_FIRST_PAUSE * 2**turn)
        raise Unavailable("sqs")


def _parts(bodies: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for body in bodies:
        weight = len(body.encode())
        if part and (len(part) == PART or size + weight > LARGEST):
            yield part
            part, size = [], 0
        part.append(body)
        size += weight
    if part:
        yield part


def _seconds(delay: int) -> int:
    return max(0, min(math.ceil(delay / 1000), LONGEST_DELAY_S))
