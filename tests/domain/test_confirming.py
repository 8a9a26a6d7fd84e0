"""Whose yes has to be confirmed, and when they are asked."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain import facts
from chalicelib.domain.confirming import to_confirm
from chalicelib.domain.effects import Confirm
from chalicelib.domain.events import Event
from chalicelib.domain.permissions import state
from chalicelib.domain.playbook.compiler import compile_playbook
from chalicelib.domain.playbook.model import Playbook, Topic
from chalicelib.domain.profile import Profile

PLAYBOOK = Playbook(
    "Shop", topics={"offers": Topic("offers", "Offers", "ask", "double"), "news": Topic("news", "News")}
)
RULES = compile_playbook(PLAYBOOK, 1)


class Customer:
    """One profile; what each event asks."""

    def __init__(self) -> None:
        self.profile, self.at = Profile("p_1"), 1_000

    def _fold(self, event: Event) -> list[str]:
        facts.fold(self.profile, event, RULES)
        return [one.topic for one in to_confirm(self.profile, event, PLAYBOOK) if isinstance(one, Confirm)]

    def _event(self, **fields: Any) -> Event:
        self.at += 1_000
        return Event(f"e{self.at}", timestamp=self.at, received_at=self.at, **{"type": "track", **fields})

    def gives_address(self, **fields: Any) -> list[str]:
        return self._fold(self._event(type="identify", traits={"email": "ann@example.com"}, **fields))

    def says(self, name: str, topic: str = "offers", channel: str = "email", **fields: Any) -> list[str]:
        return self._fold(self._event(event=name, properties={"channel": channel, "topic": topic}, **fields))

    def is_asked(self) -> None:
        said = {"channel": "email", "topic": "offers", "state": "pending"}
        self._fold(self._event(event="Topeka Permission Set", properties=said, origin="topeka"))


@pytest.fixture
def ann() -> Customer:
    return Customer()


def test_a_yes_that_nobody_proved_is_asked_about(ann: Customer) -> None:
    assert ann.gives_address() == []
    assert ann.says("Permission Granted") == ["offers"]
    assert state(ann.profile.facts, "email", "offers", PLAYBOOK) == "pending"


def test_a_yes_before_there_is_an_address_is_asked_about_once_there_is(ann: Customer) -> None:
    assert ann.says("Permission Granted") == []
    assert ann.gives_address() == ["offers"]
    ann.is_asked()
    assert ann.gives_address() == []


def test_another_yes_asks_again(ann: Customer) -> None:
    ann.gives_address()
    ann.says("Permission Granted")
    ann.is_asked()
    assert ann.says("Permission Granted") == ["offers"]


def test_a_yes_to_everything_is_one_to_each_topic_that_is_confirmed(ann: Customer) -> None:
    ann.gives_address()
    assert ann.says("Permission Granted", "*") == ["offers"]


def test_what_needs_no_confirming_is_not_asked_about(ann: Customer) -> None:
    ann.gives_address()
    assert ann.says("Permission Granted", "news") == []
    assert ann.says("Permission Granted", channel="sms") == []
    assert ann.says("Permission Granted", proven=True) == []
    assert ann.says("Product Viewed") == []


def test_who_said_no_since_is_not_asked(ann: Customer) -> None:
    ann.says("Permission Granted")
    ann.says("Permission Denied")
    assert ann.gives_address() == []


def test_a_stranger_cannot_have_a_proven_address_asked(ann: Customer) -> None:
    ann.gives_address(proven=True)
    assert ann.says("Permission Granted") == []
