"""Collecting over HTTP: what clients send, what they get, and what reaches the queue."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse

from chalicelib import wiring
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.events import Event, EventBatch
from chalicelib.domain.keys import Secrets, key_hash, user_token
from chalicelib.services.authenticate import Authenticate
from chalicelib.services.collect_events import CollectEvents
from tests.entrypoints.workspace import OPERATOR, READER, WRITE
from tests.fakes import FakeKeys

NOW = 1_782_907_200_000
TRACK = {"userId": "u1", "event": "Product Viewed"}


class Queue:
    """Keeps batches; refuses on demand."""

    def __init__(self) -> None:
        self.batches: list[EventBatch] = []
        self.refuses = False

    def send(self, batch: EventBatch, *, delay: int = 0) -> None:
        """Durable, or Unavailable."""
        if self.refuses:
            raise Unavailable("sqs")
        self.batches.append(batch)

    @property
    def events(self) -> list[Event]:
        """Every event taken."""
        return [event for batch in self.batches for event in batch.events]


@pytest.fixture
def queue() -> Queue:
    """The events queue."""
    return Queue()


@pytest.fixture
def web(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> Client:
    """The app, at a fixed time."""
    ids = iter(range(10_000))
    service = CollectEvents(queue, lambda: Secrets(b"s", b"d"), lambda: NOW, lambda: f"made-{next(ids)}")
    known = FakeKeys()
    known.add(key_hash("local-write-key"), "write", [])
    known.add(key_hash("local-operator-key"), "operator", ["read", "decide", "operate"])
    known.add(key_hash("reading-key"), "operator", ["read"])
    keys = Authenticate(known, lambda: NOW)
    monkeypatch.setattr(wiring, "collect_events", lambda: service, raising=False)
    monkeypatch.setattr(wiring, "authenticate", lambda: keys, raising=False)
    from app import app

    return Client(app)


def post(to: Client, path: str, body: Any, headers: dict[str, str] | None = None) -> HTTPResponse:
    """POST a body as JSON (bytes go as they are)."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return to.http.post(path, headers={"Content-Type": "application/json", **(headers or {})}, body=raw)


def code(answer: HTTPResponse) -> str:
    """The error code of an answer."""
    return str(answer.json_body["error"]["code"])


@pytest.mark.parametrize("path", ["/v1/track", "/v1/t"])
def test_a_call_is_taken_by_its_long_and_its_short_path(web: Client, queue: Queue, path: str) -> None:
    """One request, one message in the queue."""
    answer = post(web, path, TRACK, WRITE)
    assert (answer.status_code, answer.json_body) == (200, {"success": True})
    assert [(e.type, e.event, e.user_id, e.timestamp) for e in queue.events] == [
        ("track", "Product Viewed", "u1", NOW)
    ]


def test_all_six_calls_are_taken(web: Client, queue: Queue) -> None:
    """Each path gives the type."""
    bodies: dict[str, dict[str, Any]] = {
        "i": {"userId": "u", "traits": {"a": 1}},
        "t": {"userId": "u", "event": "E"},
        "p": {"anonymousId": "a", "name": "Home", "category": "Docs"},
        "s": {"anonymousId": "a"},
        "g": {"userId": "u", "groupId": "g"},
        "a": {"userId": "u", "previousId": "a"},
    }
    for path, body in bodies.items():
        assert post(web, f"/v1/{path}", body, WRITE).status_code == 200
    assert [e.type for e in queue.events] == ["identify", "track", "page", "screen", "group", "alias"]
    assert queue.events[2].properties == {"name": "Home", "category": "Docs"}


def test_a_beacon_is_text_with_the_key_in_its_body_and_no_accept(web: Client, queue: Queue) -> None:
    """`navigator.sendBeacon` can set no header."""
    body = json.dumps({**TRACK, "writeKey": "local-write-key"}).encode()
    answer = web.http.post("/v1/t", headers={"Content-Type": "text/plain;charset=UTF-8"}, body=body)
    assert answer.status_code == 200 and len(queue.events) == 1


def test_the_answer_may_be_read_from_any_origin_without_credentials(web: Client) -> None:
    """Errors too, and the preflight."""
    for answer in (post(web, "/v1/t", TRACK, WRITE), post(web, "/v1/t", TRACK)):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
    preflight = web.http._local_gateway.handle_request(
        "OPTIONS", "/v1/t", {"Origin": "https://x.example"}, None
    )
    assert preflight["headers"]["Access-Control-Allow-Origin"] == "*"
    assert "POST" in preflight["headers"]["Access-Control-Allow-Methods"]


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        ("Basic " + base64.b64encode(b"local-write-key:").decode(), 200),
        ("Basic " + base64.b64encode(b"local-write-key").decode(), 200),
        ("Bearer local-operator-key", 200),
        ("Bearer reading-key", 403),
        ("Bearer nobody", 401),
        ("Basic ***", 401),
        ("Basic /w==", 401),
        ("Digest local-write-key", 401),
        ("", 401),
    ],
)
def test_a_known_key_may_collect(web: Client, authorization: str, status: int) -> None:
    """401 for no key or an unknown one, 403 for one that may only read."""
    assert post(web, "/v1/t", TRACK, {"Authorization": authorization}).status_code == status


def test_a_batch_takes_what_is_sound_and_says_what_is_not(web: Client, queue: Queue) -> None:
    """Invalid events don't sink the others, and reach the operator's list with them."""
    batch = [
        {"type": "track", **TRACK, "messageId": "m0"},
        {"type": "track", "userId": "u1"},
        {"type": "dance", "userId": "u1"},
        "no object",
        {"type": "track", "event": "E", "userId": {"a": 1}},
        {"type": "track", "event": "E", "userId": None, "anonymousId": None},
        {"type": "track", **TRACK, "timestamp": "yesterday"},
        {"type": "track", **TRACK, "messageId": "x" * 100},
        {"type": "track", "event": "Email Opened", "userId": "u1"},
        {"type": "track", **TRACK, "messageId": "moment:rain:p_1"},
        {"type": "page", "anonymousId": "a", "messageId": "m10"},
    ]
    answer = post(web, "/v1/batch", {"batch": batch}, WRITE)
    assert answer.status_code == 200
    assert [(one["index"], one["code"]) for one in answer.json_body["rejected"]] == [
        (1, "missing-event"), (2, "invalid-type"), (3, "invalid-type"), (4, "invalid-type"), (5, "no-identifier"),
        (6, "invalid-timestamp"), (7, "message-id-too-long"), (8, "reserved-event"), (9, "reserved-message-id"),
    ]  # fmt: skip
    assert [e.message_id for e in queue.events] == ["m0", "m10"]
    assert len(queue.batches) == 1 and len(queue.batches[0].rejected) == 9


def test_a_batch_of_which_nothing_can_be_taken_is_still_answered(web: Client) -> None:
    """Success, and every event listed."""
    answer = post(web, "/v1/batch", {"batch": [{}, {}]}, WRITE)
    assert answer.json_body["success"] is True and len(answer.json_body["rejected"]) == 2


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("malformed", b'{"userId": ', "invalid-json"),
        ("not an object", b"[1]", "invalid-type"),
        ("empty", b"", "invalid-json"),
        ("no UTF-8", b'{"userId": "\xff", "event": "E"}', "invalid-json"),
        ("half a surrogate", b'{"userId": "\\ud800", "event": "E"}', "invalid-json"),
        ("not a number", b'{"userId": "u", "event": "E", "properties": {"a": NaN}}', "invalid-json"),
        ("no finite number", b'{"userId": "u", "event": "E", "properties": {"a": 1e999}}', "invalid-json"),
        ("a wrong type", b'{"userId": "u", "event": 7}', "invalid-type"),
        ("traits as a list", b'{"userId": "u", "event": "E", "traits": []}', "invalid-type"),
        (
            "65 levels",
            b'{"userId":"u","event":"E","properties":' + b'{"a":' * 64 + b"1" + b"}" * 65,
            "too-deep",
        ),
        (
            "1,000 levels",
            b'{"userId":"u","event":"E","properties":' + b'{"a":' * 1000 + b"1" + b"}" * 1001,
            "too-deep",
        ),
        ("100,000 levels", b"[" * 100_000 + b"]" * 100_000, "too-deep"),
        ("33 KB", json.dumps({**TRACK, "properties": {"a": "x" * 33_000}}).encode(), "event-too-large"),
        ("600 KB", json.dumps({**TRACK, "properties": {"a": "x" * 600_000}}).encode(), "body-too-large"),
    ],
)
def test_a_bad_call_is_a_400(web: Client, queue: Queue, name: str, body: bytes, expected: str) -> None:
    """Never a 5xx, and no event is taken."""
    answer = post(web, "/v1/track", body, WRITE)
    assert (answer.status_code, code(answer)) == (400, expected), name
    assert queue.events == []


def test_64_levels_are_taken(web: Client) -> None:
    """The object itself is the first."""
    body = b'{"userId":"u","event":"E","properties":' + b'{"a":' * 62 + b"{}" + b"}" * 63
    assert post(web, "/v1/track", body, WRITE).status_code == 200


@pytest.mark.parametrize("levels", [100, 900, 5_000, 100_000])
def test_an_event_of_any_depth_is_refused_alone(web: Client, queue: Queue, levels: int) -> None:
    """Even where no decoder can follow it; brackets in texts don't count."""
    deep = (
        b'{"type":"track","event":"[{\\"","userId":"u","properties":{"a":'
        + b"[" * levels
        + b"]" * levels
        + b"}}"
    )
    good = json.dumps({"type": "track", **TRACK}).encode()
    answer = post(web, "/v1/batch", b'{"batch":[' + good + b"," + deep + b"," + good + b"]}", WRITE)
    assert answer.status_code == 200
    assert [one["index"] for one in answer.json_body["rejected"]] == [1]
    assert len(queue.events) == 2


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("2,501 events", {"batch": [{"type": "track", **TRACK}] * 2_501}, "too-many-events"),
        ("no batch", {"events": []}, "missing-field"),
        ("a batch that is none", {"batch": {"a": 1}}, "invalid-type"),
        ("sentAt that is no date", {"batch": [], "sentAt": "now"}, "invalid-timestamp"),
        ("over 500 KB", {"batch": [{"type": "page", "name": "x" * 30_000}] * 18}, "body-too-large"),
    ],
)
def test_a_bad_batch_is_a_400_and_nothing_is_half_taken(
    web: Client, queue: Queue, name: str, body: Any, expected: str
) -> None:
    """The batch as a whole is at fault."""
    answer = post(web, "/v1/batch", body, WRITE)
    assert (answer.status_code, code(answer)) == (400, expected), name
    assert queue.batches == []


def test_2500_events_are_taken(web: Client, queue: Queue) -> None:
    """The limit itself is within it."""
    assert post(web, "/v1/batch", {"batch": [{"type": "track", **TRACK}] * 2_500}, WRITE).status_code == 200
    assert len(queue.events) == 2_500


def test_ids_may_hold_anything_text_can(web: Client, queue: Queue) -> None:
    """Emoji and NUL come through as they are; numbers become text."""
    for user in ("\U0001f9e6", "a\x00b", 42):
        assert post(web, "/v1/track", {"event": "E", "userId": user}, WRITE).status_code == 200
    assert [e.user_id for e in queue.events] == ["\U0001f9e6", "a\x00b", "42"]


def test_gzip_is_opened(web: Client, queue: Queue) -> None:
    """Also of several members."""
    raw = json.dumps(TRACK).encode()
    for body in (gzip.compress(raw), gzip.compress(raw[:9]) + gzip.compress(raw[9:])):
        answer = post(web, "/v1/track", body, {**WRITE, "Content-Encoding": "gzip"})
        assert answer.status_code == 200
    assert len(queue.events) == 2


@pytest.mark.parametrize(
    ("name", "body", "expected"),
    [
        ("a bomb", gzip.compress(b"0" * 50_000_000, mtime=0), "body-too-large"),
        ("no gzip", b"{}", "invalid-gzip"),
        ("broken off", gzip.compress(b'{"a": 1}' * 100, mtime=0)[:-20], "invalid-gzip"),
        ("zlib, not gzip", zlib.compress(b"{}"), "invalid-gzip"),
    ],
)
def test_bad_gzip_is_a_400(web: Client, name: str, body: bytes, expected: str) -> None:
    """A bomb is read only up to the limit."""
    answer = post(web, "/v1/track", body, {**WRITE, "Content-Encoding": "gzip"})
    assert (answer.status_code, code(answer)) == (400, expected), name


def test_an_unknown_encoding_is_a_400(web: Client) -> None:
    """Nothing is guessed."""
    assert code(post(web, "/v1/track", b"x", {**WRITE, "Content-Encoding": "br"})) == "unknown-encoding"


def test_a_queue_that_refuses_is_a_503_and_nothing_is_taken(web: Client, queue: Queue) -> None:
    """Clients try again after what `Retry-After` says."""
    queue.refuses = True
    for path, body in (("/v1/track", TRACK), ("/v1/batch", {"batch": [{"type": "track", **TRACK}]})):
        answer = post(web, path, body, WRITE)
        assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
    assert queue.batches == []


def test_a_bug_is_a_500_that_tells_nothing(web: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """No trace, no payload."""

    def broken() -> CollectEvents:
        raise RuntimeError("secret detail u1")

    monkeypatch.setattr(wiring, "collect_events", broken)
    answer = post(web, "/v1/track", TRACK, WRITE)
    assert answer.status_code == 500
    assert (
        b"secret" not in answer.body and b"Traceback" not in answer.body and code(answer) == "internal-error"
    )


@pytest.mark.parametrize(
    ("name", "body", "timestamp"),
    [
        (
            "corrected by sentAt",
            {"timestamp": "2026-07-01T13:00:00Z", "sentAt": "2026-07-01T13:00:05Z"},
            NOW - 5_000,
        ),
        ("1970", {"timestamp": "1970-01-01T00:00:01Z"}, 1_000),
        ("2999", {"timestamp": "2999-01-01T00:00:00Z"}, NOW),
    ],
)
def test_times_are_corrected_and_clamped(
    web: Client, queue: Queue, name: str, body: dict[str, Any], timestamp: int
) -> None:
    """Accepted, never in the future."""
    assert post(web, "/v1/track", {**TRACK, **body}, WRITE).status_code == 200
    assert queue.events[0].timestamp == timestamp, name


def test_a_batchs_sent_at_corrects_its_events(web: Client, queue: Queue) -> None:
    """A client whose clock is an hour ahead."""
    event = {"type": "track", **TRACK, "timestamp": "2026-07-01T12:59:00Z"}
    post(web, "/v1/batch", {"batch": [event], "sentAt": "2026-07-01T13:00:00Z"}, WRITE)
    assert queue.events[0].timestamp == NOW - 60_000


def test_a_user_token_proves_and_is_not_kept(web: Client, queue: Queue) -> None:
    """Only for the id it was made for."""
    right, wrong = user_token(b"s", "u1"), user_token(b"s", "u2")
    for token in (right, wrong, 7, None):
        post(web, "/v1/track", {**TRACK, "context": {"userToken": token, "ip": "::1"}}, WRITE)
    assert [e.proven for e in queue.events] == [True, False, False, False]
    assert all(e.context == {"ip": "::1"} for e in queue.events)


def test_an_operator_key_is_believed_and_may_send_reserved_events(web: Client, queue: Queue) -> None:
    """It needs no token; a stranger who names himself so in the body doesn't become one."""
    post(web, "/v1/track", {"userId": "u1", "event": "Email Opened"}, OPERATOR)
    post(web, "/v1/track", {**TRACK, "origin": "operator", "proven": True, "profile": "p_x"}, WRITE)
    assert [(e.origin, e.proven, e.profile) for e in queue.events] == [
        ("operator", True, ""),
        ("client", False, ""),
    ]
    assert post(web, "/v1/track", TRACK, READER).status_code == 403


@pytest.mark.parametrize("name", ["Email Opened", "Sms Delivered", "Unsubscribed", "Topeka Permission Set"])
def test_reserved_events_are_refused_with_a_write_key(web: Client, queue: Queue, name: str) -> None:
    """They are our own timers and signals."""
    answer = post(web, "/v1/track", {"userId": "u1", "event": name}, WRITE)
    assert (answer.status_code, code(answer)) == (400, "reserved-event")
    assert queue.events == [] and queue.batches[0].rejected[0].code == "reserved-event"


def test_the_browser_client_is_sent_back_to_this_host(web: Client) -> None:
    """As analytics.js 2 reads it; an unknown key is nobody's, an operator's is never for a page."""
    headers = {"host": "crm.example.com", "x-forwarded-proto": "https"}
    answer = web.http.get("/v1/projects/local-write-key/settings", headers=headers)
    ours = answer.json_body["integrations"]["Segment.io"]
    assert (ours["apiKey"], ours["apiHost"], ours["protocol"]) == (
        "local-write-key",
        "crm.example.com/v1",
        "https",
    )
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert web.http.get("/v1/projects/nobody/settings").status_code == 404
    assert web.http.get("/v1/projects/local-operator-key/settings").status_code == 404
