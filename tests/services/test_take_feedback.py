"""Feedback and replies: rows settled, addresses stopped, events sent; each bears repeating."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.errors import Unanswered, Unavailable
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.stored import Delivery
from chalicelib.services.take_feedback import TakeFeedback
from tests.fakes import FakeClock, FakeDeliveries, FakeEventQueue, FakeSender, FakeStops
from tests.services.sending_stage import MAIL, PHONE, SECRETS

CASES = json.loads((Path(__file__).parents[1] / "domain" / "feedback_cases.json").read_text())
PAYLOADS: dict[str, dict[str, Any]] = {case["name"]: case["payload"] for case in CASES}


@dataclass
class Live:
    playbook: Playbook

    def current(self) -> Live:
        return self


class Stage:
    """One delivery that was claimed, and the row that leads to it from SNS's id."""

    def __init__(self, state: str = "sent") -> None:
        self.clock = FakeClock(1_790_000_000_000)  # after all the notifications
        self.deliveries, self.stops = FakeDeliveries(), FakeStops()
        self.events, self.sms = FakeEventQueue(), FakeSender()
        live: Any = Live(Playbook("Umbrella Shop", stop_words={"es": ("baja",)}))
        self.take = TakeFeedback(
            self.deliveries, self.stops, self.events, live, self.sms, SECRETS, self.clock
        )
        body = {"decision": "d_1", "message": "umbrella", "variant": "plain"}
        self.deliveries.create(Delivery("m_1", "p_1", state, 0, body=body))
        self.deliveries.create(Delivery("sms:sns-1", "p_1", "pointer", 0, body={"delivery": "m_1"}))

    def __call__(self, name: str) -> list[str]:
        return [taken.outcome for taken in self.take(PAYLOADS[name])]

    def reply(self, text: str) -> str:
        payload = {
            "originationNumber": PHONE,
            "destinationNumber": "+17855550100",
            "messageBody": text,
            "inboundMessageId": "i1",
        }
        return self.take(payload)[0].outcome

    @property
    def state(self) -> str:
        return self.deliveries.rows["m_1"].state


def test_ses_send_event_settles_an_open_claim_without_an_event() -> None:
    stage = Stage("claimed")
    assert stage("send") == ["settled"]
    assert (stage.state, stage.deliveries.rows["m_1"].provider_id) == ("sent", "ses-1")
    assert stage.events.events == []


def test_an_sms_on_its_way_settles_an_open_claim_without_an_event() -> None:
    stage = Stage("claimed")
    assert stage("End User Messaging: on its way") == ["settled"]
    assert (stage.state, stage.deliveries.rows["m_1"].provider_id) == ("sent", "eum-1")
    assert stage.events.events == []


def test_a_late_send_event_tells_that_the_unknown_was_sent() -> None:
    stage = Stage("unknown")
    stage("send")
    assert stage.state == "sent"


@pytest.mark.parametrize(
    ("name", "title", "state"),
    [
        ("delivery", "Email Delivered", "delivered"),
        ("permanent bounce", "Email Bounced", "bounced"),
        ("complaint", "Email Marked as Spam", "complained"),
        ("open", "Email Opened", "sent"),
        ("click", "Email Link Clicked", "sent"),
        ("SNS delivered an SMS", "Sms Delivered", "delivered"),
        ("SNS found no such number", "Sms Bounced", "bounced"),
        ("End User Messaging delivered", "Sms Delivered", "delivered"),
    ],
)
def test_a_notification_moves_the_row_and_becomes_an_event_of_the_profile(
    name: str, title: str, state: str
) -> None:
    stage = Stage()
    assert stage(name) == [title]
    (event,) = stage.events.events
    assert (event.event, event.profile) == (title, "p_1")
    assert (event.properties["delivery"], event.properties["decision"]) == ("m_1", "d_1")
    assert stage.state == state


def test_a_delivery_before_its_send_event_is_not_undone() -> None:
    stage = Stage("claimed")
    stage("delivery")
    stage("send")
    assert stage.state == "delivered"


def test_a_permanent_bounce_and_a_complaint_stop_the_address() -> None:
    mail, phone = Stage(), Stage()
    mail("permanent bounce")
    mail("complaint")
    phone("SNS found no such number")
    assert mail.stops.stopped == {SECRETS.stop_hash("email", MAIL): "complained"}
    assert phone.stops.stopped == {SECRETS.stop_hash("phone", PHONE): "bounced"}


@pytest.mark.parametrize(
    "name", ["transient bounce", "rejected by SES", "SNS could not reach the phone", "delivery"]
)
def test_what_may_pass_stops_nobody(name: str) -> None:
    stage = Stage()
    stage(name)
    assert stage.stops.stopped == {}


def test_a_notification_that_comes_twice_is_one_event() -> None:
    stage = Stage()
    stage("permanent bounce")
    stage.clock.forward(60_000)
    stage("permanent bounce")
    first, second = stage.events.events
    assert (first.message_id, first.timestamp) == (second.message_id, second.timestamp)


@pytest.mark.parametrize("name", ["mail that is not ours"])
def test_mail_that_is_not_ours_is_passed_over(name: str) -> None:
    stage = Stage()
    assert stage(name) == ["foreign-message"]
    assert stage.events.events == []


@pytest.mark.parametrize("name", ["something else", "a delay tells nothing"])
def test_what_nobody_knows_is_passed_over(name: str) -> None:
    assert Stage()(name) == ["unknown-notification"]


def test_if_the_events_queue_refuses_the_notification_comes_again_whole() -> None:
    stage = Stage()
    stage.events.fail_next("send")
    with pytest.raises(Unavailable):
        stage("permanent bounce")
    assert stage("permanent bounce") == ["Email Bounced"]
    assert len(stage.events.events) == 1


def test_stop_denies_and_stops_no_address() -> None:
    stage = Stage()
    assert stage.reply("Stop!") == "Unsubscribed"
    (event,) = stage.events.events
    assert event.properties == {"channel": "sms", "topic": "*", "source": "reply"}
    assert event.context["traits"] == {"phone": PHONE}
    assert stage.stops.stopped == {}


def test_the_playbooks_own_word_for_stop_counts() -> None:
    assert Stage().reply("Baja") == "Unsubscribed"


def test_start_grants() -> None:
    assert Stage().reply("START") == "Topeka Permission Set"


def test_help_is_answered_from_the_number_that_was_written_to() -> None:
    stage = Stage()
    assert stage.reply("help") == "help-answered"
    (answer,) = stage.sms.sent
    assert (answer.to, answer.sender) == (PHONE, "+17855550100")
    assert "Umbrella Shop" in answer.text


def test_help_is_answered_in_the_language_it_was_asked_in() -> None:
    stage = Stage()
    assert stage.reply("¿Ayuda?") == "help-answered"
    assert stage.sms.sent[0].text.startswith("Umbrella Shop: responda BAJA")


def test_help_without_an_answer_is_not_sent_twice() -> None:
    stage = Stage()
    stage.sms.fail_next("send", "after", Unanswered())
    assert stage.reply("help") == "help-unanswered"
    assert len(stage.sms.sent) == 1


def test_chatter_changes_nothing() -> None:
    stage = Stage()
    assert stage.reply("lovely weather") == "reply-ignored"
    assert stage.events.events == []
