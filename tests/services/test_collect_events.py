"""Taking what clients send, whole or not at all."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.domain.errors import BadRequest, Unavailable
from chalicelib.domain.keys import Secrets
from chalicelib.domain.segment_calls import Batch
from chalicelib.services.collect_events import CollectEvents
from tests.fakes import FakeClock, FakeEventQueue


@pytest.fixture
def queue() -> FakeEventQueue:
    return FakeEventQueue()


@pytest.fixture
def collect(queue: FakeEventQueue) -> CollectEvents:
    ids = iter(range(100_000))
    return CollectEvents(queue, lambda: Secrets(b"s", b"d"), FakeClock(), lambda: f"id-{next(ids)}")


def batch(*events: Any) -> Batch:
    return Batch([msgspec.Raw(msgspec.json.encode(event)) for event in events])


def test_a_batch_is_one_message_with_what_was_refused(collect: CollectEvents, queue: FakeEventQueue) -> None:
    rejected = collect.batch(batch({"type": "track", "event": "E", "userId": "u"}, {"type": "x"}), "client")
    (sent,) = queue.batches
    assert [event.event for event in sent.events] == ["E"]
    assert sent.rejected == rejected and rejected[0].excerpt == '{"type":"x"}'


def test_an_empty_batch_sends_nothing(collect: CollectEvents, queue: FakeEventQueue) -> None:
    assert collect.batch(batch(), "client") == () and queue.batches == []


def test_a_refused_call_is_kept_and_told(collect: CollectEvents, queue: FakeEventQueue) -> None:
    with pytest.raises(BadRequest):
        collect.one(b'{"userId":"u"}', "track", "client")
    assert queue.batches[0].rejected[0].code == "missing-event"


def test_a_queue_that_refuses_is_passed_on(collect: CollectEvents, queue: FakeEventQueue) -> None:
    queue.fail_next("send")
    with pytest.raises(Unavailable):
        collect.batch(batch({"type": "track", "event": "E", "userId": "u"}), "client")
    assert queue.batches == []


def test_excerpts_are_short_and_share_a_bound(collect: CollectEvents, queue: FakeEventQueue) -> None:
    """So that any batch fits one message of the queue."""
    rejected = collect.batch(batch(*[{"type": "x", "a": '"' * 1_500}] * 160), "client")
    assert len(rejected) == 160
    excerpts = [one.excerpt for one in queue.batches[0].rejected]
    assert max(map(len, excerpts)) <= 2_000 and sum(map(len, excerpts)) <= 100_000


def test_missing_message_ids_are_made_and_given_ones_kept(
    collect: CollectEvents, queue: FakeEventQueue
) -> None:
    event = {"type": "track", "event": "E", "userId": "u"}
    collect.batch(batch(event, {**event, "messageId": "mine"}, {**event, "messageId": ""}), "client")
    ids = [one.message_id for one in queue.events]
    assert ids[1] == "mine" and len(set(ids)) == 3
