"""A worker that dies between any two of its calls to AWS loses nothing and doubles nothing."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from infra.local.stack import OPERATOR_KEY, WRITE_KEY, Stack

CUSTOMERS = 2
EVENTS = 4
MOST_CALLS = 40

PLAYBOOK = b"""
playbook: 1
name: Rain
topics: {offers: {label: Offers, default: assume}}
senders: {email: "Umbrella Shop <hello@shop.example.com>"}
moments: {rain: {event: Rain Started}}
messages:
  umbrella:
    kind: service
    topic: offers
    moments: [rain]
    channels: [email]
    variants: {plain: {email: {subject: "Dry?", text: "Rain at five."}}}
"""


class Killed(BaseException):
    """The instance is gone: nothing in the code under test may catch this."""


@contextmanager
def dies_before_call(worker: str, number: int) -> Iterator[list[str]]:
    """Kill the first thread of a worker as it is about to make its `number`-th call; tells the calls it made."""
    from chalicelib import wiring

    made: list[str] = []
    victims: list[int] = []

    def strike(model: Any, **_: Any) -> None:
        me = threading.get_ident()
        if not threading.current_thread().name.startswith(f"topeka-local-{worker}-"):
            return
        if not victims:
            victims.append(me)
        if victims[0] == me and len(made) <= number:
            made.append(model.name)
            if len(made) > number:
                raise Killed

    clients = [wiring.client(service) for service in ("dynamodb", "firehose", "sqs", "sesv2")]
    for client in clients:
        client.meta.events.register("before-call", strike)
    try:
        yield made
    finally:
        for client in clients:
            client.meta.events.unregister("before-call", strike)


def collect(stack: Stack, events: list[dict[str, Any]]) -> None:
    assert stack.request("POST", "/v1/batch", {"batch": events}, key=WRITE_KEY).status == 200


def viewed(run: str) -> list[dict[str, Any]]:
    return [
        {
            "type": "track",
            "userId": f"{run}-{customer}",
            "event": "Product Viewed",
            "messageId": f"{run}-{customer}-{number}",
            "properties": {"sku": "umbrella"},
        }
        for customer, number in itertools.product(range(CUSTOMERS), range(EVENTS))
    ]


def rained(run: str) -> list[dict[str, Any]]:
    """Who they are, then that it rains; events of the same instant are taken in order of their message ids."""
    events = []
    for who in (f"{run}-{customer}" for customer in range(CUSTOMERS)):
        traits = {"email": f"{who}@example.com"}
        events.append({"type": "identify", "userId": who, "messageId": f"{who}-1", "traits": traits})
        events.append({"type": "track", "userId": who, "messageId": f"{who}-2", "event": "Rain Started"})
    return events


def counted(run: str) -> list[int]:
    """How many of its events each customer's profile counts."""
    from chalicelib import wiring

    profiles = [wiring.find_profile().by_identifier("user", f"{run}-{number}") for number in range(CUSTOMERS)]
    return [profile.facts.activity["Product Viewed"].total for profile in profiles if profile is not None]


def in_timeline(run: str) -> list[int]:
    from chalicelib import wiring

    homes = [wiring.secrets().home("user", f"{run}-{number}") for number in range(CUSTOMERS)]
    return [len(wiring.timeline().page([home], 100).items) for home in homes]


def mailed(stack: Stack, run: str) -> list[int]:
    """How many e-mails each customer got."""
    sent = [each.taken.to for each in stack.post.sent()]
    return [sent.count(f"{run}-{number}@example.com") for number in range(CUSTOMERS)]


@pytest.fixture(scope="module")
def warm(stack: Stack) -> Stack:
    """Rules and switches are cached, so that the calls that are counted are those of the work itself."""
    assert stack.request("PUT", "/v1/playbook", PLAYBOOK, key=OPERATOR_KEY).status == 200
    collect(stack, viewed("warm") + rained("warm"))
    stack.settle()
    return stack


def test_ingest_dying_between_any_two_calls_loses_and_doubles_no_event(warm: Stack) -> None:
    for number in range(MOST_CALLS):
        run = f"run{number}"
        with dies_before_call("events", number) as made:
            collect(warm, viewed(run))
            warm.settle()
        assert counted(run) == [EVENTS] * CUSTOMERS, made
        assert in_timeline(run) == [EVENTS] * CUSTOMERS, made
        if len(made) <= number:
            break
    assert len(made) <= number, "the work makes more calls than were tried"
    assert {"BatchGetItem", "PutItem"} <= set(made)
    assert warm.dead_letters()["events-dead"] == []


@pytest.mark.parametrize(
    ("worker", "call"),
    [("events", "TransactWriteItems"), ("profiles", "SendMessageBatch")],
    ids=["ingest", "relay"],
)
def test_dying_on_the_way_to_a_message_neither_loses_nor_doubles_it(
    warm: Stack, worker: str, call: str
) -> None:
    for number in range(MOST_CALLS):
        run = f"{worker}{number}"
        with dies_before_call(worker, number) as made:
            collect(warm, rained(run))
            warm.settle()
        assert mailed(warm, run) == [1] * CUSTOMERS, made
        if len(made) <= number:
            break
    assert len(made) <= number, "the work makes more calls than were tried"
    assert call in made


def test_dying_while_sending_never_sends_twice(warm: Stack) -> None:
    for number in range(MOST_CALLS):
        run = f"send{number}"
        with dies_before_call("deliveries", number) as made:
            collect(warm, rained(run))
            warm.settle()
        assert max(mailed(warm, run)) <= 1, made
        if len(made) <= number:
            break
    assert len(made) <= number, "the work makes more calls than were tried"
    assert "SendEmail" in made
