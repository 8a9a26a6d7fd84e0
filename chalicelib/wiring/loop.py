"""The loop's services: events in, a decision, a message out, and what comes back."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING, Any

from chalicelib import settings, wiring

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.services.decide_moment import DecideMoment
    from chalicelib.services.fill_segments import FillSegments
    from chalicelib.services.find_profile import FindProfile
    from chalicelib.services.hand_out_agenda import HandOutAgenda
    from chalicelib.services.ingest_events import IngestEvents
    from chalicelib.services.learn_outcomes import LearnOutcomes
    from chalicelib.services.live_learned import LiveLearned
    from chalicelib.services.live_rules import LiveRules
    from chalicelib.services.open_notice import OpenNotice
    from chalicelib.services.put_off import PutOff
    from chalicelib.services.read_tallies import ReadTallies
    from chalicelib.services.relay_effects import RelayEffects
    from chalicelib.services.ring_agenda import RingAgenda
    from chalicelib.services.send_delivery import SendDelivery
    from chalicelib.services.take_feedback import TakeFeedback
    from chalicelib.services.take_turn import TakeTurn


@cache
def live_rules() -> LiveRules:
    """The playbook in force."""
    from chalicelib.services.live_rules import LiveRules

    return LiveRules(wiring.playbooks(), wiring.clock, carried=wiring.carriers())


@cache
def find_profile() -> FindProfile:
    """Who is behind an identifier."""
    from chalicelib.services.find_profile import FindProfile

    return FindProfile(wiring.profiles(), wiring.secrets())


@cache
def ingest_events() -> IngestEvents:
    """Events in."""
    from chalicelib.services.ingest_events import IngestEvents

    return IngestEvents(
        profiles=wiring.profiles(),
        timeline=wiring.timeline(),
        lake=wiring.lake(),
        rejected=wiring.rejected(),
        quarantine=wiring.quarantine(),
        queue=wiring.event_queue(),
        rules=wiring.live_rules(),
        secrets=wiring.secrets(),
        learned=wiring.live_learned().current,
        clock=wiring.clock,
        pool=settings.load().commit_pool,
        most=settings.load().most_events,
    )


@cache
def fill_segments() -> FillSegments:
    """Profiles under a new playbook."""
    from chalicelib.services.fill_segments import FillSegments

    return FillSegments(
        profiles=wiring.profiles(),
        playbooks=wiring.playbooks(),
        rules=wiring.live_rules(),
        events=wiring.event_queue(),
        jobs=wiring.job_queue(),
        clock=wiring.clock,
    )


@cache
def decide_moment() -> DecideMoment:
    """The answer at a touchpoint."""
    from chalicelib.services.decide_moment import DecideMoment

    return DecideMoment(
        profiles=wiring.profiles(),
        timeline=wiring.timeline(),
        rules=wiring.live_rules(),
        templates=wiring.templates(),
        secrets=wiring.secrets(),
        learned=wiring.live_learned().current,
        clock=wiring.clock,
        base_url=settings.load().base_url,
    )


@cache
def put_off() -> PutOff:
    """Work that is due later."""
    from chalicelib.services.put_off import PutOff

    return PutOff(wiring.agenda(), wiring.event_queue(), wiring.delivery_queue(), wiring.clock)


@cache
def relay_effects() -> RelayEffects:
    """What commits decided, carried out."""
    from chalicelib.services.relay_effects import RelayEffects

    return RelayEffects(
        deliveries=wiring.deliveries(),
        groups=wiring.groups(),
        timeline=wiring.timeline(),
        lake=wiring.lake(),
        tallies=wiring.tallies(),
        put_off=wiring.put_off(),
        dead=wiring.relay_dead_queue(),
        asking=wiring.delivery_queue(),
        clock=wiring.clock,
        pause=time.sleep,
    )


@cache
def redo_effect() -> Callable[[dict[str, Any]], None]:
    """An effect that was set aside, carried out after all."""
    return wiring.relay_effects().redo


@cache
def take_turn() -> TakeTurn:
    """When a message may go to its provider."""
    from chalicelib.services.live_rates import LiveRates
    from chalicelib.services.take_turn import TakeTurn

    known = settings.load()
    fixed = {"email": known.email_rate, "sms": known.sms_rate}
    rates = LiveRates({"email": wiring.email_quota()}, fixed, wiring.clock)
    return TakeTurn(wiring.turns(), rates, wiring.clock)


@cache
def send_delivery() -> SendDelivery:
    """Messages out."""
    from chalicelib.services.send_delivery import SendDelivery
    from chalicelib.services.write_contact import WriteContact
    from chalicelib.services.write_message import WriteMessage

    return SendDelivery(
        find=wiring.find_profile(),
        contacts=WriteContact(wiring.find_profile(), wiring.profiles(), wiring.clock, wiring.nonce),
        deliveries=wiring.deliveries(),
        timeline=wiring.timeline(),
        stops=wiring.stops(),
        live=wiring.live_rules(),
        write=WriteMessage(wiring.templates(), wiring.secrets(), settings.load().base_url),
        senders=wiring.senders(),
        take_turn=wiring.take_turn(),
        put_off=wiring.put_off(),
        queue=wiring.delivery_queue(),
        secrets=wiring.secrets(),
        clock=wiring.clock,
        nonce=wiring.nonce,
    )


@cache
def open_notice() -> OpenNotice:
    """What providers tell, if SNS signed it. SNS's own host may be an endpoint within a private network."""
    from chalicelib.adapters.guarded_http import GuardedHttp
    from chalicelib.adapters.sns_signatures import SnsSignatures
    from chalicelib.domain.sns_messages import host_of
    from chalicelib.services.open_notice import OpenNotice

    known = settings.load()
    topics = frozenset(filter(None, (known.feedback_topic, known.inbound_topic)))
    hosts = frozenset(f"{host_of(topic)}:443" for topic in topics)
    return OpenNotice(topics, SnsSignatures(GuardedHttp(hosts)))


@cache
def take_feedback() -> TakeFeedback:
    """What became of messages, and what customers answer by SMS."""
    from chalicelib.services.take_feedback import TakeFeedback

    return TakeFeedback(
        deliveries=wiring.deliveries(),
        stops=wiring.stops(),
        events=wiring.event_queue(),
        live=wiring.live_rules(),
        sms=wiring.sms_sender(),
        secrets=wiring.secrets(),
        clock=wiring.clock,
    )


@cache
def read_tallies() -> ReadTallies:
    """What was counted."""
    from chalicelib.services.read_tallies import ReadTallies

    return ReadTallies(wiring.tallies(), wiring.clock)


@cache
def live_learned() -> LiveLearned:
    """What was learned: the snapshot in force."""
    from chalicelib.services.live_learned import LiveLearned

    return LiveLearned(wiring.tallies(), wiring.clock)


@cache
def learn_outcomes() -> LearnOutcomes:
    """What was counted since, learned."""
    from chalicelib.services.fold_tallies import FoldTallies
    from chalicelib.services.learn_outcomes import LearnOutcomes

    return LearnOutcomes(
        tallies=wiring.tallies(),
        fold=FoldTallies(wiring.tallies(), wiring.clock),
        read=wiring.read_tallies(),
        rules=wiring.live_rules(),
        learned=wiring.live_learned(),
        clock=wiring.clock,
    )


@cache
def hand_out_agenda() -> HandOutAgenda:
    """What is due in the next minute, as jobs."""
    from chalicelib.services.hand_out_agenda import HandOutAgenda

    return HandOutAgenda(wiring.agenda(), wiring.job_queue(), wiring.clock, settings.load().shards)


@cache
def ring_agenda() -> RingAgenda:
    """One minute of the agenda."""
    from chalicelib.services.ring_agenda import RingAgenda

    return RingAgenda(
        wiring.agenda(), wiring.event_queue(), wiring.delivery_queue(), wiring.job_queue(), wiring.clock
    )
