"""Batches: one bad record never takes its neighbours with it; logs tell nothing about customers."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from chalicelib.domain.effects import Deliver
from chalicelib.domain.errors import Conflict
from chalicelib.domain.sending import Sent
from chalicelib.domain.stored import Commit
from chalicelib.entrypoints import batches, feedback, jobs, relay, send, tick
from chalicelib.services.relay_effects import Relayed
from chalicelib.services.take_feedback import Taken

Calls = list[Any]


def sqs(*bodies: str) -> dict[str, Any]:
    records = [
        {"messageId": f"m{n}", "body": body, "eventSource": "aws:sqs"} for n, body in enumerate(bodies)
    ]
    return {"Records": records}


def failed(answer: dict[str, Any]) -> list[str]:
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Any], Calls]:
    """Puts a service of our own in place of a factory of `wiring`, and notes what it is called with."""

    def replace(name: str, answer: Any) -> Calls:
        calls: Calls = []

        def serve(*args: Any) -> Any:
            calls.extend(args)
            return answer(*args) if callable(answer) else answer

        monkeypatch.setattr(f"chalicelib.wiring.{name}", lambda: serve, raising=False)
        return calls

    return replace


def test_every_delivery_is_handled_and_only_the_failed_come_again(
    service: Callable[[str, Any], Calls],
) -> None:
    def answer(job: dict[str, Any]) -> Sent:
        if job["delivery"] == "busy":
            raise Conflict
        if job["delivery"] == "bug":
            raise ZeroDivisionError
        return Sent("sent", job["delivery"])

    calls = service("send_delivery", answer)
    bodies = [json.dumps({"delivery": id, "profile": "p"}) for id in ("a", "busy", "bug", "b")]
    assert failed(send.send_deliveries(sqs(*bodies, "{no json"), None)) == ["m1", "m2", "m4"]
    assert [job["delivery"] for job in calls] == ["a", "busy", "bug", "b"]


def test_a_template_that_failed_is_counted_and_its_message_named(
    service: Callable[[str, Any], Calls],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    counted: list[str] = []
    for module in (batches, send):
        monkeypatch.setattr(module, "count", counted.append)
    service("send_delivery", Sent("dropped", "m_1", "template-failed", "rain"))
    assert failed(send.send_deliveries(sqs("{}"), None)) == []
    service("send_delivery", Sent("dropped", "m_2", "stopped", "sun"))
    assert failed(send.send_deliveries(sqs("{}"), None)) == []

    assert counted == ["Deliveries-dropped", "TemplatesFailed", "Deliveries-dropped"]
    told = [vars(one) for one in caplog.records if one.getMessage() == "template-failed"]
    assert [one["message_name"] for one in told] == ["rain"]


def test_a_failure_is_logged_by_its_place_and_never_by_its_words(
    service: Callable[[str, Any], Calls], caplog: pytest.LogCaptureFixture
) -> None:
    def answer(_job: dict[str, Any]) -> Sent:
        raise ValueError("ada@example.com")

    service("send_delivery", answer)
    send.send_deliveries(sqs('{"delivery": "m_1", "profile": "p"}'), None)
    said = str([vars(line) for line in caplog.records])
    assert "ValueError" in said
    assert "message-failed" in said
    assert "ada@example.com" not in said


def test_a_crash_of_the_process_is_not_swallowed() -> None:
    def handle(_record: batches.Record) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        batches.one_by_one(sqs("{}")["Records"], handle)


@pytest.mark.parametrize("wrapped", [True, False])
def test_feedback_comes_out_of_the_envelope(service: Callable[[str, Any], Calls], wrapped: bool) -> None:
    calls = service("take_feedback", (Taken("settled", "m_1"),))
    payload = json.dumps({"eventType": "Send"})
    body = json.dumps({"Type": "Notification", "Message": payload}) if wrapped else payload
    assert failed(feedback.take_feedback(sqs(body), None)) == []
    assert calls == [{"eventType": "Send"}]


def test_an_envelope_around_plain_words_is_nothing(service: Callable[[str, Any], Calls]) -> None:
    calls = service("take_feedback", (Taken("unknown-notification"),))
    body = json.dumps({"Type": "Notification", "Message": "Successfully validated SNS topic"})
    assert failed(feedback.take_feedback(sqs(body), None)) == []
    assert calls == [{}]


@pytest.mark.parametrize("kind", jobs.WORKERS)
def test_a_job_goes_to_who_does_its_kind(service: Callable[[str, Any], Calls], kind: str) -> None:
    calls = service(jobs.WORKERS[kind], None)
    assert failed(jobs.run_jobs(sqs(json.dumps({"kind": kind})), None)) == []
    assert calls == [{"kind": kind}]


def test_a_job_nobody_does_ends_as_a_dead_letter() -> None:
    assert failed(jobs.run_jobs(sqs('{"kind": "nonsense"}', "{}"), None)) == ["m0", "m1"]


def test_tick_hands_out_the_agenda(service: Callable[[str, Any], Calls]) -> None:
    handed: Calls = []

    def hand_out() -> int:
        handed.append(1)
        return 4

    service("hand_out_agenda", hand_out)
    rest = dict.fromkeys(
        ("source", "account", "region", "time", "resources", "id", "version", "detail", "detail-type")
    )
    tick.tick(rest, None)
    assert handed == [1]


def record(sequence: str, **image: Any) -> dict[str, Any]:
    new = {"id": {"S": "p_1"}, "version": {"S": "1.a"}, **image}
    change = {
        "ApproximateCreationDateTime": 1782918000.0,
        "SequenceNumber": sequence,
        "NewImage": new,
        "Keys": {},
    }
    arn = "arn:aws:dynamodb:x:1:table/t/stream/s"
    return {
        "dynamodb": change,
        "eventName": "MODIFY",
        "awsRegion": "x",
        "eventID": "1",
        "eventSourceARN": arn,
    }


def test_relay_reads_each_commit_and_names_where_to_go_on(service: Callable[[str, Any], Calls]) -> None:
    effect = Deliver("m_1", "p_1", "umbrella", "plain", "sms", "offer", "d_1", 5)
    outbox = base64.b64encode(msgspec.json.encode([effect])).decode()
    calls = service("relay_effects", Relayed(done=1, failed="s2"))
    records = [record("s1", outbox={"B": outbox}), record("s2", outbox={"B": "bm9uc2Vuc2U="}), record("s3")]
    assert failed(relay.relay_outbox({"Records": records}, None)) == ["s2"]
    assert calls == [
        [
            Commit("s1", 1_782_918_000_000, (effect,)),
            Commit("s2", 1_782_918_000_000, (), "bm9uc2Vuc2U="),
        ]
    ]


def test_metrics_come_out_where_alarms_look() -> None:
    """Stages share an account: each has a namespace of its own."""
    told = "from chalicelib.entrypoints.batches import *; count('EventsSetAside', 3); flush_metrics()"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("POWERTOOLS")}
    done = subprocess.run(
        [sys.executable, "-c", told],
        env=environment | {"TOPEKA_STAGE": "dev"},
        capture_output=True,
        text=True,
        check=True,
    )
    line = json.loads(done.stdout)
    (where,) = line["_aws"]["CloudWatchMetrics"]
    assert (where["Namespace"], where["Dimensions"]) == ("Topeka/dev", [["service"]])
    assert (line["service"], line["EventsSetAside"]) == ("topeka", [3.0])
