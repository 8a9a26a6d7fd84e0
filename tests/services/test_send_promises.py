"""What is promised of one e-mail when its sender dies, or the provider's answer is lost.

killed before the claim                  exactly one
killed after it, or the answer lost      promotional: at most one; service: at least one, and two only where the
                                         provider's own word came after the hour that it is waited for
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from chalicelib.domain.errors import Unanswered
from chalicelib.domain.instants import to_text
from chalicelib.services.send_delivery import DOUBT
from chalicelib.services.take_feedback import TakeFeedback
from tests.fakes import FakeSender
from tests.services.sending_stage import JOB, MAIL, SECRETS, Stage
from tests.services.test_send_races import STEPS, Death, Step, die, settle, watched

MINUTE = 60_000
KINDS = ["offer", "brand", "service"]


def stage_of(kind: str) -> Stage:
    return Stage(kind=kind, channel="email")


def killed(stage: Stage, at: int, *, before: bool) -> str:
    """The state of the row in which a sender that dies at this step leaves it."""
    with suppress(Death):
        watched(stage, Step(at, before, die))(JOB)
    return stage.row.state


def tell(stage: Stage, kind: str) -> None:
    """SES tells of the e-mail, by our tag."""
    now = to_text(stage.clock.now)
    tags: dict[str, Any] = {"delivery": ["m_1"]}
    mail = {"timestamp": now, "messageId": "ses-1", "destination": [MAIL], "tags": tags}
    live: Any = stage.live
    take = TakeFeedback(stage.deliveries, stage.stops, stage.events, live, FakeSender(), SECRETS, stage.clock)
    take({"eventType": kind, "mail": mail, kind.lower(): {"timestamp": now}})


@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_any_step_before_the_claim_it_is_exactly_one(kind: str) -> None:
    tried = 0
    for at in range(STEPS):
        for before in (True, False):
            stage = stage_of(kind)
            if killed(stage, at, before=before) != "due":
                continue
            tried += 1
            settle(stage)
            assert len(stage.provider.sent) == 1, (at, before)
            assert (stage.row.state, stage.contact.state) == ("sent", "sent")
    assert tried >= 6  # reading, deciding, stops, the commit: before and after each


@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_any_step_after_the_claim_it_is_at_most_one_or_at_least_one(kind: str) -> None:
    tried = 0
    for at in range(STEPS):
        for before in (True, False):
            stage = stage_of(kind)
            if killed(stage, at, before=before) != "claimed":
                continue
            tried += 1
            taken = len(stage.provider.sent)
            settle(stage)
            if kind == "service":
                assert len(stage.provider.sent) == taken + 1
            else:
                assert len(stage.provider.sent) == taken <= 1
                assert (stage.row.state, stage.contact.state) == ("unknown", "unknown")
    assert tried >= 3  # after the claim, before the call, after it


@pytest.mark.parametrize("took", [True, False], ids=["taken", "not taken"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_that_is_lost_is_as_a_death_after_the_claim(kind: str, took: bool) -> None:
    stage = stage_of(kind)
    stage.provider.answers, stage.provider.takes = [Unanswered()], took
    assert stage.send() == "unanswered"
    settle(stage)
    assert len(stage.provider.sent) == took + (kind == "service")


@pytest.mark.parametrize("told", ["Send", "Delivery"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_the_provider_tells_within_the_hour_settles_it_as_sent_once(kind: str, told: str) -> None:
    stage = stage_of(kind)
    stage.provider.answers, stage.provider.takes = [Unanswered()], True
    stage.send()
    stage.clock.forward(DOUBT - MINUTE)
    tell(stage, told)
    settle(stage)
    assert len(stage.provider.sent) == 1
    assert stage.row.state == ("sent" if told == "Send" else "delivered")
    assert (stage.row.provider_id, stage.contact.state) == ("ses-1", "sent")


def test_a_service_message_goes_out_twice_only_where_it_is_told_after_the_hour() -> None:
    stage = stage_of("service")
    stage.provider.answers, stage.provider.takes = [Unanswered()], True
    stage.send()
    stage.clock.forward(DOUBT)
    assert stage.send() == "sent"
    tell(stage, "Delivery")
    settle(stage)
    assert len(stage.provider.sent) == 2
    assert stage.row.state == "delivered"


def test_a_promotional_message_told_of_after_the_hour_is_known_after_all_and_still_one() -> None:
    stage = stage_of("offer")
    stage.provider.answers, stage.provider.takes = [Unanswered()], True
    stage.send()
    stage.clock.forward(DOUBT)
    assert stage.send() == "unknown"
    tell(stage, "Delivery")
    settle(stage)
    assert len(stage.provider.sent) == 1
    assert stage.row.state == "delivered"
