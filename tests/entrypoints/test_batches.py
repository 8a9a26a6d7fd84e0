"""Batches: one bad record never takes its neighbours with it; logs tell nothing about customers."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pytest

from chalicelib.domain.effects import Deliver
from chalicelib.domain.errors import Conflict, Unavailable
from chalicelib.domain.events import Event
from chalicelib.domain.sending import Sent
from chalicelib.domain.sns_messages import Forged
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


class Feedback:
    """Takes a payload that says what comes of it, and tells, unless the queue refuses."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.payloads: list[dict[str, Any]] = []
        self.told: list[Event] = []

    def take(self, payload: dict[str, Any], _rows: dict[str, Any]) -> tuple[Taken, ...]:
        self.payloads.append(payload)
        if payload.get("fails"):
            raise Conflict
        event = Event(payload["tells"], "track", 0, 0) if "tells" in payload else None
        return (Taken("settled", event=event),)

    def tell(self, taken: Iterable[Taken]) -> None:
        if self.refuses:
            raise Unavailable("sqs")
        self.told += [one.event for one in taken if one.event]


def opened(body: str) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(body)
    if payload.get("forged"):
        raise Forged("signature")
    return payload


@pytest.fixture
def provided(monkeypatch: pytest.MonkeyPatch) -> Callable[[Feedback], Feedback]:
    def provide(service: Feedback) -> Feedback:
        monkeypatch.setattr("chalicelib.wiring.take_feedback", lambda: service)
        monkeypatch.setattr("chalicelib.wiring.open_notice", lambda: opened)
        return service

    return provide


def test_what_sns_did_not_sign_is_told_to_the_operator_and_ends_as_a_dead_letter(
    provided: Callable[[Feedback], Feedback],
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    service = provided(Feedback())
    forged = '{"forged": true, "tells": "ada@example.com"}'
    assert failed(feedback.take_feedback(sqs('{"tells": "e1"}', forged), None)) == ["m1"]
    assert [event.message_id for event in service.told] == ["e1"]
    assert "feedback-forged" in caplog.messages
    said = capsys.readouterr().out + caplog.text
    assert '"FeedbackForged":[1.0]' in said
    assert "ada@example.com" not in said


def test_what_a_batch_brings_is_told_together_and_what_failed_comes_again(
    provided: Callable[[Feedback], Feedback],
) -> None:
    service = provided(Feedback())
    answer = feedback.take_feedback(sqs('{"tells": "e1"}', '{"fails": true}', '{"tells": "e2"}', "{}"), None)
    assert failed(answer) == ["m1"]
    assert [event.message_id for event in service.told] == ["e1", "e2"]


def test_what_could_not_be_told_comes_again_and_what_had_nothing_to_tell_does_not(
    provided: Callable[[Feedback], Feedback],
) -> None:
    provided(Feedback(refuses=True))
    answer = feedback.take_feedback(sqs('{"tells": "e1"}', '{"fails": true}', '{"tells": "e2"}', "{}"), None)
    assert failed(answer) == ["m1", "m0", "m2"]


def test_several_are_handled_at_once_and_only_the_failed_are_named() -> None:
    together = threading.Barrier(3, timeout=10)

    def handle(record: batches.Record) -> None:
        together.wait()  # nobody gets past it before three are at work
        batches.count("Handled")
        if record["body"] == "bad":
            raise Conflict

    given = sqs("good", "bad", "good", "good", "bad", "good")["Records"]
    assert failed(batches.one_by_one(given, handle, 3)) == ["m1", "m4"]


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
