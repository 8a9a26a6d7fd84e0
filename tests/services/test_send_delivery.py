"""One delivery: decided again, committed, claimed, sent once, settled."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.decision import Switches
from chalicelib.domain.effects import Ring
from chalicelib.domain.errors import Conflict, NotTaken, Unanswered, Unavailable, Undeliverable
from chalicelib.domain.falling import TEMPLATE_FAILED
from chalicelib.domain.profile import Known, Permission
from chalicelib.domain.timers import MINUTE
from tests.services.sending_stage import HOUR, MAIL, PHONE, SECRETS, Stage, night, rules


def test_a_message_is_sent_and_its_contact_counts_from_now() -> None:
    stage = Stage()
    now = stage.clock.forward(MINUTE)
    assert stage.send() == "sent"
    (sent,) = stage.provider.sent
    assert (sent.to, sent.sender) == (PHONE, "+17855550100")
    assert (stage.contact.state, stage.contact.at) == ("sent", now)
    assert (stage.row.state, stage.row.provider_id) == ("sent", "provider-1")


def test_the_window_of_the_goal_moves_with_the_contact() -> None:
    stage = Stage()
    now = stage.clock.forward(MINUTE)
    stage.send()
    assert stage.contact.goal_until == now + HOUR


def test_a_delivery_that_comes_again_is_not_sent_again() -> None:
    stage = Stage()
    stage.send()
    assert stage.send() == "nothing-to-do"
    assert len(stage.provider.sent) == 1


def test_an_sms_that_became_longer_than_providers_take_is_not_sent() -> None:
    stage = Stage(playbook=rules(sms="a" * 1600))
    assert stage.send() == "dropped"
    assert (stage.row.reason, stage.provider.sent) == ("template-failed", [])


def test_the_row_keeps_where_the_links_lead() -> None:
    stage = Stage()
    stage.send()
    assert stage.row.body["links"] == {"shop": "https://shop.example.com/"}
    assert "https://crm.example.com/c/1" in stage.provider.sent[0].text


def test_an_sms_whose_customer_is_erased_while_it_is_with_the_provider_leaves_no_row() -> None:
    """A row that led to a delivery nobody knows would be found by nobody.

    us       claim m_1 .... provider takes it: 7 .... row m_1: gone, so no row sms:7
    erasing                         row m_1 removed
    """
    stage = Stage()
    stage.provider.meanwhile = lambda: stage.deliveries.erase(["m_1"])
    assert stage.send() == "sent"
    assert stage.deliveries.rows == {}


def test_an_sms_is_found_again_by_the_providers_id() -> None:
    stage = Stage()
    stage.send()
    assert stage.deliveries.rows["sms:provider-1"].body == {"delivery": "m_1"}


def test_an_e_mail_goes_to_the_address_the_profile_has_now() -> None:
    stage = Stage(channel="email")
    stage.change(lambda profile: setattr(profile.facts.traits["email"], "value", "New@Example.com"))
    assert stage.send() == "sent"
    assert stage.provider.sent[0].to == "new@example.com"
    assert b"List-Unsubscribe: <https://crm.example.com/u/" in stage.provider.sent[0].mime


def test_a_service_message_does_not_offer_to_unsubscribe() -> None:
    stage = Stage(channel="email", kind="service")
    stage.send()
    assert b"List-Unsubscribe" not in stage.provider.sent[0].mime


DENIED = {"denied": Permission("denied", 1 << 50, "z")}
DROPS: dict[str, tuple[Any, str]] = {
    "the address was stopped": (
        lambda stage: stage.stops.add(SECRETS.stop_hash("phone", PHONE), "bounced", 0),
        "stopped",
    ),
    "the address is gone": (lambda stage: stage.change(lambda p: p.facts.traits.pop("phone")), "no-address"),
    "the customer said no meanwhile": (
        lambda stage: stage.change(lambda p: p.facts.permissions.update({"sms/offers": DENIED})),
        "no-permission",
    ),
    "everything is switched off": (
        lambda stage: setattr(stage.live, "switched", Switches(sending=False)),
        "switched-off",
    ),
    "the message is switched off": (
        lambda stage: setattr(stage.live, "switched", Switches(messages={"umbrella": False})),
        "switched-off",
    ),
    "a template fails": (lambda stage: setattr(stage.templates, "broken", True), "template-failed"),
}


@pytest.mark.parametrize("name", DROPS)
def test_what_may_not_be_sent_any_more_is_dropped_and_its_contact_given_back(name: str) -> None:
    change, reason = DROPS[name]
    stage = Stage()
    change(stage)
    assert stage.send() == "dropped"
    assert (stage.row.state, stage.row.reason) == ("dropped", reason)
    assert stage.contact.state == "dropped"
    assert stage.provider.sent == []


def rings(stage: Stage) -> list[Ring]:
    return [one for one in stage.profiles.outbox() if isinstance(one, Ring)]


@pytest.mark.parametrize("dies", ["", "after the row", "after the contact"])
def test_a_template_that_fails_has_its_moment_asked_about_again_once(dies: str) -> None:
    stage = Stage()
    stage.change(lambda profile: setattr(profile.ledger.contacts["m_1"], "moment", "rain"))
    stage.deliveries.rows["m_1"].body["cause"] = "msg-1"
    stage.templates.broken = True
    if dies:
        stage.profiles.fail_next("commit", "before" if dies == "after the row" else "after")
        with pytest.raises(Unavailable):
            stage.send()
    stage.send()
    assert stage.send() == "nothing-to-do"

    (ring,) = rings(stage)
    assert (ring.name, ring.properties["delivery"]) == (TEMPLATE_FAILED, "m_1")
    assert (stage.row.state, stage.contact.state) == ("dropped", "dropped")


@pytest.mark.parametrize("name", [name for name in DROPS if name != "a template fails"])
def test_what_is_dropped_for_another_reason_has_no_next(name: str) -> None:
    stage = Stage()
    stage.change(lambda profile: setattr(profile.ledger.contacts["m_1"], "moment", "rain"))
    stage.deliveries.rows["m_1"].body["cause"] = "msg-1"
    DROPS[name][0](stage)
    stage.send()

    assert stage.contact.state == "dropped" and rings(stage) == []


def test_a_message_the_live_playbook_has_no_more_was_withdrawn() -> None:
    stage = Stage(playbook=rules(version=2, message="other"))
    assert stage.send() == "dropped"
    assert stage.contact.state == "dropped"


def test_a_worker_that_has_not_seen_the_newest_playbook_looks_before_it_drops() -> None:
    stage = Stage(playbook=rules(version=0, message="other"))
    stage.live.newest = rules(version=1)
    assert stage.send() == "sent"


def test_a_channel_without_a_provider_is_dropped() -> None:
    stage = Stage(channel="webhook.x")
    assert stage.send() == "dropped"


def test_an_erased_customer_hears_nothing() -> None:
    stage = Stage()
    del stage.profiles.homes["p_1"]
    assert stage.send() == "dropped"
    assert stage.row.reason == "erased"


def test_at_night_it_waits_for_the_end_of_quiet_hours() -> None:
    stage = Stage()
    stage.live.rules = rules(quiet=night(stage.clock))
    assert stage.send() == "held"
    due = stage.clock.now + HOUR
    assert (stage.contact.state, stage.contact.held_until) == ("reserved", due)
    assert list(stage.agenda.jobs) == [(due, "m_1")]


def test_what_waited_is_sent_when_quiet_hours_end() -> None:
    stage = Stage()
    stage.live.rules = rules(quiet=night(stage.clock))
    stage.send()
    now = stage.clock.forward(HOUR)
    assert stage.send() == "sent"
    assert (stage.contact.at, stage.contact.held_until) == (now, 0)


def confirmed_long_ago() -> Stage:
    """A sender committed and died; its message comes back from the dead-letter queue much later."""
    stage = Stage()
    stage.change(lambda profile: setattr(profile.ledger.contacts["m_1"], "state", "sent"))
    stage.clock.forward(5 * HOUR)
    return stage


def test_what_a_dead_sender_confirmed_is_looked_at_anew() -> None:
    stage = confirmed_long_ago()
    stage.live.switched = Switches(sending=False)
    assert stage.send() == "dropped"
    assert stage.contact.state == "dropped"


def test_what_a_dead_sender_confirmed_waits_for_the_morning_too() -> None:
    stage = confirmed_long_ago()
    stage.live.rules = rules(quiet=night(stage.clock))
    assert stage.send() == "held"
    now = stage.clock.forward(HOUR)
    assert stage.send() == "sent"
    assert stage.contact.at == now


def test_held_twice_it_is_written_once() -> None:
    stage = Stage()
    stage.live.rules = rules(quiet=night(stage.clock))
    stage.send()
    stage.send()
    assert stage.profiles.calls["commit"] == 2  # the customer's own, and one


def test_the_inbox_holds_the_rendered_message_itself() -> None:
    stage = Stage(channel="inbox")
    assert stage.send() == "sent"
    assert (stage.row.state, stage.row.body["content"]) == ("waiting", {"headline": "Rain"})
    assert stage.contact.state == "delivered"
    assert stage.provider.sent == []


def test_a_refusal_is_tried_again_later_with_the_contact_reserved() -> None:
    stage = Stage()
    stage.provider.answers = [NotTaken()]
    assert stage.send() == "refused"
    assert (stage.row.state, stage.row.claim, stage.contact.state) == ("due", "", "reserved")
    assert (stage.queue.jobs, stage.queue.delays) == (
        [{"delivery": "m_1", "profile": "p_1", "attempt": 1}],
        [MINUTE],
    )
    assert stage.send(attempt=1) == "sent"


def test_a_switch_thrown_between_two_tries_holds() -> None:
    stage = Stage()
    stage.provider.answers = [NotTaken()]
    stage.send()
    stage.live.switched = Switches(sending=False)
    assert stage.send(attempt=1) == "dropped"
    assert stage.contact.state == "dropped"


def test_after_the_last_refusal_the_contact_is_given_back() -> None:
    stage = Stage()
    stage.provider.answers = [NotTaken()]
    assert stage.send(attempt=7) == "dropped"
    assert (stage.row.state, stage.row.reason) == ("dropped", "not-taken")
    assert stage.contact.state == "dropped"


@pytest.mark.parametrize("kind", ["offer", "service"])
def test_without_an_answer_the_claim_stays_open_for_an_hour(kind: str) -> None:
    stage = Stage(kind=kind)
    stage.provider.answers, stage.provider.takes = [Unanswered()], True
    assert stage.send() == "unanswered"
    assert stage.row.state == "claimed"
    assert list(stage.agenda.jobs) == [(stage.clock.now + HOUR, "m_1")]
    assert stage.send() == "open"
    assert len(stage.provider.sent) == 1


def test_a_promotional_message_in_doubt_closes_as_unknown_and_still_counts() -> None:
    stage = Stage()
    stage.provider.answers, stage.provider.takes = [Unanswered()], True
    stage.send()
    stage.clock.forward(HOUR)
    assert stage.send() == "unknown"
    assert (stage.row.state, stage.contact.state) == ("unknown", "unknown")
    assert stage.send() == "nothing-to-do"
    assert len(stage.provider.sent) == 1


def test_a_service_message_in_doubt_is_sent_again() -> None:
    stage = Stage(kind="service")
    stage.provider.answers, stage.provider.takes = [Unanswered()], True
    stage.send()
    stage.clock.forward(HOUR)
    assert stage.send() == "sent"
    assert len(stage.provider.sent) == 2


def test_what_the_provider_told_in_the_meantime_stands() -> None:
    stage = Stage()
    stage.provider.answers, stage.provider.takes = [Unanswered()], True
    stage.send()
    stage.deliveries.move("m_1", come_from=["claimed"], to="delivered")
    stage.clock.forward(HOUR)
    assert stage.send() == "nothing-to-do"
    assert (stage.row.state, stage.contact.state) == ("delivered", "sent")


def test_another_writer_means_reading_and_deciding_again() -> None:
    stage = Stage()
    stage.profiles.fail_next("commit", error=Conflict(("p_1",)), times=2)
    assert stage.send() == "sent"
    assert len(stage.provider.sent) == 1


def test_a_denial_committed_under_our_hands_is_heard() -> None:
    """We read, the customer says no, our commit conflicts: the second look drops it."""
    stage = Stage()
    sender = stage.sender()
    first = [True]
    write = sender.write

    def deny(*args: Any) -> Any:
        if first.pop() if first else False:
            stage.change(lambda p: p.facts.permissions.update({"sms/offers": DENIED}))
        return write(*args)

    object.__setattr__(sender, "write", deny)
    assert sender({"delivery": "m_1", "profile": "p_1"}).outcome == "dropped"
    assert stage.provider.sent == []


def test_a_commit_that_never_gets_through_is_left_to_the_queue() -> None:
    stage = Stage()
    stage.profiles.fail_next("commit", error=Conflict(), times=5)
    with pytest.raises(Conflict):
        stage.send()
    assert stage.row.state == "due"


def test_a_delivery_nobody_knows_is_nothing_to_do() -> None:
    stage = Stage()
    assert stage.send(delivery="m_2") == "nothing-to-do"


def test_no_address_is_mailed_that_the_profile_lost() -> None:
    stage = Stage(channel="email")
    stage.change(lambda profile: setattr(profile.facts.traits["email"], "value", "nobody"))
    assert stage.send() == "dropped"
    assert MAIL not in [sent.to for sent in stage.provider.sent]


def test_what_a_provider_will_never_take_is_given_up_at_once_and_the_contact_given_back() -> None:
    stage = Stage()
    stage.provider.answers = [Undeliverable("gone")]
    assert stage.send() == "dropped"
    assert (stage.row.state, stage.row.reason, stage.contact.state) == ("dropped", "gone", "dropped")
    assert stage.queue.jobs == []


def test_a_push_goes_to_every_device_but_those_that_are_stopped() -> None:
    stage = Stage(channel="push")
    stage.change(lambda p: p.identifiers.extend(Known("device", f"token-{n}", n, "m") for n in range(3)))
    stage.stops.add(SECRETS.stop_hash("device", "token-1"), "dead-device", 0)
    assert stage.send() == "sent"
    (sent,) = stage.provider.sent
    assert (sent.to, sent.others, sent.content["title"]) == ("token-2", ("token-0",), "Rain")
    assert stage.contact.state == "sent"


def test_a_push_to_stopped_devices_alone_is_dropped() -> None:
    stage = Stage(channel="push")
    stage.change(lambda p: p.identifiers.append(Known("device", "token", 1, "m")))
    stage.stops.add(SECRETS.stop_hash("device", "token"), "dead-device", 0)
    assert stage.send() == "dropped"
    assert (stage.row.reason, stage.provider.sent) == ("stopped", [])
