"""The lake: what goes into Firehose's records, and what comes again."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.adapters.lake import CALL, CALL_RECORDS, RECORD, FirehoseLake, NoLake
from chalicelib.domain.errors import Unavailable
from tests.adapters.flaky import LOST, FlakyClient


class Stream:
    """Firehose's PutRecordBatch: keeps what it takes, refuses the places it is told to, call by call."""

    def __init__(self, *refusals: set[int]) -> None:
        self.refusals = list(refusals)
        self.calls: list[list[bytes]] = []
        self.taken: list[bytes] = []

    def put_record_batch(self, DeliveryStreamName: str, Records: list[dict[str, bytes]]) -> dict[str, Any]:  # noqa: N803
        assert DeliveryStreamName == "lake"
        refused = self.refusals.pop(0) if self.refusals else set()
        data = [record["Data"] for record in Records]
        self.calls.append(data)
        self.taken += [one for place, one in enumerate(data) if place not in refused]
        answers = [
            {"ErrorCode": "x"} if place in refused else {"RecordId": "r"} for place in range(len(data))
        ]
        return {"FailedPutCount": len(refused), "RequestResponses": answers}

    def lines(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(line) for record in self.taken for line in record.splitlines()]


def lake(stream: Any) -> FirehoseLake:
    return FirehoseLake(stream, "lake", pause=lambda _seconds: None)


def test_records_are_lines_with_their_kind() -> None:
    stream = Stream()
    lake(stream).put("event", [{"id": "m1", "text": "a\nb"}, {"id": "m2"}])
    assert stream.lines() == [{"kind": "event", "id": "m1", "text": "a\nb"}, {"kind": "event", "id": "m2"}]
    assert all(record.endswith(b"\n") for record in stream.taken)


def test_a_thousand_events_are_one_call() -> None:
    stream = Stream()
    lake(stream).put("event", [{"id": f"m{number}", "text": "x" * 500} for number in range(1_000)])
    assert len(stream.calls) == 1
    assert len(stream.lines()) == 1_000


def test_nothing_is_no_call() -> None:
    stream = Stream()
    lake(stream).put("event", [])
    assert stream.calls == []


def test_calls_keep_to_firehoses_limits() -> None:
    stream = Stream()
    lake(stream).put("event", [{"id": number, "text": "x" * 30_000} for number in range(400)])
    assert len(stream.lines()) == 400
    assert all(sum(map(len, call)) <= CALL and len(call) <= CALL_RECORDS for call in stream.calls)
    assert all(len(record) <= RECORD for record in stream.taken)


def test_refused_records_are_sent_again_alone() -> None:
    stream = Stream({1}, set())
    lake(stream).put("event", [{"id": number, "text": "x" * 200_000} for number in range(3)])
    assert [len(call) for call in stream.calls] == [3, 1]
    assert sorted(line["id"] for line in stream.lines()) == [0, 1, 2]


def test_a_stream_that_never_takes_them_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        lake(Stream(*[{0}] * 50)).put("event", [{"id": 1}])


def test_a_stream_that_does_not_answer_is_unavailable() -> None:
    client = FlakyClient(Stream())
    client.fail("put_record_batch", LOST)
    with pytest.raises(Unavailable):
        lake(client).put("event", [{"id": 1}])


def test_without_a_stream_nothing_happens() -> None:
    NoLake().put("event", [{"id": 1}])
