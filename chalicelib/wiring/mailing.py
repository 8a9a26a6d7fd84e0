"""The services behind the links, pictures and pages of e-mails, and double opt-in."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib import settings, wiring

if TYPE_CHECKING:
    from chalicelib.services.ask_to_confirm import AskToConfirm
    from chalicelib.services.choose_topics import ChooseTopics
    from chalicelib.services.confirm_topic import ConfirmTopic
    from chalicelib.services.judge_look import JudgeLook
    from chalicelib.services.show_slot import ShowSlot
    from chalicelib.services.take_click import TakeClick


@cache
def take_click() -> TakeClick:
    """A link followed, an e-mail opened."""
    from chalicelib.services.take_click import TakeClick

    return TakeClick(
        deliveries=wiring.deliveries(),
        find=wiring.find_profile(),
        events=wiring.event_queue(),
        jobs=wiring.job_queue(),
        clock=wiring.clock,
        slot_target=wiring.show_slot().target,
    )


@cache
def judge_look() -> JudgeLook:
    """A person's look at an e-mail, or a scanner's."""
    from chalicelib.services.judge_look import JudgeLook

    return JudgeLook(wiring.deliveries(), wiring.event_queue(), wiring.clock)


@cache
def choose_topics() -> ChooseTopics:
    """What a customer chooses to hear about."""
    from chalicelib.services.choose_topics import ChooseTopics

    return ChooseTopics(
        wiring.find_profile(),
        wiring.live_rules(),
        wiring.ingest_events(),
        wiring.secrets(),
        wiring.clock,
        wiring.nonce,
    )


@cache
def confirm_topic() -> ConfirmTopic:
    """Double opt-in: the answer."""
    from chalicelib.services.confirm_topic import ConfirmTopic

    return ConfirmTopic(
        find=wiring.find_profile(),
        rules=wiring.live_rules(),
        ingest=wiring.ingest_events(),
        secrets=wiring.secrets(),
        clock=wiring.clock,
        new_id=wiring.nonce,
    )


@cache
def show_slot() -> ShowSlot:
    """A picture chosen when it is looked at."""
    from chalicelib.services.show_slot import ShowSlot

    return ShowSlot(
        find=wiring.find_profile(),
        decide=wiring.decide_moment(),
        rules=wiring.live_rules(),
        timeline=wiring.timeline(),
        secrets=wiring.secrets(),
        clock=wiring.clock,
        base_url=settings.load().base_url,
    )


@cache
def ask_to_confirm() -> AskToConfirm:
    """Double opt-in: the question."""
    from chalicelib.services.ask_to_confirm import AskToConfirm

    return AskToConfirm(
        find=wiring.find_profile(),
        deliveries=wiring.deliveries(),
        stops=wiring.stops(),
        events=wiring.event_queue(),
        live=wiring.live_rules(),
        sender=wiring.email_sender(),
        secrets=wiring.secrets(),
        clock=wiring.clock,
        nonce=wiring.nonce,
        base_url=settings.load().base_url,
    )
