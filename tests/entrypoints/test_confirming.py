"""Asking a customer to confirm a topic, where something stands in the way."""

from __future__ import annotations

import pytest

from chalicelib import wiring
from chalicelib.domain import tokens
from chalicelib.domain.errors import NotTaken, Unanswered, Unavailable
from chalicelib.domain.keys import Secrets
from tests.entrypoints.playbooks import UMBRELLAS
from tests.entrypoints.workspace import SECRET, WRITE, Workspace

DOUBLE = UMBRELLAS.replace("topics:\n", "topics:\n  tips: {label: Tips, confirm: double}\n")
DAY = 86_400_000


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    workspace.publish(DOUBLE)
    return workspace


def sign_up(shop: Workspace, user: str = "ann", email: str = "ann@example.com") -> None:
    """A visitor gives an address and says yes; the question is left in the queue."""
    shop.identify(WRITE, userId=user, traits={"email": email})
    said = {"channel": "email", "topic": "tips"}
    shop.track("Permission Granted", userId=user, properties=said)


def asked(shop: Workspace) -> list[str]:
    return [one.to for one in shop.email_sender.sent]


def ask(shop: Workspace, user: str = "ann") -> str:
    """Bring the question (again)."""
    return wiring.ask_to_confirm()({"profile": shop.profile(f"user:{user}")["id"], "topic": "tips"})


def test_a_question_that_comes_twice_is_asked_once(shop: Workspace) -> None:
    sign_up(shop)
    assert ask(shop) == "asked-today"
    assert asked(shop) == ["ann@example.com"]


def test_many_who_give_one_address_have_it_asked_once_a_day(shop: Workspace) -> None:
    for user in ("ann", "bob", "eve"):
        sign_up(shop, user)
    assert asked(shop) == ["ann@example.com"]
    shop.clock.forward(DAY)
    sign_up(shop, "eve")
    assert asked(shop) == ["ann@example.com"] * 2


def test_a_provider_that_refuses_is_asked_again_by_the_queue(shop: Workspace) -> None:
    shop.email_sender.fail_next("send", error=NotTaken("throttled"))
    with pytest.raises(Unavailable):
        sign_up(shop)
    assert ask(shop) == "asked"
    assert asked(shop) == ["ann@example.com"]


def test_a_lost_answer_is_not_asked_again_today(shop: Workspace) -> None:
    shop.email_sender.fail_next("send", error=Unanswered("lost"))
    sign_up(shop)
    assert ask(shop) == "asked-today"
    assert asked(shop) == []
    shop.call("DELETE", "/v1/profiles/user:ann")
    assert shop.deliveries.rows == {}


def test_what_cannot_be_noted_is_not_sent_and_comes_again(shop: Workspace) -> None:
    shop.call("PUT", "/v1/switches", {"sending": False})
    sign_up(shop)
    shop.call("PUT", "/v1/switches", {"sending": True})
    shop.event_queue.fail_next("send")
    with pytest.raises(Unavailable):
        ask(shop)
    assert asked(shop) == []
    assert ask(shop) == "asked"
    assert asked(shop) == ["ann@example.com"]


def test_nothing_is_sent_while_sending_is_off_or_after_an_erasure(shop: Workspace) -> None:
    assert shop.call("PUT", "/v1/switches", {"channels": {"email": False}}).status_code == 200
    sign_up(shop)
    assert ask(shop) == "switched-off"
    id = shop.profile("user:ann")["id"]
    shop.call("DELETE", "/v1/profiles/user:ann")
    assert wiring.ask_to_confirm()({"profile": id, "topic": "tips"}) == "erased"
    assert asked(shop) == []


def test_who_said_no_meanwhile_is_not_asked(shop: Workspace) -> None:
    shop.call("PUT", "/v1/switches", {"sending": False})
    sign_up(shop)
    shop.call("PUT", "/v1/switches", {"sending": True})
    said = {"channel": "email", "topic": "tips", "state": "denied", "source": "call"}
    shop.clock.forward(1_000)
    assert shop.call("PUT", "/v1/profiles/user:ann/permissions", said).status_code == 200
    assert ask(shop) == "not-pending"
    assert asked(shop) == []


def test_an_erasure_takes_the_row_of_the_question_with_it(shop: Workspace) -> None:
    sign_up(shop)
    shop.clock.forward(3 * DAY)
    sign_up(shop)
    assert len(asked(shop)) == 2 and len(shop.deliveries.rows) == 1
    shop.call("DELETE", "/v1/profiles/user:ann")
    assert shop.deliveries.rows == {}


@pytest.mark.parametrize(("channel", "state", "questions"), [("email", "granted", 0), ("sms", "pending", 1)])
def test_a_page_reached_by_text_message_proves_no_address(
    shop: Workspace, channel: str, state: str, questions: int
) -> None:
    shop.identify(WRITE, userId="ann", traits={"email": "ann@example.com", "phone": "+17855550123"})
    claims = {"p": shop.profile("user:ann")["id"], "c": channel}
    token = tokens.mint(Secrets(SECRET, SECRET), "preferences", claims, shop.clock() + DAY)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = shop.call("POST", f"/p/{token}", b"topic=email/tips&topic=sms/tips", form)
    assert answer.status_code == 200
    shop.settle()
    told = shop.profile("user:ann")["permissions"]
    assert (told["email"]["tips"]["state"], told["sms"]["tips"]["state"]) == (state, "granted")
    assert len(asked(shop)) == questions
