"""A customer made up from JSON, to try decisions out on: the shape in which `GET /v1/profiles/...` shows one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import msgspec

from chalicelib.domain.errors import BadRequest
from chalicelib.domain.identifiers import phone_told
from chalicelib.domain.instants import from_text
from chalicelib.domain.phones import lands
from chalicelib.domain.profile import Activity, Contact, FeatureState, Known, Permission, Profile, Stamped
from chalicelib.domain.rules import Check, Rules, Subject

MADE_UP = "made-up"


class _Named(msgspec.Struct):
    kind: str
    value: str
    since: str = ""


class _Said(msgspec.Struct):
    state: str
    at: str = ""
    source: str = ""


class _Did(msgspec.Struct):
    total: int
    first: str = ""
    last: str = ""


class _Had(msgspec.Struct):
    message: str
    at: str
    variant: str = ""
    channel: str = ""
    placement: str = ""
    decision: str = ""
    outcome: str = "sent"
    delivery: str = ""


class _Customer(msgspec.Struct):
    """A profile as `GET /v1/profiles/...` shows it; what is absent is empty."""

    id: str = "p_simulated"
    identifiers: list[_Named] = []
    traits: dict[str, Any] = {}
    permissions: dict[str, dict[str, _Said]] = {}
    segments: list[str] | None = None
    contacts: list[_Had] = []
    activity: dict[str, _Did] = {}
    place: dict[str, Any] | None = None
    timezone: str = ""
    locale: str = ""


@dataclass(frozen=True, slots=True)
class MadeUp:
    """A profile that was sent, and the rules under which it is in the segments it was sent with."""

    profile: Profile
    rules: Rules


def made_up(sent: Mapping[str, Any], rules: Rules, now: int) -> MadeUp:
    """The profile in the JSON. Addresses and permissions count as proven: it is an operator who says so.

    Where it names its segments they are taken at its word, otherwise they follow from the rest; of when things
    were done only first and last are known, so the others count as done at first. Raises `BadRequest`.
    """
    customer = typed(sent, _Customer, "profile")
    profile = Profile(id=customer.id)
    profile.identifiers = [
        Known(one.kind, one.value, _at(one.since, now), MADE_UP, proven=True) for one in customer.identifiers
    ]
    facts = profile.facts
    facts.traits = {
        name: Stamped(value, now, MADE_UP, True) for name, value in _told(customer, rules).items()
    }
    for channel, topics in customer.permissions.items():
        for topic, said in topics.items():
            _say(profile, f"{channel}/{topic}", said, now)
    for name, done in customer.activity.items():
        _do(profile, name, done, rules, now)
    if customer.place:
        facts.location = Stamped(customer.place, now, MADE_UP)
    if customer.timezone:
        facts.timezone = Stamped(customer.timezone, now, MADE_UP)
    if customer.locale:
        facts.locale = Stamped(customer.locale, now, MADE_UP)
    for number, had in enumerate(customer.contacts):
        profile.ledger.contacts[had.delivery or f"m_{number}"] = _contact(had, rules, now)
    profile.ledger.seed = customer.id
    return MadeUp(profile, rules if customer.segments is None else _inside(rules, customer.segments))


def _told(customer: _Customer, rules: Rules) -> dict[str, Any]:
    """The traits, with the phone number as an identify would leave it."""
    traits, playbook = customer.traits, rules.playbook
    countries = partial(lands, (traits,), customer.place, playbook)
    return {
        name: phone_told(value, playbook, countries) if name == "phone" else value
        for name, value in traits.items()
    }


def _say(profile: Profile, key: str, said: _Said, now: int) -> None:
    if said.state in ("granted", "denied", "pending"):
        at = _at(said.at, now)
        statement = Permission(said.state, at, MADE_UP, said.source, True)  # type: ignore[arg-type]
        profile.facts.permissions[key] = {f"{said.state}+": statement}


def _do(profile: Profile, name: str, done: _Did, rules: Rules, now: int) -> None:
    last = _at(done.last, now)
    first = _at(done.first, last)
    profile.facts.activity[name] = Activity(done.total, first, last)
    profile.facts.last = max(profile.facts.last, last)
    for feature, check in rules.features_by_event.get(name, ()):
        if check is None and not feature.total and feature.keep:
            times = [(first, f"{number:08d}") for number in range(done.total - 1)] + [(last, "last")]
            profile.facts.features[feature.key] = FeatureState(times=times[-feature.keep :])


def _contact(had: _Had, rules: Rules, now: int) -> Contact:
    known = rules.messages.get(had.message)
    at = _at(had.at, now)
    return Contact(
        at=at,
        decision=had.decision,
        message=had.message,
        variant=had.variant,
        kind=known.message.kind if known else "offer",
        channel=had.channel,
        state=had.outcome,  # type: ignore[arg-type]
        topic=known.message.topic if known else "",
        placement=had.placement,
        changed=at,
    )


def _inside(rules: Rules, names: list[str]) -> Rules:
    return replace(rules, segments={name: _always(name in names) for name in rules.segments})


def _at(text: str, otherwise: int) -> int:
    try:
        return from_text(text) if text else otherwise
    except ValueError as error:
        raise BadRequest("invalid-timestamp", "Write times as ISO 8601.", "profile") from error


def _always(member: bool) -> Check:  # noqa: FBT001 - what the check answers
    def check(_: Subject) -> bool:
        return member

    return check


def typed(value: Mapping[str, Any], shape: Any, field: str) -> Any:
    """JSON as a shape of ours. Raises `BadRequest` that names the member at fault."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        words, _, path = str(error).partition(" - at `$")
        raise BadRequest("invalid-type", f"{words}.", field + path.rstrip("`")) from error
