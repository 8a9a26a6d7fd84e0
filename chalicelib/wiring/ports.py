"""The ports: one adapter for each table, queue, stream and provider."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from chalicelib import settings, wiring

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.effects import Effect
    from chalicelib.services.ports import (
        Agenda,
        Deliveries,
        EventQueue,
        Groups,
        JobQueue,
        Keys,
        Lake,
        LakeFiles,
        Playbooks,
        Profiles,
        Quarantine,
        Rejected,
        Sender,
        Stops,
        Tallies,
        Templates,
        Timeline,
        Turns,
    )


@cache
def profiles() -> Profiles:
    """The table of homes."""
    from chalicelib.adapters.profiles import DynamoProfiles

    return DynamoProfiles(wiring.client("dynamodb"), _table("profiles"))


def outbox_of(image: dict[str, Any]) -> tuple[str, str, tuple[Effect, ...]]:
    """(home id, version, effects) of a stream record's new image. Raises `ValueError` if it is none of ours."""
    from chalicelib.adapters.profiles import outbox_of

    return outbox_of(image)


@cache
def timeline() -> Timeline:
    """What happened."""
    from chalicelib.adapters.timeline import DynamoTimeline

    return DynamoTimeline(wiring.client("dynamodb"), _table("timeline"))


@cache
def deliveries() -> Deliveries:
    """The rows of intended contacts."""
    from chalicelib.adapters.deliveries import DynamoDeliveries

    return DynamoDeliveries(wiring.client("dynamodb"), _table("deliveries"))


@cache
def agenda() -> Agenda:
    """What is due when."""
    from chalicelib.adapters.agenda import DynamoAgenda

    return DynamoAgenda(wiring.client("dynamodb"), _table("agenda"), settings.load().shards)


@cache
def groups() -> Groups:
    """Members of segments and places."""
    from chalicelib.adapters.groups import DynamoGroups

    return DynamoGroups(wiring.client("dynamodb"), _table("groups"), settings.load().shards)


@cache
def playbooks() -> Playbooks:
    """Playbook versions and switches."""
    from chalicelib.adapters.playbooks import DynamoPlaybooks

    return DynamoPlaybooks(wiring.client("dynamodb"), _table("playbooks"))


@cache
def tallies() -> Tallies:
    """What was counted, and what was learned of it."""
    from chalicelib.adapters.tallies import DynamoTallies

    return DynamoTallies(wiring.client("dynamodb"), _table("tallies"))


@cache
def stops() -> Stops:
    """Hashes that must not be contacted, or were erased."""
    from chalicelib.adapters.stops import DynamoStops

    return DynamoStops(wiring.client("dynamodb"), _table("stops"))


@cache
def rejected() -> Rejected:
    """Refused events."""
    from chalicelib.adapters.rejected import DynamoRejected

    return DynamoRejected(wiring.client("dynamodb"), _table("rejected"), wiring.clock)


@cache
def quarantine() -> Quarantine:
    """Events set aside."""
    from chalicelib.adapters.quarantine import DynamoQuarantine

    return DynamoQuarantine(wiring.client("dynamodb"), _table("quarantine"), settings.load().shards)


@cache
def keys() -> Keys:
    """Write and operator keys."""
    from chalicelib.adapters.keys import DynamoKeys

    return DynamoKeys(wiring.client("dynamodb"), _table("keys"))


@cache
def event_queue() -> EventQueue:
    """Where everything that happens goes."""
    from chalicelib.adapters.queues import SqsEvents

    return SqsEvents(wiring.client("sqs"), settings.load().events_queue)


@cache
def delivery_queue() -> JobQueue:
    """Deliveries that are due."""
    from chalicelib.adapters.queues import SqsJobs

    return SqsJobs(wiring.client("sqs"), settings.load().deliveries_queue)


@cache
def job_queue() -> JobQueue:
    """Agenda minutes, fan-outs, sweeps."""
    from chalicelib.adapters.queues import SqsJobs

    return SqsJobs(wiring.client("sqs"), settings.load().jobs_queue)


@cache
def relay_dead_queue() -> JobQueue:
    """Effects that could not be carried out."""
    from chalicelib.adapters.queues import SqsJobs

    return SqsJobs(wiring.client("sqs"), settings.load().relay_dead_queue)


@cache
def lake() -> Lake:
    """Analytics; nowhere, if no stream is set up."""
    from chalicelib.adapters.lake import FirehoseLake, NoLake

    stream = settings.load().lake_stream
    return FirehoseLake(wiring.client("firehose"), stream) if stream else NoLake()


@cache
def lake_files() -> LakeFiles:
    """What analytics keeps, to be rewritten."""
    from chalicelib.adapters.lake_files import S3LakeFiles

    return S3LakeFiles(wiring.client("s3"), settings.load().lake_bucket)


@cache
def templates() -> Templates:
    """Liquid and MJML."""
    from chalicelib.adapters.templates import LiquidTemplates

    return LiquidTemplates()


@cache
def email_sender() -> Sender:
    """Amazon SES."""
    from chalicelib.adapters.email_ses import SesEmail

    return SesEmail(wiring.client("sesv2"), settings.load().configuration_set)


@cache
def email_quota() -> Callable[[], float | None]:
    """How fast Amazon SES lets this account send."""
    from chalicelib.adapters.ses_quota import SesQuota

    return SesQuota(wiring.client("sesv2"))


@cache
def turns() -> Turns:
    """How far the channels' slots are taken."""
    from chalicelib.adapters.turns import DynamoTurns

    return DynamoTurns(wiring.client("dynamodb"), _table("deliveries"))


@cache
def sms_sender() -> Sender:
    """Amazon SNS, or AWS End User Messaging where settings say so."""
    known = settings.load()
    if known.sms == "end-user-messaging":
        from chalicelib.adapters.sms_end_user_messaging import EndUserMessagingSms

        return EndUserMessagingSms(wiring.client("pinpoint-sms-voice-v2"), known.sms_configuration_set)
    from chalicelib.adapters.sms_sns import SnsSms

    return SnsSms(wiring.client("sns"))


def _table(name: str) -> str:
    return f"{settings.load().prefix}-{name}"
