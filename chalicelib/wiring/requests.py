"""The services behind the HTTP routes, and the jobs those start."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib import settings, wiring

if TYPE_CHECKING:
    from chalicelib.services.authenticate import Authenticate
    from chalicelib.services.clear_split import ClearSplit
    from chalicelib.services.collect_events import CollectEvents
    from chalicelib.services.drop_quarantine import DropQuarantine
    from chalicelib.services.erase_again import EraseAgain
    from chalicelib.services.erase_profile import EraseProfile
    from chalicelib.services.erase_rows import EraseRows
    from chalicelib.services.export_profile import ExportProfile
    from chalicelib.services.fan_out_moment import FanOutMoment
    from chalicelib.services.identify_caller import IdentifyCaller
    from chalicelib.services.list_quarantine import ListQuarantine
    from chalicelib.services.list_rejected import ListRejected
    from chalicelib.services.list_segments import ListSegments
    from chalicelib.services.publish_playbook import PublishPlaybook
    from chalicelib.services.read_inbox import ReadInbox
    from chalicelib.services.read_profile import ReadProfile
    from chalicelib.services.release_quarantine import ReleaseQuarantine
    from chalicelib.services.resolve_address import ResolveAddress
    from chalicelib.services.rewrite_lake import RewriteLake
    from chalicelib.services.set_permission import SetPermission
    from chalicelib.services.set_switches import SetSwitches
    from chalicelib.services.simulate_decision import SimulateDecision
    from chalicelib.services.split_profile import SplitProfile
    from chalicelib.services.start_moment import StartMoment
    from chalicelib.services.sweep_erased import SweepErased
    from chalicelib.services.vacate_homes import VacateHomes


@cache
def authenticate() -> Authenticate:
    """Who is asking."""
    from chalicelib.services.authenticate import Authenticate

    return Authenticate(wiring.keys(), wiring.clock)


@cache
def collect_events() -> CollectEvents:
    """Taking what clients send."""
    from uuid import uuid4

    from chalicelib.services.collect_events import CollectEvents

    return CollectEvents(wiring.event_queue(), wiring.secrets, wiring.clock, lambda: uuid4().hex)


@cache
def resolve_address() -> ResolveAddress:
    """The profile that an address in a path means."""
    from chalicelib.services.resolve_address import ResolveAddress

    return ResolveAddress(wiring.find_profile(), wiring.live_rules())


@cache
def identify_caller() -> IdentifyCaller:
    """Whom a public caller asks about."""
    from chalicelib.services.identify_caller import IdentifyCaller

    return IdentifyCaller(wiring.secrets, wiring.live_rules())


@cache
def read_profile() -> ReadProfile:
    """One customer."""
    from chalicelib.services.read_profile import ReadProfile

    return ReadProfile(wiring.resolve_address(), wiring.live_rules(), wiring.timeline(), wiring.clock)


@cache
def export_profile() -> ExportProfile:
    """Everything held about one customer."""
    from chalicelib.services.export_profile import ExportProfile

    return ExportProfile(
        wiring.resolve_address(),
        wiring.live_rules(),
        wiring.timeline(),
        wiring.deliveries(),
        wiring.quarantine(),
        wiring.clock,
    )


@cache
def erase_profile() -> EraseProfile:
    """Erasing a customer."""
    from chalicelib.services.erase_profile import EraseProfile

    return EraseProfile(
        resolve=wiring.resolve_address(),
        vacate=wiring.vacate_homes(),
        rows=wiring.erase_rows(),
        agenda=wiring.agenda(),
        clock=wiring.clock,
    )


@cache
def vacate_homes() -> VacateHomes:
    """The doors of somebody who is erased."""
    from chalicelib.services.vacate_homes import VacateHomes

    return VacateHomes(wiring.profiles(), wiring.secrets(), wiring.nonce)


@cache
def erase_rows() -> EraseRows:
    """What is stored about somebody beside their homes, removed."""
    from chalicelib.services.erase_rows import EraseRows

    return EraseRows(
        wiring.timeline(), wiring.deliveries(), wiring.groups(), wiring.quarantine(), wiring.stops()
    )


@cache
def erase_again() -> EraseAgain:
    """Those who were erased, after a restore."""
    from chalicelib.services.erase_again import EraseAgain

    return EraseAgain(
        wiring.find_profile(),
        wiring.profiles(),
        wiring.stops(),
        wiring.vacate_homes(),
        wiring.erase_rows(),
        wiring.job_queue(),
    )


@cache
def sweep_erased() -> SweepErased:
    """What an erasure left over."""
    from chalicelib.services.sweep_erased import SweepErased

    return SweepErased(wiring.profiles(), wiring.erase_rows())


@cache
def rewrite_lake() -> RewriteLake:
    """The lake without those who were erased."""
    from chalicelib.services.rewrite_lake import RewriteLake

    return RewriteLake(wiring.stops(), wiring.lake_files(), wiring.job_queue())


@cache
def split_profile() -> SplitProfile:
    """Taking a link back."""
    from chalicelib.services.split_profile import SplitProfile

    return SplitProfile(
        resolve=wiring.resolve_address(),
        profiles=wiring.profiles(),
        timeline=wiring.timeline(),
        agenda=wiring.agenda(),
        rules=wiring.live_rules(),
        secrets=wiring.secrets(),
        clock=wiring.clock,
        nonce=wiring.nonce,
    )


@cache
def clear_split() -> ClearSplit:
    """What a split has left behind."""
    from chalicelib.services.clear_split import ClearSplit

    return ClearSplit(wiring.find_profile(), wiring.timeline())


@cache
def set_permission() -> SetPermission:
    """What a customer said about being contacted."""
    from chalicelib.services.set_permission import SetPermission

    return SetPermission(
        wiring.resolve_address(),
        wiring.ingest_events(),
        wiring.live_rules(),
        wiring.secrets(),
        wiring.clock,
    )


@cache
def list_segments() -> ListSegments:
    """Segments and their members."""
    from chalicelib.services.list_segments import ListSegments

    return ListSegments(wiring.groups(), wiring.live_rules(), settings.load().shards)


@cache
def list_rejected() -> ListRejected:
    """What was refused."""
    from chalicelib.services.list_rejected import ListRejected

    return ListRejected(wiring.rejected())


@cache
def list_quarantine() -> ListQuarantine:
    """What was set aside."""
    from chalicelib.services.list_quarantine import ListQuarantine

    return ListQuarantine(wiring.quarantine(), wiring.resolve_address())


@cache
def release_quarantine() -> ReleaseQuarantine:
    """What was set aside, folded after all."""
    from chalicelib.services.empty_quarantine import EmptyQuarantine
    from chalicelib.services.release_quarantine import KIND, PAUSE, ReleaseQuarantine

    empty = EmptyQuarantine(
        KIND, wiring.quarantine(), wiring.resolve_address(), wiring.job_queue(), wiring.clock, PAUSE
    )
    return ReleaseQuarantine(empty, wiring.event_queue())


@cache
def drop_quarantine() -> DropQuarantine:
    """What was set aside, discarded."""
    from chalicelib.services.drop_quarantine import KIND, DropQuarantine
    from chalicelib.services.empty_quarantine import EmptyQuarantine

    return DropQuarantine(
        EmptyQuarantine(KIND, wiring.quarantine(), wiring.resolve_address(), wiring.job_queue(), wiring.clock)
    )


@cache
def publish_playbook() -> PublishPlaybook:
    """The playbook, published and read."""
    from chalicelib.services.measure_sms import MeasureSms
    from chalicelib.services.publish_playbook import PublishPlaybook
    from chalicelib.services.survey_playbook import SurveyPlaybook

    return PublishPlaybook(
        playbooks=wiring.playbooks(),
        rules=wiring.live_rules(),
        templates=wiring.templates(),
        jobs=wiring.job_queue(),
        survey=SurveyPlaybook(wiring.profiles(), wiring.live_rules(), wiring.clock),
        measure_sms=MeasureSms(wiring.templates(), settings.load().base_url),
        clock=wiring.clock,
    )


@cache
def set_switches() -> SetSwitches:
    """Turning things off."""
    from chalicelib.services.set_switches import SetSwitches

    return SetSwitches(wiring.playbooks(), wiring.live_rules())


@cache
def start_moment() -> StartMoment:
    """An operator's moment."""
    from chalicelib.services.start_moment import StartMoment

    shards = settings.load().shards
    return StartMoment(
        wiring.find_profile(),
        wiring.live_rules(),
        wiring.event_queue(),
        wiring.job_queue(),
        wiring.clock,
        wiring.nonce,
        shards,
    )


@cache
def fan_out_moment() -> FanOutMoment:
    """A moment for everybody in a group."""
    from chalicelib.services.fan_out_moment import FanOutMoment

    return FanOutMoment(wiring.groups(), wiring.event_queue(), wiring.job_queue(), wiring.clock)


@cache
def read_inbox() -> ReadInbox:
    """What waits in the app."""
    from chalicelib.services.read_inbox import ReadInbox

    return ReadInbox(
        wiring.find_profile(), wiring.deliveries(), wiring.live_rules(), wiring.ingest_events(), wiring.clock
    )


@cache
def simulate_decision() -> SimulateDecision:
    """Trying a decision out."""
    from chalicelib.services.simulate_decision import SimulateDecision

    return SimulateDecision(
        resolve=wiring.resolve_address(),
        rules=wiring.live_rules(),
        publish=wiring.publish_playbook(),
        templates=wiring.templates(),
        timeline=wiring.timeline(),
        learned=wiring.live_learned().current,
        clock=wiring.clock,
    )
