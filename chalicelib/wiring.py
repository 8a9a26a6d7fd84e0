"""The only place that makes clients and puts services together; each is made once, when first asked for."""

from __future__ import annotations

import secrets as random_bytes
import threading
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from chalicelib import settings
from chalicelib.services.ports import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.effects import Effect
    from chalicelib.domain.keys import Secrets
    from chalicelib.services.authenticate import Authenticate
    from chalicelib.services.choose_topics import ChooseTopics
    from chalicelib.services.collect_events import CollectEvents
    from chalicelib.services.decide_moment import DecideMoment
    from chalicelib.services.erase_profile import EraseProfile
    from chalicelib.services.export_profile import ExportProfile
    from chalicelib.services.fan_out_moment import FanOutMoment
    from chalicelib.services.fill_segments import FillSegments
    from chalicelib.services.find_profile import FindProfile
    from chalicelib.services.hand_out_agenda import HandOutAgenda
    from chalicelib.services.identify_caller import IdentifyCaller
    from chalicelib.services.ingest_events import IngestEvents
    from chalicelib.services.list_rejected import ListRejected
    from chalicelib.services.list_segments import ListSegments
    from chalicelib.services.live_rules import LiveRules
    from chalicelib.services.ports import (
        Agenda,
        Deliveries,
        EventQueue,
        Groups,
        JobQueue,
        Keys,
        Lake,
        Playbooks,
        Profiles,
        Rejected,
        Sender,
        Stops,
        Templates,
        Timeline,
    )
    from chalicelib.services.publish_playbook import PublishPlaybook
    from chalicelib.services.put_off import PutOff
    from chalicelib.services.read_inbox import ReadInbox
    from chalicelib.services.read_profile import ReadProfile
    from chalicelib.services.relay_effects import RelayEffects
    from chalicelib.services.resolve_address import ResolveAddress
    from chalicelib.services.ring_agenda import RingAgenda
    from chalicelib.services.send_delivery import SendDelivery
    from chalicelib.services.set_permission import SetPermission
    from chalicelib.services.set_switches import SetSwitches
    from chalicelib.services.show_slot import ShowSlot
    from chalicelib.services.simulate_decision import SimulateDecision
    from chalicelib.services.start_moment import StartMoment
    from chalicelib.services.sweep_erased import SweepErased
    from chalicelib.services.take_click import TakeClick
    from chalicelib.services.take_feedback import TakeFeedback


def _system_clock() -> int:
    return time.time_ns() // 1_000_000


_clock: list[Clock] = [_system_clock]
_making = threading.Lock()


def clock() -> int:
    """The current time in ms."""
    return _clock[0]()


def use_clock(replacement: Clock) -> None:
    """Let another clock tell the time (the local stack's can be moved forward)."""
    _clock[0] = replacement


@cache
def client(service: str) -> Any:
    """A boto3 client; parameter validation is off where boto3's own checks cost more than the call."""
    import boto3
    from botocore.config import Config

    once = service in {"sesv2", "sns"}
    config = Config(
        user_agent=f"topeka/{settings.load().version}",  # a given one is not put together anew for each call
        connect_timeout=2,
        read_timeout=10,
        retries={"mode": "standard", "total_max_attempts": 1 if once else 3},
        max_pool_connections=32,
        parameter_validation=settings.load().stage == "local",
    )
    with _making:  # boto3's shared session breaks when two threads make their first clients at once
        make: Any = boto3.client  # typed by literal service names
        return make(service, config=config)


@cache
def secrets() -> Secrets:
    """The workspace's secrets: from the environment where set, else from Secrets Manager."""
    from chalicelib.domain.keys import Secrets

    known = settings.load()
    if known.secret:
        previous = known.previous_secret.encode() or None
        return Secrets(known.secret.encode(), known.secret.encode(), previous)
    from chalicelib.adapters.secrets import read_secrets

    return read_secrets(client("secretsmanager"), known.secret_id, known.door_secret_id)


@cache
def profiles() -> Profiles:
    """The table of homes."""
    from chalicelib.adapters.profiles import DynamoProfiles

    return DynamoProfiles(client("dynamodb"), _table("profiles"))


def outbox_of(image: dict[str, Any]) -> tuple[str, str, tuple[Effect, ...]]:
    """(home id, version, effects) of a stream record's new image. Raises `ValueError` if it is none of ours."""
    from chalicelib.adapters.profiles import outbox_of

    return outbox_of(image)


@cache
def timeline() -> Timeline:
    """What happened."""
    from chalicelib.adapters.timeline import DynamoTimeline

    return DynamoTimeline(client("dynamodb"), _table("timeline"))


@cache
def deliveries() -> Deliveries:
    """The rows of intended contacts."""
    from chalicelib.adapters.deliveries import DynamoDeliveries

    return DynamoDeliveries(client("dynamodb"), _table("deliveries"))


@cache
def agenda() -> Agenda:
    """What is due when."""
    from chalicelib.adapters.agenda import DynamoAgenda

    return DynamoAgenda(client("dynamodb"), _table("agenda"), settings.load().shards)


@cache
def groups() -> Groups:
    """Members of segments and places."""
    from chalicelib.adapters.groups import DynamoGroups

    return DynamoGroups(client("dynamodb"), _table("groups"), settings.load().shards)


@cache
def playbooks() -> Playbooks:
    """Playbook versions and switches."""
    from chalicelib.adapters.playbooks import DynamoPlaybooks

    return DynamoPlaybooks(client("dynamodb"), _table("playbooks"))


@cache
def stops() -> Stops:
    """Hashes that must not be contacted, or were erased."""
    from chalicelib.adapters.stops import DynamoStops

    return DynamoStops(client("dynamodb"), _table("stops"))


@cache
def rejected() -> Rejected:
    """Refused events."""
    from chalicelib.adapters.rejected import DynamoRejected

    return DynamoRejected(client("dynamodb"), _table("rejected"), clock)


@cache
def keys() -> Keys:
    """Write and operator keys."""
    from chalicelib.adapters.keys import DynamoKeys

    return DynamoKeys(client("dynamodb"), _table("keys"))


@cache
def event_queue() -> EventQueue:
    """Where everything that happens goes."""
    from chalicelib.adapters.queues import SqsEvents

    return SqsEvents(client("sqs"), settings.load().events_queue)


@cache
def delivery_queue() -> JobQueue:
    """Deliveries that are due."""
    from chalicelib.adapters.queues import SqsJobs

    return SqsJobs(client("sqs"), settings.load().deliveries_queue)


@cache
def job_queue() -> JobQueue:
    """Agenda minutes, fan-outs, sweeps."""
    from chalicelib.adapters.queues import SqsJobs

    return SqsJobs(client("sqs"), settings.load().jobs_queue)


@cache
def lake() -> Lake:
    """Analytics; nowhere, if no stream is set up."""
    from chalicelib.adapters.lake import FirehoseLake, NoLake

    stream = settings.load().lake_stream
    return FirehoseLake(client("firehose"), stream) if stream else NoLake()


@cache
def live_rules() -> LiveRules:
    """The playbook in force."""
    from chalicelib.services.live_rules import LiveRules

    # Those of `send_delivery`'s senders: on any other channel that goes out nobody can be reached.
    return LiveRules(playbooks(), clock, carried=frozenset({"email", "sms"}))


@cache
def find_profile() -> FindProfile:
    """Who is behind an identifier."""
    from chalicelib.services.find_profile import FindProfile

    return FindProfile(profiles(), secrets())


@cache
def ingest_events() -> IngestEvents:
    """Events in."""
    from chalicelib.domain.learning import Learned
    from chalicelib.services.ingest_events import IngestEvents

    return IngestEvents(
        profiles=profiles(),
        timeline=timeline(),
        lake=lake(),
        rejected=rejected(),
        queue=event_queue(),
        rules=live_rules(),
        secrets=secrets(),
        learned=Learned,
        clock=clock,
        pool=settings.load().commit_pool,
    )


@cache
def fill_segments() -> FillSegments:
    """Profiles under a new playbook."""
    from chalicelib.services.fill_segments import FillSegments

    return FillSegments(profiles(), event_queue(), job_queue(), clock)


@cache
def decide_moment() -> DecideMoment:
    """The answer at a touchpoint."""
    from chalicelib.domain.learning import Learned
    from chalicelib.services.decide_moment import DecideMoment

    return DecideMoment(
        profiles=profiles(),
        timeline=timeline(),
        rules=live_rules(),
        templates=templates(),
        secrets=secrets(),
        learned=Learned,
        clock=clock,
        base_url=settings.load().base_url,
    )


@cache
def authenticate() -> Authenticate:
    """Who is asking."""
    from chalicelib.services.authenticate import Authenticate

    return Authenticate(keys(), clock)


@cache
def collect_events() -> CollectEvents:
    """Taking what clients send."""
    from uuid import uuid4

    from chalicelib.services.collect_events import CollectEvents

    return CollectEvents(event_queue(), secrets, clock, lambda: uuid4().hex)


@cache
def templates() -> Templates:
    """Liquid and MJML."""
    from chalicelib.adapters.templates import LiquidTemplates

    return LiquidTemplates()


@cache
def email_sender() -> Sender:
    """Amazon SES."""
    from chalicelib.adapters.email_ses import SesEmail

    return SesEmail(client("sesv2"), settings.load().configuration_set)


@cache
def sms_sender() -> Sender:
    """Amazon SNS."""
    from chalicelib.adapters.sms_sns import SnsSms

    return SnsSms(client("sns"))


@cache
def relay_dead_queue() -> JobQueue:
    """Effects that could not be carried out."""
    from chalicelib.adapters.queues import SqsJobs

    return SqsJobs(client("sqs"), settings.load().relay_dead_queue)


@cache
def put_off() -> PutOff:
    """Work that is due later."""
    from chalicelib.services.put_off import PutOff

    return PutOff(agenda(), event_queue(), delivery_queue(), clock)


@cache
def relay_effects() -> RelayEffects:
    """What commits decided, carried out."""
    from chalicelib.services.relay_effects import RelayEffects

    return RelayEffects(
        deliveries=deliveries(),
        groups=groups(),
        timeline=timeline(),
        lake=lake(),
        put_off=put_off(),
        dead=relay_dead_queue(),
        clock=clock,
        pause=time.sleep,
    )


@cache
def redo_effect() -> Callable[[dict[str, Any]], None]:
    """An effect that was set aside, carried out after all."""
    return relay_effects().redo


@cache
def send_delivery() -> SendDelivery:
    """Messages out."""
    from chalicelib.services.send_delivery import SendDelivery
    from chalicelib.services.write_contact import WriteContact
    from chalicelib.services.write_message import WriteMessage

    return SendDelivery(
        find=find_profile(),
        contacts=WriteContact(find_profile(), profiles(), clock, _nonce),
        deliveries=deliveries(),
        timeline=timeline(),
        stops=stops(),
        live=live_rules(),
        write=WriteMessage(templates(), secrets(), settings.load().base_url),
        senders={"email": email_sender(), "sms": sms_sender()},
        put_off=put_off(),
        queue=delivery_queue(),
        secrets=secrets(),
        clock=clock,
        nonce=_nonce,
    )


@cache
def take_feedback() -> TakeFeedback:
    """What became of messages, and what customers answer by SMS."""
    from chalicelib.services.take_feedback import TakeFeedback

    return TakeFeedback(
        deliveries=deliveries(),
        stops=stops(),
        events=event_queue(),
        live=live_rules(),
        sms=sms_sender(),
        secrets=secrets(),
        clock=clock,
    )


@cache
def hand_out_agenda() -> HandOutAgenda:
    """What is due in the next minute, as jobs."""
    from chalicelib.services.hand_out_agenda import HandOutAgenda

    return HandOutAgenda(agenda(), job_queue(), clock, settings.load().shards)


@cache
def ring_agenda() -> RingAgenda:
    """One minute of the agenda."""
    from chalicelib.services.ring_agenda import RingAgenda

    return RingAgenda(agenda(), event_queue(), delivery_queue(), job_queue(), clock)


@cache
def resolve_address() -> ResolveAddress:
    """The profile that an address in a path means."""
    from chalicelib.services.resolve_address import ResolveAddress

    return ResolveAddress(find_profile(), live_rules())


@cache
def identify_caller() -> IdentifyCaller:
    """Whom a public caller asks about."""
    from chalicelib.services.identify_caller import IdentifyCaller

    return IdentifyCaller(secrets, live_rules())


@cache
def read_profile() -> ReadProfile:
    """One customer."""
    from chalicelib.services.read_profile import ReadProfile

    return ReadProfile(resolve_address(), live_rules(), timeline(), clock)


@cache
def export_profile() -> ExportProfile:
    """Everything held about one customer."""
    from chalicelib.services.export_profile import ExportProfile

    return ExportProfile(resolve_address(), live_rules(), timeline(), deliveries(), clock)


@cache
def erase_profile() -> EraseProfile:
    """Erasing a customer."""
    from chalicelib.services.erase_profile import EraseProfile

    return EraseProfile(
        resolve=resolve_address(),
        profiles=profiles(),
        timeline=timeline(),
        deliveries=deliveries(),
        groups=groups(),
        agenda=agenda(),
        stops=stops(),
        secrets=secrets(),
        clock=clock,
        nonce=_nonce,
    )


@cache
def sweep_erased() -> SweepErased:
    """What an erasure left over."""
    from chalicelib.services.sweep_erased import SweepErased

    return SweepErased(profiles(), timeline(), deliveries(), groups())


@cache
def set_permission() -> SetPermission:
    """What a customer said about being contacted."""
    from chalicelib.services.set_permission import SetPermission

    return SetPermission(resolve_address(), ingest_events(), clock, _nonce)


@cache
def list_segments() -> ListSegments:
    """Segments and their members."""
    from chalicelib.services.list_segments import ListSegments

    return ListSegments(groups(), live_rules(), settings.load().shards)


@cache
def list_rejected() -> ListRejected:
    """What was refused."""
    from chalicelib.services.list_rejected import ListRejected

    return ListRejected(rejected())


@cache
def publish_playbook() -> PublishPlaybook:
    """The playbook, published and read."""
    from chalicelib.services.publish_playbook import PublishPlaybook

    return PublishPlaybook(playbooks(), live_rules(), templates(), job_queue(), clock)


@cache
def set_switches() -> SetSwitches:
    """Turning things off."""
    from chalicelib.services.set_switches import SetSwitches

    return SetSwitches(playbooks(), live_rules())


@cache
def start_moment() -> StartMoment:
    """An operator's moment."""
    from chalicelib.services.start_moment import StartMoment

    shards = settings.load().shards
    return StartMoment(find_profile(), live_rules(), event_queue(), job_queue(), clock, _nonce, shards)


@cache
def fan_out_moment() -> FanOutMoment:
    """A moment for everybody in a group."""
    from chalicelib.services.fan_out_moment import FanOutMoment

    return FanOutMoment(groups(), event_queue(), job_queue(), clock)


@cache
def read_inbox() -> ReadInbox:
    """What waits in the app."""
    from chalicelib.services.read_inbox import ReadInbox

    return ReadInbox(find_profile(), deliveries(), live_rules(), ingest_events(), clock)


@cache
def simulate_decision() -> SimulateDecision:
    """Trying a decision out."""
    from chalicelib.domain.learning import Learned
    from chalicelib.services.simulate_decision import SimulateDecision

    return SimulateDecision(
        resolve=resolve_address(),
        rules=live_rules(),
        publish=publish_playbook(),
        templates=templates(),
        timeline=timeline(),
        learned=Learned,
        clock=clock,
    )


@cache
def take_click() -> TakeClick:
    """A link followed, an e-mail opened."""
    from chalicelib.services.take_click import TakeClick

    return TakeClick(deliveries(), find_profile(), event_queue(), clock)


@cache
def choose_topics() -> ChooseTopics:
    """What a customer chooses to hear about."""
    from chalicelib.services.choose_topics import ChooseTopics

    return ChooseTopics(find_profile(), live_rules(), ingest_events(), clock, _nonce)


@cache
def show_slot() -> ShowSlot:
    """A picture chosen when it is looked at."""
    from chalicelib.services.show_slot import ShowSlot

    return ShowSlot(find_profile(), decide_moment(), live_rules())


def _nonce() -> str:
    return random_bytes.token_hex(6)


def _table(name: str) -> str:
    return f"{settings.load().prefix}-{name}"
