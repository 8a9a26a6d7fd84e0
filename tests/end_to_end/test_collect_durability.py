"""Collect answers once the queue has the events, and what the queue refuses is not taken at all.

The queue is moto's SQS; it refuses where botocore puts a request on the wire, so all of our own code runs.
"""

from __future__ import annotations

import json
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from chalicelib.domain.envelope import batch_of
from tests.end_to_end.shop import WRITE, Shop, opened, track

Handler = Callable[..., Any]


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with opened() as running:
        yield running


@contextmanager
def wire(event: str, handler: Handler) -> Iterator[None]:
    """While inside, `handler` is asked at this point of every SendMessage of the deployed code."""
    from chalicelib import wiring

    events = wiring.client("sqs").meta.events
    events.register_first(f"{event}.sqs.SendMessage", handler)
    try:
        yield
    finally:
        events.unregister(f"{event}.sqs.SendMessage", handler)


def answering(status: int, code: str) -> Handler:
    """In place of SQS, which never sees the request."""

    def refuse(**_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        said = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
        return AWSResponse("https://sqs", status, HTTPHeaders(), None), said

    return refuse


def failing(error: Exception) -> Handler:
    """On the way to SQS."""

    def fail(**_: Any) -> None:
        raise error

    return fail


REFUSALS = {
    "throttled": answering(400, "RequestThrottled"),
    "unavailable": answering(503, "ServiceUnavailable"),
    "over a limit": answering(400, "OverLimit"),
    "not allowed": answering(403, "AccessDeniedException"),
    "gone": answering(400, "QueueDoesNotExist"),
    "not reached": failing(EndpointConnectionError(endpoint_url="https://sqs")),
    "not answered": failing(ReadTimeoutError(endpoint_url="https://sqs")),
}
SOUND = [track("ann", "Cart Viewed") | {"messageId": f"cart {number}"} for number in range(3)]
UNSOUND = {"type": "track", "userId": "ann"}


@pytest.mark.parametrize("why", REFUSALS)
def test_a_queue_that_refuses_is_a_503_and_nothing_is_half_taken(shop: Shop, why: str) -> None:
    ann = f"ann, {why}"
    events = [event | {"userId": ann, "messageId": f"{event['messageId']}, {why}"} for event in SOUND]
    with wire("before-call", REFUSALS[why]):
        answers = [
            shop.post("/v1/batch", {"batch": [*events, UNSOUND]}, WRITE),
            shop.post("/v1/track", events[0], WRITE),
            shop.post("/v1/t", events[0], WRITE),
        ]
    for answer in answers:
        assert (answer.status, answer.code) == (503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert answer.headers["access-control-allow-origin"] == "*"
    assert shop.settle() == 0
    assert shop.profile(f"user:{ann}") is None
    assert shop.ask("GET", "/v1/rejected").json["rejected"] == []


def test_what_was_refused_can_be_sent_again_and_arrives_once(shop: Shop) -> None:
    batch = {"batch": SOUND}
    with wire("before-call", REFUSALS["unavailable"]):
        assert shop.post("/v1/batch", batch, WRITE).status == 503
    for _ in range(2):
        assert shop.post("/v1/batch", batch, WRITE).status == 200
    shop.settle()
    assert shop.profile("user:ann")["activity"]["Cart Viewed"]["total"] == len(SOUND)


def test_events_whose_answer_was_lost_arrive_once(shop: Shop) -> None:
    """The queue has them, we don't know it: the client is told to try again, and its events count once."""

    def lose(http_response: Any, **_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="https://sqs")

    batch = {
        "batch": [event | {"userId": "bob", "messageId": f"{event['messageId']} of Bob"} for event in SOUND]
    }
    with wire("after-call", lose):
        assert shop.post("/v1/batch", batch, WRITE).status == 503
    assert shop.post("/v1/batch", batch, WRITE).status == 200
    assert shop.settle() > len(SOUND)
    assert shop.profile("user:bob")["activity"]["Cart Viewed"]["total"] == len(SOUND)


def test_a_request_is_one_message_however_large(shop: Shop) -> None:
    sent: list[Any] = []

    def note(params: Any, **_: Any) -> None:
        sent.append(batch_of(json.loads(params["body"])["MessageBody"]))

    batch = [track("cleo", "Seen", note="☂") for _ in range(1_900)]
    with wire("before-call", note):
        shop.collect(*batch)
    assert [len(one.events) for one in sent] == [1_900]
    assert shop.profile("user:cleo")["activity"]["Seen"]["total"] == 1_900


def test_there_is_no_answer_before_the_queue_has_the_events(shop: Shop) -> None:
    asked, may_take = threading.Event(), threading.Event()

    def hold(request: Any, **_: Any) -> None:
        asked.set()
        may_take.wait(10)

    with (
        wire("before-send", hold),
        socket.create_connection(("127.0.0.1", urlsplit(shop.url).port or 0)) as page,
    ):
        page.sendall(request("/v1/track", {**SOUND[0], "userId": "dora", "messageId": "held"}))
        assert asked.wait(10)
        assert select.select([page], [], [], 0) == ([], [], [])
        may_take.set()
        assert page.recv(4_096).startswith(b"HTTP/1.1 200 ")
    shop.settle()
    assert shop.profile("user:dora")["activity"]["Cart Viewed"]["total"] == 1


def request(path: str, body: Any) -> bytes:
    """A whole HTTP request as it is on the wire."""
    raw = json.dumps(body).encode()
    head = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", f"Content-Length: {len(raw)}"]
    named = [f"{name}: {value}" for name, value in WRITE.items()]
    return "\r\n".join([*head, *named, "", ""]).encode() + raw
