"""SQS to a function as Lambda plays it: batches, partial failures, visibility, redelivery, dead letters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
import pytest

from infra.local.pumps import QueuePump
from infra.local.queues import LocalQueue

from .conftest import Aws

SECOND = 1_000
VISIBILITY = 720 * SECOND


class Recorded:
    """A function that remembers the batches it was handed; `answer` says what it gives back."""

    handler = "recorded"

    def __init__(
        self, answer: Callable[[list[dict[str, Any]]], Any] = lambda _: None, batch: int = 1000
    ) -> None:
        self.batches: list[list[str]] = []
        self.records: list[dict[str, Any]] = []
        self._answer, self._batch = answer, batch

    def mapping(self) -> dict[str, Any]:
        return {"BatchSize": self._batch}

    def invoke(self, event: dict[str, Any]) -> Any:
        self.records += event["Records"]
        self.batches.append([record["body"] for record in event["Records"]])
        return self._answer(event["Records"])


def failing(*bodies: str) -> Callable[[list[dict[str, Any]]], Any]:
    """An answer that names the records with these bodies as failed."""

    def answer(records: list[dict[str, Any]]) -> Any:
        return {
            "batchItemFailures": [{"itemIdentifier": r["messageId"]} for r in records if r["body"] in bodies]
        }

    return answer


def dying(_: list[dict[str, Any]]) -> Any:
    raise SystemExit("the instance is gone")


@pytest.fixture
def queue(aws: Aws) -> LocalQueue:
    return LocalQueue("topeka-local-events")


def pump_to(function: Recorded, queue: LocalQueue) -> QueuePump:
    return QueuePump(queue, function)  # type: ignore[arg-type]


def test_a_batch_takes_more_than_one_receive_brings(queue: LocalQueue) -> None:
    for number in range(25):
        queue.put(str(number))
    function = Recorded(batch=22)
    pump = pump_to(function, queue)
    pump.step()
    pump.step()
    assert [len(batch) for batch in function.batches] == [22, 3]
    assert len(queue) == 0


def test_a_batch_stays_below_what_lambda_takes(queue: LocalQueue) -> None:
    for _ in range(40):
        queue.put("x" * 500_000)
    function = Recorded()
    pump_to(function, queue).step()
    assert sum(len(body) for body in function.batches[0]) <= 6_000_000


def test_what_fails_is_handed_out_again_after_its_visibility_timeout(aws: Aws, queue: LocalQueue) -> None:
    for body in ("good", "bad"):
        queue.put(body)
    function = Recorded(failing("bad"))
    pump = pump_to(function, queue)
    pump.step()
    assert not pump.ready()
    assert pump.next_due() == aws.clock.now() + VISIBILITY + 1
    aws.clock.hold(aws.clock.now() + VISIBILITY + 1)
    pump.step()
    assert function.batches == [["good", "bad"], ["bad"]]
    assert function.records[-1]["attributes"]["ApproximateReceiveCount"] == "2"


def test_a_function_that_dies_loses_nothing(aws: Aws, queue: LocalQueue) -> None:
    queue.put("one")
    pump_to(Recorded(dying), queue).step()
    aws.clock.hold(aws.clock.now() + VISIBILITY + 1)
    function = Recorded()
    pump_to(function, queue).step()
    assert function.batches == [["one"]]


def test_what_keeps_failing_lies_in_the_dead_letter_queue(queue: LocalQueue) -> None:
    for body in ("bad", "good"):
        queue.put(body)
    function = Recorded(failing("bad"))
    pump = pump_to(function, queue)
    pump.step()
    while queue.bring_back():
        pump.step()
    assert [batch.count("bad") for batch in function.batches] == [1] * 5
    assert (len(queue), LocalQueue("topeka-local-events-dead").bodies()) == (0, ["bad"])


def test_a_delayed_message_waits_for_the_local_clock(aws: Aws, queue: LocalQueue) -> None:
    url = aws.made["EventsQueue"]
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody="later", DelaySeconds=900)
    assert (queue.ready(), queue.next_due()) == (False, aws.clock.now() + 900 * SECOND)
    aws.clock.hold(aws.clock.now() + 900 * SECOND)
    assert queue.ready()


def test_a_delayed_message_is_not_brought_forward(aws: Aws, queue: LocalQueue) -> None:
    boto3.client("sqs").send_message(QueueUrl=aws.made["EventsQueue"], MessageBody="later", DelaySeconds=60)
    assert not queue.bring_back()
