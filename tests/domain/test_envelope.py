"""What a queue's message carries."""

from __future__ import annotations

import random
import re

import pytest

from chalicelib.domain.envelope import LARGEST, PLAIN_UP_TO, batch_of, body_of, job_of
from chalicelib.domain.errors import TooLarge
from chalicelib.domain.events import Event, EventBatch, Rejection

#: SQS, SendMessage: #x9 | #xA | #xD | #x20-#xD7FF | #xE000-#xFFFD | #x10000-#x10FFFF
TAKEN_BY_SQS = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")


def batch(text: str, count: int = 1) -> EventBatch:
    return EventBatch(tuple(Event(f"m{number}", "page", 5, 6, name=text) for number in range(count)))


@pytest.mark.parametrize("text", ["plain", "\x00\x01\x1f", "\uffff\ufffe", "\U0001f600", "z:", '"\\'])
def test_any_text_comes_back_in_characters_that_sqs_takes(text: str) -> None:
    body = body_of(batch(text))
    assert TAKEN_BY_SQS.fullmatch(body)
    assert batch_of(body) == batch(text)


def test_a_small_message_is_plain_json() -> None:
    assert body_of({"kind": "ring", "minute": 5}) == '{"kind":"ring","minute":5}'
    assert body_of(batch("x")).startswith('{"events":')


def test_a_large_message_is_packed() -> None:
    body = body_of(batch("x" * 1_000, 2_500))
    assert len(body) < PLAIN_UP_TO
    assert batch_of(body) == batch("x" * 1_000, 2_500)


def test_the_largest_request_fits_whatever_it_holds() -> None:
    chance = random.Random(5)
    events = [Event(f"m{n}", "page", 5, 6, name=chance.randbytes(16_000).hex()) for n in range(15)]
    refused = [Rejection(f"r{n}", "bad", "no", n, 6, chance.randbytes(1_000).hex()) for n in range(200)]
    made = EventBatch(tuple(events), tuple(refused))
    assert batch_of(body_of(made)) == made


def test_what_no_message_can_hold_is_refused() -> None:
    noise = random.Random(5).randbytes(2 * LARGEST).hex()
    with pytest.raises(TooLarge):
        body_of({"noise": noise})


@pytest.mark.parametrize("body", ["", "{", "[]", "z:", "z:!!", "z:AAAA", "\ud800", '{"events":[{}]}'])
def test_anything_else_is_an_error_of_value(body: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (msgspec's, base64's and ours are all of it)
        batch_of(body)


def test_a_job_comes_back() -> None:
    job = {"kind": "fan_out", "moment": {"name": "\uffff"}}
    assert job_of(body_of(job)) == job
