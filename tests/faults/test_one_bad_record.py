"""One bad record: its neighbours are done, nothing waits behind it, and it ends where it can be seen."""

from __future__ import annotations

import json
from typing import Any

import boto3
import msgspec
import pytest

from chalicelib import settings, wiring
from chalicelib.domain.effects import Effect, Join
from chalicelib.domain.envelope import body_of
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.events import Event, EventBatch
from infra.local.moto_signing import signed_envelope
from infra.local.notices import inbound_sms
from infra.local.post import delivery_of
from infra.local.queues import LocalQueue
from infra.local.resources import PREFIX
from infra.local.stack import OPERATOR_KEY, Stack
from tests.faults.scenario import publish
from tests.faults.seen import look
from tests.faults.world import QUEUES, START, start_over

MINUTE = 60_000
NEIGHBOURS = ("ann", "bob", "cy")


@pytest.fixture(autouse=True)
def _nothing_yet(stack: Stack) -> None:
    """An agreed playbook, and nobody known."""
    start_over(stack)
    if not wiring.playbooks().live():
        publish(stack)
        start_over(stack)


def viewed(user: str, number: int = 1) -> Event:
    return Event(
        message_id=f"{user}-{number}",
        type="track",
        event="Product Viewed",
        timestamp=START,
        received_at=START,
        user_id=user,
    )


def put(queue: str, *bodies: str) -> None:
    for body in bodies:
        LocalQueue(f"{PREFIX}-{queue}").put(body)


def put_item(table: str, **attributes: Any) -> None:
    boto3.client("dynamodb").put_item(TableName=f"{PREFIX}-{table}", Item=attributes)


def views(*users: str) -> list[int]:
    """How many views each customer's profile counts."""
    found = [wiring.find_profile().by_identifier("user", user) for user in users]
    return [profile.facts.activity["Product Viewed"].total if profile else 0 for profile in found]


def dead(stack: Stack) -> dict[str, int]:
    """How many letters lie in each dead-letter queue that holds any; nothing may be left in the queues themselves."""
    assert {name: LocalQueue(f"{PREFIX}-{name}").bodies() for name in QUEUES} == {name: [] for name in QUEUES}
    return {name: len(bodies) for name, bodies in stack.dead_letters().items() if bodies}


@pytest.mark.parametrize(
    "body", ["{not json", "z:%%%", '{"events": 1}', "[]", '{"events": [{"messageId": "x"}]}']
)
def test_a_message_nobody_can_read_is_the_only_one_to_die(stack: Stack, body: str) -> None:
    put("events", body_of(EventBatch((viewed("ann"),))), body, body_of(EventBatch((viewed("bob"),))))
    stack.settle()
    assert views("ann", "bob") == [1, 1]
    assert dead(stack) == {"events-dead": 1}
    assert stack.dead_letters()["events-dead"] == [body]


def unreadable_profile(user: str) -> None:
    home = wiring.secrets().home("user", user)
    put_item("profiles", id={"S": home}, version={"S": "1.x"}, doc={"B": b"nonsense"})


def signs_in_a_circle(user: str) -> None:
    home = wiring.secrets().home("user", user)
    put_item("profiles", id={"S": home}, version={"S": "1.x"}, forward_to={"S": "p_other"})
    put_item("profiles", id={"S": "p_other"}, version={"S": "1.x"}, forward_to={"S": home})


@pytest.mark.parametrize("spoil", [unreadable_profile, signs_in_a_circle])
@pytest.mark.parametrize("together", [True, False], ids=["in one message", "in messages of their own"])
def test_a_profile_nobody_can_read_takes_only_its_own_events_with_it(
    stack: Stack, spoil: Any, together: bool
) -> None:
    spoil("mallory")
    events = [viewed(user) for user in ("ann", "mallory", "bob", "cy")]
    batches = [EventBatch(tuple(events))] if together else [EventBatch((event,)) for event in events]
    put("events", *map(body_of, batches))
    stack.settle()
    assert views(*NEIGHBOURS) == [1, 1, 1]
    assert dead(stack) == {"events-dead": 1}
    assert "mallory-1" in stack.dead_letters()["events-dead"][0]


def commit(id: str, *effects: Effect, raw: bytes = b"") -> None:
    """A stored version with effects, as the stream sees it."""
    outbox = raw or msgspec.json.encode(effects)
    put_item("profiles", id={"S": id}, version={"S": "1.x"}, outbox={"B": outbox})


@pytest.mark.parametrize(
    "raw", [b"", b"{not json", b'[{"type": "unheard-of"}]'], ids=["failing", "broken", "unknown"]
)
def test_an_effect_that_cannot_be_carried_out_is_set_aside(stack: Stack, raw: bytes) -> None:
    commit("p_1", Join("segment:x", "p_1", START))
    commit("p_2", Join("segment:x", "", START), Join("segment:x", "p_2", START), raw=raw)
    commit("p_3", Join("segment:x", "p_3", START))
    stack.settle()
    assert wiring.groups().count("segment:x") == (2 if raw else 3)
    assert dead(stack) == {"relay-dead": 1}


def customer(stack: Stack, user: str) -> None:
    identify = {
        "type": "identify",
        "userId": user,
        "traits": {"email": f"{user}@example.com"},
        "messageId": f"{user}-0",
    }
    order = {"type": "track", "userId": user, "event": "Order Completed", "messageId": f"{user}-9"}
    assert stack.request("POST", "/v1/batch", {"batch": [identify, order]}, key=OPERATOR_KEY).status == 200


def test_a_delivery_nobody_can_read_does_not_hold_up_the_others(stack: Stack) -> None:
    put_item(
        "deliveries",
        id={"S": "m_bad"},
        profile={"S": "p_x"},
        state={"S": "due"},
        at={"N": "1"},
        body={"B": b"{}"},
    )
    customer(stack, "ann")
    put("deliveries", '{"delivery": "m_bad", "profile": "p_x"}', "{not json", '{"profile": "p_x"}')
    customer(stack, "bob")
    stack.settle()
    assert sorted(each.taken.to for each in stack.post.sent()) == ["ann@example.com", "bob@example.com"]
    assert dead(stack) == {"deliveries-dead": 3}


def test_feedback_that_lacks_what_it_must_have_does_not_hold_up_the_rest(stack: Stack) -> None:
    stack.post.withheld = frozenset({"Email Delivered"})
    try:
        customer(stack, "ann")
        stack.settle()
    finally:
        stack.post.withheld = frozenset()
    lacking = json.dumps({"eventType": "Bounce", "mail": {}})
    put("feedback", json.dumps(signed_envelope(settings.load().feedback_topic, lacking, "1")), "{not json")
    stack.post.tell(delivery_of(stack.post.sent()[0].taken), "Email Delivered", "")
    put("feedback", "[]")
    stack.settle()
    assert look(stack).told == {"Email Delivered": 1}
    assert dead(stack) == {"feedback-dead": 3}


def test_a_job_that_cannot_be_done_does_not_hold_up_the_others(stack: Stack) -> None:
    customer(stack, "ann")
    stack.settle()
    moment = {"name": "Rain Started", "segment": "buyers", "facts": {}}
    put(
        "jobs", '{"kind": "unheard-of"}', '{"kind": "ring"}', "{not json", '{"kind": "fan_out", "group": "x"}'
    )
    assert stack.request("POST", "/v1/moments", moment, key=OPERATOR_KEY).status == 202
    stack.settle()
    assert "Rain Started" in next(iter(look(stack).facts.values()))["activity"]
    assert dead(stack) == {"jobs-dead": 4}


@pytest.mark.parametrize(
    "job",
    [
        b"{not json",
        b"{}",
        b'{"kind": "unheard-of"}',
        b'{"kind": "event", "ring": {}}',
        b'{"kind": "delivery"}',
    ],
)
def test_an_agenda_entry_that_cannot_ring_does_not_hold_up_what_is_due_with_it(
    stack: Stack, job: bytes
) -> None:
    cart = {"type": "track", "userId": "ann", "event": "Cart Updated", "messageId": "ann-1"}
    assert stack.request("POST", "/v1/batch", {"batch": [cart]}, key=OPERATOR_KEY).status == 200
    stack.settle()
    slot, due = held_until(stack)
    put_item("agenda", slot={"S": slot}, due={"S": f"{due:013d}#0"}, job={"B": job})
    stack.move_clock(due + MINUTE)
    stack.settle()
    profile = wiring.find_profile().by_identifier("user", "ann")
    assert profile is not None and profile.ledger.waits == {}
    assert sum(dead(stack).values()) == 1


def held_until(stack: Stack) -> tuple[str, int]:
    """Slot and time of the one entry in the agenda."""
    rows = boto3.client("dynamodb").scan(TableName=f"{PREFIX}-agenda")["Items"]
    ((slot, due),) = [(row["slot"]["S"], row["due"]["S"]) for row in rows if row["slot"]["S"] != "cursor"]
    return slot, int(due.split("#")[0])


def test_a_tick_that_fails_is_made_up_for_by_the_next(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    cart = {"type": "track", "userId": "ann", "event": "Cart Updated", "messageId": "ann-1"}
    assert stack.request("POST", "/v1/batch", {"batch": [cart]}, key=OPERATOR_KEY).status == 200
    stack.settle()
    _, due = held_until(stack)
    hand_out, failures = wiring.hand_out_agenda(), iter([True, True])

    def failing() -> int:
        if next(failures, False):
            raise Unavailable("dynamodb")
        return hand_out()

    monkeypatch.setattr(wiring, "hand_out_agenda", lambda: failing)
    stack.move_clock(due + 5 * MINUTE)
    profile = wiring.find_profile().by_identifier("user", "ann")
    assert profile is not None and profile.ledger.waits == {}
    assert dead(stack) == {}


def told(text: str, **changes: str) -> str:
    """An SMS of a customer to us, as SNS puts it into the queue."""
    topic = settings.load().inbound_topic
    signed = signed_envelope(topic, json.dumps(inbound_sms("+17855550123", "+17855550100", text, text)), text)
    return json.dumps({**signed, **changes})


def test_what_sns_did_not_sign_stops_nobody_and_is_kept_to_be_seen(stack: Stack) -> None:
    bare = json.dumps(inbound_sms("+17855550123", "+17855550100", "STOP", "bare"))
    forged = told("HELP", Message=bare)
    elsewhere = told("STOP", SigningCertURL="https://sns.us-east-1.evil.example/a.pem")
    put("feedback", bare, forged, elsewhere)
    stack.settle()
    assert wiring.find_profile().by_identifier("phone", "+17855550123") is None
    assert dead(stack) == {"feedback-dead": 3}
    assert sorted(stack.dead_letters()["feedback-dead"]) == sorted([bare, forged, elsewhere])
    put("feedback", told("STOP"))
    stack.settle()
    assert wiring.find_profile().by_identifier("phone", "+17855550123") is not None
    assert dead(stack) == {"feedback-dead": 3}
