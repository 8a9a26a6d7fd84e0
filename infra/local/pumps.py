"""What moves work from a queue, a stream or the clock into a function: Lambda's pollers and EventBridge."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

from infra.local.functions import Function
from infra.local.queues import LocalQueue
from infra.local.resources import REGION

log = logging.getLogger("topeka.local")


class Pump(Protocol):
    """One source of work. `ready` and `next_due` only look, without a lock of moto's."""

    name: str
    threads: int

    def ready(self) -> bool:
        """Whether `step` would find work now."""

    def next_due(self) -> int | None:
        """The instant (ms) something comes due by itself, None if nothing will."""

    def step(self) -> None:
        """Take what is there and hand it to the function."""


class QueuePump:
    """SQS to a function: batches, partial failures; what fails stays invisible until its timeout is over."""

    def __init__(
        self,
        queue: LocalQueue,
        function: Function,
        *,
        threads: int = 1,
        handled: Callable[[list[Any]], None] = lambda _: None,
    ) -> None:
        self.name, self.threads = queue.name, threads
        self.queue, self._function, self._handled = queue, function, handled
        self._batch = int(function.mapping()["BatchSize"])

    def ready(self) -> bool:
        return self.queue.ready()

    def next_due(self) -> int | None:
        return self.queue.next_due()

    def step(self) -> None:
        messages = self.queue.take(self._batch)
        if not messages:
            return
        failed = self._failed(messages)
        done = [message for message in messages if message.id not in failed]
        self.queue.finish(done)
        self._handled(done)

    def _failed(self, messages: list[Any]) -> set[str]:
        """Ids of the messages to see again: those the function names, or all if it died."""
        try:
            answer = self._function.invoke({"Records": [self._record(message) for message in messages]})
        except BaseException:
            log.exception("function-died", extra={"function": self._function.handler})
            return {message.id for message in messages}
        return {each["itemIdentifier"] for each in (answer or {}).get("batchItemFailures", ())}

    def _record(self, message: Any) -> dict[str, Any]:
        return {
            "messageId": message.id,
            "receiptHandle": message.receipt_handle,
            "body": message.body,
            "attributes": {
                "ApproximateReceiveCount": str(message.approximate_receive_count),
                "SentTimestamp": str(message.sent_timestamp),
                "SenderId": message.sender_id,
                "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
            },
            "messageAttributes": {},
            "md5OfBody": message.body_md5,
            "eventSource": "aws:sqs",
            "eventSourceARN": self.queue.arn,
            "awsRegion": REGION,
        }
