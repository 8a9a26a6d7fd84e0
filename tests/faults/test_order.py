"""The same events twice, late, shuffled, in other batches: equal facts, and no second message."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.domain.envelope import PLAIN_UP_TO, body_of
from chalicelib.domain.events import Event, EventBatch, EventType
from infra.local.functions import INGEST
from infra.local.queues import LocalQueue
from infra.local.resources import PREFIX
from infra.local.stack import Stack
from tests.faults.scenario import publish
from tests.faults.seen import Seen, look
from tests.faults.world import START, start_over

MINUTE = 60_000
HOUR = 60 * MINUTE
SEEDS = range(2)
Batches = Sequence[Sequence[Event]]


def event(id: str, after: int, type: EventType, **named: Any) -> Event:
    """As collect would have put it in the queue, all received at the start."""
    at = START - HOUR + after * MINUTE
    return Event(id, type, at, received_at=START, proven=True, origin="operator", **named)


def _events() -> Iterator[Event]:
    """Two customers, one of whom was three visitors before."""
    for number in range(4):
        yield event(f"view-{number}", number, "track", anonymous_id="browser", event="Product Viewed")
    yield event(
        "shop-1", 2, "identify", anonymous_id="counter", traits={"email": "ann@example.com", "plan": "new"}
    )
    yield event("shop-2", 3, "track", anonymous_id="counter", event="Store Visited")
    yield event("login-1", 10, "identify", anonymous_id="browser", user_id="ann", traits={"plan": "gold"})
    yield event("address-1", 20, "identify", user_id="ann", traits={"email": "ann@example.com"})
    agreed = {"channel": "email", "topic": "offers"}
    yield event("agreed-1", 21, "track", user_id="ann", event="Permission Granted", properties=agreed)
    yield event("denied-1", 22, "track", user_id="bob", event="Permission Denied", properties=agreed)
    yield event("bob-1", 5, "identify", user_id="bob", traits={"email": "bob@example.com"})
    yield event("order-1", 30, "track", user_id="ann", event="Order Completed", properties={"total": 12.5})
    yield event("order-2", 31, "track", user_id="bob", event="Order Completed", properties={"total": 7})
    for number in range(3):
        yield event(f"app-{number}", 40 + number, "screen", anonymous_id="app", user_id="ann", name="Home")


EVENTS = tuple(_events())


def alone(events: Sequence[Event]) -> Batches:
    return [[each] for each in events]


def together(events: Sequence[Event]) -> Batches:
    return [events]


def by_threes(events: Sequence[Event]) -> Batches:
    return [events[start : start + 3] for start in range(0, len(events), 3)]


def overlapping(events: Sequence[Event]) -> Batches:
    """Every event in two batches."""
    return [events[max(0, start - 4) : start + 4] for start in range(0, len(events) + 4, 4)]


def deliver(stack: Stack, invocations: Sequence[Batches]) -> Seen:
    """Hand the batches to ingest, each invocation's in one go; carry out all that follows."""
    start_over(stack)
    for batches in invocations:
        for batch in batches:
            LocalQueue(f"{PREFIX}-events").put(body_of(EventBatch(tuple(batch))))
        stack.settle()
    stack.move_clock(START + 2 * HOUR)
    stack.settle()
    return look(stack)


@pytest.fixture(scope="module")
def in_order(stack: Stack) -> Seen:
    """Each event by itself, in the order in which it happened."""
    publish(stack)
    return deliver(stack, [alone([each]) for each in sorted(EVENTS, key=lambda one: one.order)])


def same(seen: Seen, other: Seen) -> None:
    """Equal facts, the same decided, and the same said, once each."""
    same_facts(seen, other)
    assert mails(seen) == mails(other)


def mails(seen: Seen) -> Counter[str]:
    return Counter(mail.message for mail in seen.mails)


def same_facts(seen: Seen, other: Seen) -> None:
    assert seen.facts == other.facts
    assert seen.history == other.history
    assert seen.decided == other.decided
    assert (seen.astray, seen.waiting, seen.dead) == ([], [], {})


def test_what_the_orders_are_compared_with(in_order: Seen) -> None:
    assert sorted(len(facts["identifiers"]) for facts in in_order.facts.values()) == [2, 5]
    assert mails(in_order) == {"receipt": 2}
    assert sum(map(len, in_order.history.values())) == len(EVENTS)
    same(in_order, in_order)


@pytest.mark.parametrize("grouped", [alone, together, by_threes, overlapping])
@pytest.mark.parametrize("seed", SEEDS)
def test_shuffled_and_grouped_anyhow(
    stack: Stack, in_order: Seen, grouped: Callable[[Sequence[Event]], Batches], seed: int
) -> None:
    events = random.Random(seed).sample(EVENTS, len(EVENTS))
    same(deliver(stack, [grouped(events)]), in_order)


@pytest.mark.parametrize("seed", SEEDS)
def test_twice_in_another_order(stack: Stack, in_order: Seen, seed: int) -> None:
    chance = random.Random(seed)
    first, again = chance.sample(EVENTS, len(EVENTS)), chance.sample(EVENTS, len(EVENTS))
    same(deliver(stack, [by_threes(first), overlapping(again)]), in_order)


@pytest.mark.parametrize("seed", SEEDS)
def test_some_late_and_again_much_later(stack: Stack, in_order: Seen, seed: int) -> None:
    events = random.Random(seed).sample(EVENTS, len(EVENTS))
    parts = [events[:5], events[5:9], events[9:], events[:9]]
    seen = deliver(stack, [alone(part) for part in parts])
    same_facts(seen, in_order)
    # Who orders before the address has come gets no receipt, nor a late one when it comes.
    assert len(seen.mails) <= len(in_order.mails)
    assert len(seen.rows) == len(seen.mails)


def test_an_answer_that_was_lost_brings_the_whole_batch_again(stack: Stack, in_order: Seen) -> None:
    start_over(stack)
    bodies = [body_of(EventBatch(tuple(batch))) for batch in by_threes(EVENTS)]
    records = [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]
    for _ in range(2):
        assert INGEST.invoke({"Records": records}) == {"batchItemFailures": []}
    stack.settle()
    stack.move_clock(START + 2 * HOUR)
    stack.settle()
    same(look(stack), in_order)


def test_a_batch_too_large_to_stay_plain_in_the_queue_is_taken_like_any_other(
    stack: Stack, in_order: Seen
) -> None:
    noise = {"noise": "x" * PLAIN_UP_TO}
    large = [replace(each, properties=each.properties | noise) for each in EVENTS]
    same(deliver(stack, [[large]]), in_order)
