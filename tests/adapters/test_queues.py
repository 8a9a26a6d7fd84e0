"""The queues over moto's SQS."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.queues import SqsEvents, SqsJobs
from chalicelib.domain.envelope import batch_of, job_of
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.events import Event, EventBatch
from tests.adapters.flaky import LOST, FlakyClient, aws_error

EVENT = Event("m1", "track", 5, 6, event="Product Viewed", user_id="\U0001f600\x00\uffff")


@pytest.fixture
def client(sqs: Any) -> FlakyClient:
    return FlakyClient(sqs)


def bodies(sqs: Any, queue: str) -> list[str]:
    found: list[str] = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        found.extend(message["Body"] for message in messages)
    return found


class TestEvents:
    def test_a_batch_is_one_message(self, client: Any, sqs: Any, queue: str) -> None:
        batch = EventBatch((EVENT, EVENT), attempt=2)
        SqsEvents(client, queue).send(batch)
        assert [batch_of(body) for body in bodies(sqs, queue)] == [batch]

    def test_a_batch_that_would_be_too_large_plain_is_one_message(
        self, client: Any, sqs: Any, queue: str
    ) -> None:
        context = {"page": {"url": "https://example.com/" + "x" * 1_000}}
        batch = EventBatch(tuple(Event(f"m{n}", "page", 5, 6, context=context) for n in range(2_500)))
        SqsEvents(client, queue).send(batch)
        assert [batch_of(body) for body in bodies(sqs, queue)] == [batch]

    @pytest.mark.parametrize(
        ("delay", "seconds"), [(0, 0), (1, 1), (1_000, 1), (1_001, 2), (900_000, 900), (10**9, 900), (-5, 0)]
    )
    def test_delays_are_in_whole_seconds_and_never_early(
        self, client: FlakyClient, delay: int, seconds: int
    ) -> None:
        asked: list[dict[str, Any]] = []
        client.answer("send_message", asked.append)
        SqsEvents(client, "url").send(EventBatch(), delay=delay)  # type: ignore[arg-type]
        assert asked[0]["DelaySeconds"] == seconds

    @pytest.mark.parametrize(
        "fault", [LOST, aws_error("RequestThrottled"), aws_error("InternalError", status=500)]
    )
    def test_a_queue_that_refuses_is_unavailable(self, client: FlakyClient, fault: Exception) -> None:
        client.fail("send_message", fault)
        with pytest.raises(Unavailable):
            SqsEvents(client, "url").send(EventBatch((EVENT,)))  # type: ignore[arg-type]


class TestJobs:
    def test_each_is_a_message(self, client: Any, sqs: Any, queue: str) -> None:
        jobs = [{"kind": "ring", "minute": number} for number in range(23)]
        SqsJobs(client, queue).send(jobs)
        found = [job_of(body) for body in bodies(sqs, queue)]
        assert sorted(job["minute"] for job in found) == list(range(23))
        assert client.calls["send_message_batch"] == 3

    def test_no_jobs_are_no_call(self, client: Any, queue: str) -> None:
        SqsJobs(client, queue).send([])
        assert client.calls == {}

    def test_large_ones_go_in_more_calls(self, client: Any, sqs: Any, queue: str) -> None:
        jobs = [{"text": "x" * 60_000, "n": number} for number in range(40)]
        SqsJobs(client, queue).send(jobs)
        assert len(bodies(sqs, queue)) == 40

    def test_those_that_failed_are_sent_again_alone(self, client: FlakyClient) -> None:
        asked: list[list[str]] = []

        def refuse_the_second(request: dict[str, Any]) -> dict[str, Any]:
            asked.append([entry["MessageBody"] for entry in request["Entries"]])
            return {"Failed": [{"Id": "1"}]} if len(asked) == 1 else {}

        client.answer("send_message_batch", refuse_the_second, refuse_the_second)
        SqsJobs(client, "url", pause=lambda _seconds: None).send([{"n": 0}, {"n": 1}, {"n": 2}])  # type: ignore[arg-type]
        assert asked == [['{"n":0}', '{"n":1}', '{"n":2}'], ['{"n":1}']]

    def test_those_that_never_go_make_the_queue_unavailable(self, client: FlakyClient) -> None:
        client.answer("send_message_batch", *[{"Failed": [{"Id": "0"}]}] * 50)
        with pytest.raises(Unavailable):
            SqsJobs(client, "url", pause=lambda _seconds: None).send([{"n": 0}])  # type: ignore[arg-type]
