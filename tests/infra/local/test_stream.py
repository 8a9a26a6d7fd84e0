"""The profiles' stream to relay as Lambda's mapping plays it: filter, order, bisection, giving up."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from infra.local.moto_time import streams_follow
from infra.local.stream import StreamPump, matches

from .conftest import NOON, Aws

FILTER = json.dumps({"dynamodb": {"NewImage": {"outbox": {"B": [{"exists": True}]}}}})


class Relay:
    """A function that remembers what it was handed; `answer` may raise, or name failed records."""

    handler = "relay"

    def __init__(self, answer: Callable[[list[dict[str, Any]]], Any] = lambda _: None) -> None:
        self.handed: list[list[str]] = []
        self.records: list[dict[str, Any]] = []
        self._answer = answer

    def mapping(self) -> dict[str, Any]:
        filters = {"Filters": [{"Pattern": FILTER}]}
        return {"BatchSize": 4, "MaximumRetryAttempts": 2, "FilterCriteria": filters}

    def invoke(self, event: dict[str, Any]) -> Any:
        json.dumps(event)
        self.records += event["Records"]
        self.handed.append([record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]])
        return self._answer(event["Records"])


def put(aws: Aws, *ids: str, outbox: bytes = b"[]") -> None:
    effects = {"outbox": {"B": outbox}} if outbox else {}
    for id in ids:
        boto3.client("dynamodb").put_item(
            TableName=aws.made["ProfilesTable"], Item={"id": {"S": id}, **effects}
        )


def carried(relay: Relay) -> tuple[StreamPump, list[str]]:
    given_up: list[str] = []
    return StreamPump("topeka-local-profiles", relay, given_up.append), given_up  # type: ignore[arg-type]


def dying_of(bad: str) -> Callable[[list[dict[str, Any]]], Any]:
    def answer(records: list[dict[str, Any]]) -> Any:
        if any(record["dynamodb"]["Keys"]["id"]["S"] == bad for record in records):
            raise RuntimeError("poisoned")

    return answer


def test_only_versions_with_an_outbox_are_carried_each_once_and_in_order(aws: Aws) -> None:
    relay = Relay()
    pump, _ = carried(relay)
    put(aws, "a")
    put(aws, "silent", outbox=b"")
    put(aws, "b")
    pump.step()
    put(aws, "c")
    pump.step()
    assert relay.handed == [["a", "b"], ["c"]]
    assert not pump.ready()


def test_binary_attributes_come_as_base64_text(aws: Aws) -> None:
    relay = Relay()
    pump, _ = carried(relay)
    put(aws, "a", outbox=b"\x00\xff")
    pump.step()
    assert relay.records[0]["dynamodb"]["NewImage"]["outbox"] == {"B": "AP8="}


def test_a_batch_that_dies_is_halved_until_the_bad_record_stands_alone(aws: Aws) -> None:
    relay = Relay(dying_of("bad"))
    pump, given_up = carried(relay)
    put(aws, "a", "b", "bad", "c")
    pump.step()
    assert relay.handed == [
        ["a", "b", "bad", "c"],
        ["a", "b"],
        ["bad", "c"],
        ["bad"],
        ["bad"],
        ["bad"],
        ["c"],
    ]
    number = relay.records[2]["dynamodb"]["SequenceNumber"]
    assert [json.loads(each)["DDBStreamBatchInfo"]["startSequenceNumber"] for each in given_up] == [number]


def test_after_a_named_failure_only_the_rest_is_carried_again(aws: Aws) -> None:
    tried: list[str] = []

    def fail_once(records: list[dict[str, Any]]) -> Any:
        second = records[1]["dynamodb"]["SequenceNumber"] if len(records) > 1 and not tried else ""
        tried.append(second)
        return {"batchItemFailures": [{"itemIdentifier": second}] if second else []}

    relay = Relay(fail_once)
    pump, given_up = carried(relay)
    put(aws, "a", "b", "c")
    pump.step()
    assert relay.handed == [["a", "b", "c"], ["b"], ["c"]]
    assert given_up == []


@pytest.mark.parametrize(
    ("pattern", "value", "matched"),
    [
        ({"a": [{"exists": True}]}, {"a": 1}, True),
        ({"a": [{"exists": True}]}, {}, False),
        ({"a": [{"exists": False}]}, {}, True),
        ({"a": ["x", "y"]}, {"a": "y"}, True),
        ({"a": {"b": ["x"]}}, {"a": {"b": "z"}}, False),
        ({"a": {"b": ["x"]}}, {"a": "x"}, False),
    ],
)
def test_filter_patterns(pattern: Any, value: Any, matched: bool) -> None:
    assert matches(pattern, value) is matched


def test_a_record_is_as_old_as_the_local_clock_says(aws: Aws) -> None:
    relay = Relay()
    pump, _ = carried(relay)
    with streams_follow(lambda: NOON):
        put(aws, "one", outbox=b"[1]")
    pump.step()
    assert relay.records[0]["dynamodb"]["ApproximateCreationDateTime"] == NOON // 1000
