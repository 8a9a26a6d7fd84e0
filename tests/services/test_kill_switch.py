"""The kill switch: within half a minute nothing goes out any more, whatever is queued; and what becomes of it."""

from __future__ import annotations

import pytest

from chalicelib.domain.decision import Switches
from chalicelib.domain.sending import SWITCHED_OFF
from chalicelib.services.send_delivery import GOOD_FOR
from tests.services.many_world import Many
from tests.services.sending_stage import JOB, Stage

SECOND, MINUTE = 1_000, 60_000
OFF = {
    "everything": Switches(sending=False),
    "the channel": Switches(channels={"email": False}),
    "the message": Switches(messages={"umbrella": False, "receipt": False}),
}


def switch_off_at(many: Many, at: int, switches: Switches) -> None:
    """Run until nothing is left to do but to look again; the switch is thrown on the way, at that time."""

    def throw() -> None:
        if many.clock.now >= at and many.playbooks.switches() == Switches():
            many.playbooks.set_switches(switches)

    many.run(until=at + 20 * MINUTE, at=throw)


@pytest.mark.parametrize("switches", OFF.values(), ids=OFF)
def test_within_thirty_seconds_nothing_is_sent_any_more(switches: Switches) -> None:
    many = Many(rate=20)
    many.add(600)
    thrown = many.clock.now + 10 * SECOND
    switch_off_at(many, thrown, switches)
    times = [at for at, _ in many.provider.taken]
    assert 100 < len(times) < 600
    assert max(times) <= thrown + 30 * SECOND


def test_offers_are_dropped_and_given_back_receipts_wait_and_go_out_once_when_it_is_on_again() -> None:
    many = Many(rate=20)
    offers, receipts = many.add(300), many.add(100, "receipt", "service")
    switch_off_at(many, many.clock.now + 5 * SECOND, OFF["everything"])
    sent = {id for _, id in many.provider.taken}
    assert many.states() == {
        ("sent", "sent"): len(sent),
        ("dropped", "dropped"): len(set(offers) - sent),
        ("due", "reserved"): len(set(receipts) - sent),
    }
    assert set(offers) - sent and set(receipts) - sent

    many.playbooks.set_switches(Switches())
    before = len(many.provider.taken)
    many.run()
    assert {id for _, id in many.provider.taken} == sent | set(receipts)
    assert len(many.provider.taken) == len(sent | set(receipts))
    assert len(many.provider.taken) - before == len(set(receipts) - sent)


def test_another_message_and_another_channel_go_on() -> None:
    many = Many()
    many.playbooks.set_switches(Switches(channels={"sms": False}, messages={"receipt": False}))
    many.add(20)
    many.run()
    assert many.outcomes["sent"] == 20


def test_a_receipt_does_not_wait_for_ever() -> None:
    stage = Stage(kind="service")
    stage.live.switched = Switches(sending=False)
    assert stage.send() == "waits"
    assert (stage.row.state, stage.contact.state) == ("due", "reserved")
    stage.clock.forward(SWITCHED_OFF)
    assert stage.send() == "dropped"
    assert (stage.row.reason, stage.contact.state) == ("switched-off", "dropped")


def test_a_receipt_that_waits_is_still_not_sent_to_who_said_stop() -> None:
    stage = Stage(kind="service")
    stage.live.switched = Switches(sending=False)
    stage.send()
    stage.change(lambda profile: profile.facts.traits.pop("phone"))
    assert stage.send() == "dropped"


@pytest.mark.parametrize(("took", "outcome"), [(GOOD_FOR, "sent"), (GOOD_FOR + 1, "refused")])
def test_a_decision_that_is_too_old_is_made_again_instead_of_sent(took: int, outcome: str) -> None:
    """The commit hung: who says how the switches stand by now?"""
    stage = Stage()
    commit = stage.profiles.commit
    sender = stage.sender()

    def slow(*args: object) -> None:
        commit(*args)  # type: ignore[arg-type]
        stage.clock.forward(took)
        stage.profiles.commit = commit  # type: ignore[method-assign]

    stage.profiles.commit = slow  # type: ignore[method-assign, assignment]
    assert sender(JOB).outcome == outcome
    if outcome == "refused":
        assert (stage.row.state, stage.contact.state, stage.provider.sent) == ("due", "reserved", [])
        stage.live.switched = Switches(sending=False)
        assert stage.send(**stage.queue.jobs.pop()) == "dropped"
