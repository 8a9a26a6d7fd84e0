"""Each handler as Lambda finds it: by its packaged string, in a fresh interpreter, with the sample of `events/`."""

from __future__ import annotations

import base64
import copy
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.granted import refused

PROJECT = Path(__file__).parent.parent
HANDLERS = {
    "ingest": ("IngestEvents", "chalicelib.entrypoints.ingest.ingest_events"),
    "relay": ("RelayOutbox", "chalicelib.entrypoints.relay.relay_outbox"),
    "send": ("SendDeliveries", "chalicelib.entrypoints.send.send_deliveries"),
    "feedback": ("TakeFeedback", "chalicelib.entrypoints.feedback.take_feedback"),
    "tick": ("Tick", "chalicelib.entrypoints.tick.tick"),
    "jobs": ("RunJobs", "chalicelib.entrypoints.jobs.run_jobs"),
}
QUEUES = ("ingest", "send", "feedback", "jobs")
Payload = dict[str, Any]


def sample(name: str) -> Payload:
    read: Payload = json.loads((PROJECT / "events" / f"{name}.json").read_text())
    return read


@dataclass(frozen=True)
class Told:
    """What a handler answered to each event, and the calls it made: service, operation, on what."""

    answers: list[Any]
    calls: set[tuple[str, str, str]]


def call(name: str, *events: Payload) -> Told:
    """Hand the events to the handler in an interpreter of its own, which never loads `app.py`.

    Whatever the handler asks of AWS on the way, its packaged role must allow.
    """
    function, handler = HANDLERS[name]
    done = subprocess.run(
        [sys.executable, "-m", "tests.fresh_handler", handler],
        input=json.dumps(events),
        capture_output=True,
        text=True,
        cwd=PROJECT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # Log lines and metrics come before, on lines of their own.
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["app"] is False
    assert refused(function, told["calls"]) == set()
    return Told(told["answers"], {(service, operation, on) for service, operation, on in told["calls"]})


def with_unreadable_message(event: Payload) -> tuple[Payload, str]:
    """The sample with a message in the middle that is no JSON; and that message's id."""
    spoilt = copy.deepcopy(event)
    bad = {**copy.deepcopy(spoilt["Records"][0]), "messageId": "unreadable", "body": "{not json"}
    spoilt["Records"].insert(1, bad)
    return spoilt, "unreadable"


@pytest.mark.parametrize("name", QUEUES)
def test_a_queue_handler_takes_its_sample_and_names_only_the_message_that_failed(name: str) -> None:
    spoilt, bad = with_unreadable_message(sample(name))
    told = call(name, sample(name), spoilt)
    assert told.answers == [{"batchItemFailures": []}, {"batchItemFailures": [{"itemIdentifier": bad}]}]


def job(**fields: Any) -> Payload:
    """The jobs queue brings a job."""
    record = {**sample("jobs")["Records"][0], "body": json.dumps(fields)}
    return {"Records": [record]}


def test_what_an_erasure_still_has_to_do_may_be_done_by_jobs() -> None:
    """A home with a delivery, an SMS of it, a record, a line in the lake that is alone and one that is not."""
    home, at = "p_" + "a" * 26, 1_782_918_000_000
    line = json.dumps({"kind": "event", "profile": home, "timestamp": at, "receivedAt": at}) + "\n"
    other = json.dumps({"kind": "event", "profile": "p_else", "timestamp": at, "receivedAt": at}) + "\n"
    row = {"id": "m_1", "profile": home, "state": "claimed", "provider_id": "7"}
    effect = {"type": "record", "decision": "d_1", "profile": home, "at": at, "body": {"at": at}}
    told = call(
        "jobs",
        before("dynamodb", "put_item", TableName="topeka-local-profiles", Item={
            "id": {"S": home}, "version": {"S": "2.b"}, "erased_at": {"N": str(at)},
        }),
        before("dynamodb", "put_item", TableName="topeka-local-deliveries", Item={
            **{name: {"S": value} for name, value in row.items()}, "at": {"N": str(at)},
        }),
        before("dynamodb", "put_item", TableName="topeka-local-stops", Item={
            "hash": {"S": "p_restored"}, "reason": {"S": "erased"}, "at": {"N": str(at)},
        }),
        before("s3", "put_object", Bucket="{Bucket}", Key="lake/1", Body=line),
        before("s3", "put_object", Bucket="{Bucket}", Key="lake/2", Body=line + other),
        job(kind="effect", effect=effect, error="Unavailable"),
        job(kind="sweep", ids=[home], at=at, deliveries=["m_1"], groups=["segment:a", "segment:b"], lived=[home]),
        job(kind="rewrite_lake", erased="", after=""),
        job(kind="erase_again", cursor=""),
    )  # fmt: skip
    assert told.answers == [{"batchItemFailures": []}] * 4
    assert {("dynamodb", "Scan", "stops"), ("dynamodb", "PutItem", "profiles")} <= told.calls
    assert {("s3", each, "lake/*") for each in ("GetObject", "PutObject", "DeleteObject")} <= told.calls
    assert ("s3", "ListObjectsV2", "bucket") in told.calls
    assert {("dynamodb", "BatchWriteItem", "groups"), ("dynamodb", "PutItem", "stops")} <= told.calls


def test_learning_may_be_done_by_jobs_and_counting_again_too() -> None:
    """What was counted three hours ago is logged and marked, summed, learned, and its mark taken away."""
    cells = {json.dumps(["m", "umbrella", "plain", "web", "known"]): [10.0, 2.0]}
    at = int(time.time() * 1000) - 3 * 3_600_000
    effect = {"type": "count", "id": "c_1", "at": at, "cells": cells}
    told = call("jobs", job(kind="effect", effect=effect, error="Unavailable"), job(kind="learn"))
    assert told.answers == [{"batchItemFailures": []}] * 2
    made = {operation for _, operation, on in told.calls if on == "tallies"}
    assert made == {"PutItem", "Query", "GetItem", "TransactWriteItems", "DeleteItem"}


def test_a_days_letters_may_be_made_one_file_by_jobs() -> None:
    letter = json.dumps(
        {"delivery": "m_1", "message": "card", "to": {"street": "1 Elm St"}, "content": {"text": "Hi"}}
    )
    told = call(
        "jobs",
        before("s3", "put_object", Bucket="{Bucket}", Key="mail/2026-07-01/m_1.json", Body=letter),
        job(kind="mail_file", day="2026-07-01"),
        job(kind="mail_file", day="2026-07-01"),
    )
    assert told.answers == [{"batchItemFailures": []}] * 2
    assert {("s3", each, "mail/*") for each in ("GetObject", "PutObject", "DeleteObjects")} <= told.calls


def before(service: str, operation: str, **request: Any) -> Payload:
    """A call to AWS that is made before the handler's first event."""
    return {"before": [service, operation, request]}


def test_relay_carries_out_its_sample_and_logs_what_was_counted() -> None:
    counting = sample("relay")
    at = 1_782_918_000_000
    outbox = [
        {"type": "count", "id": f"c_{n}", "at": at + n * 300_000, "cells": {"c": [1.0]}} for n in (0, 1)
    ]
    image = counting["Records"][0]["dynamodb"]["NewImage"]
    image["outbox"]["B"] = base64.b64encode(json.dumps(outbox).encode()).decode()
    told = call("relay", sample("relay"), counting)
    assert told.answers == [{"batchItemFailures": []}] * 2
    assert {operation for _, operation, on in told.calls if on == "tallies"} == {"PutItem"}
    assert {
        ("dynamodb", "PutItem", on) for on in ("groups", "agenda", "timeline", "deliveries")
    } <= told.calls


def test_relay_sets_a_record_it_cannot_read_aside_and_goes_on() -> None:
    spoilt = sample("relay")
    spoilt["Records"][0]["dynamodb"]["NewImage"]["outbox"]["B"] = base64.b64encode(b"{not json").decode()
    told = call("relay", spoilt)
    assert told.answers == [{"batchItemFailures": []}]
    assert "relay-dead" in {on for service, _, on in told.calls if service == "sqs"}
    assert ("dynamodb", "PutItem", "deliveries") in told.calls


def test_relay_passes_over_versions_that_decided_nothing() -> None:
    quiet = sample("relay")
    for record in quiet["Records"]:
        del record["dynamodb"]["NewImage"]["outbox"]
    told = call("relay", quiet)
    assert (told.answers, told.calls) == ([{"batchItemFailures": []}], set())


def test_tick_takes_its_sample() -> None:
    assert call("tick", sample("tick")).answers == [None]


def test_a_batch_of_the_collect_sample_is_what_clients_send() -> None:
    batch = sample("collect")
    assert batch["writeKey"] == "local-write-key"
    assert {event["type"] for event in batch["batch"]} == {"identify", "page", "track"}
    assert all(event["messageId"] and event["anonymousId"] for event in batch["batch"])
