"""A profile as an operator reads it: the JSON of `GET /v1/profiles/...`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from chalicelib.domain import permissions
from chalicelib.domain.events import Event
from chalicelib.domain.instants import to_text
from chalicelib.domain.places import located
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.profile import Contact, Facts, Profile
from chalicelib.domain.recording import considered_in
from chalicelib.domain.rules import Rules
from chalicelib.domain.stored import Delivery
from chalicelib.domain.subject import subject_of

CONTACTS_FOR = 90 * 86_400_000


def view(profile: Profile, rules: Rules, now: int) -> dict[str, Any]:
    """The profile as it stands at `now`; times are ISO 8601."""
    facts = profile.facts
    place = located(profile, now)
    return {
        "id": profile.id,
        "identifiers": [
            {"kind": one.kind, "value": one.value, "since": to_text(one.since)} for one in profile.identifiers
        ],
        "traits": {name: held.value for name, held in facts.traits.items() if held.value is not None},
        "permissions": _permissions(facts, rules.playbook),
        "segments": sorted(subject_of(profile, rules, now).segments),
        "scores": {},
        "contacts": _contacts(profile, now),
        "activity": {
            name: {"total": seen.total, "first": to_text(seen.first), "last": to_text(seen.last)}
            for name, seen in facts.activity.items()
        },
        "place": _place(place) if place else {},
        "merged": list(profile.merged),
    }


def event_view(event: Event) -> dict[str, Any]:
    """An event of the timeline, its times in ISO 8601."""
    shown: dict[str, Any] = msgspec.to_builtins(event)
    return {**shown, "timestamp": to_text(event.timestamp), "receivedAt": to_text(event.received_at)}


def decision_view(record: Mapping[str, Any]) -> dict[str, Any]:
    """The stored record of a decision, its times in ISO 8601."""
    choices = [
        _choice_view({"decision": record["decision"], **choice}) for choice in record.get("choices", ())
    ]
    return {**_told(record, "at"), "choices": choices, "considered": considered_in(record)}


def _choice_view(choice: Mapping[str, Any]) -> dict[str, Any]:
    shown = _told(choice, "until")
    held = shown.pop("held_until", 0)
    return shown | ({"heldUntil": to_text(held)} if held else {})


def delivery_view(row: Delivery) -> dict[str, Any]:
    """A delivery's row, its times in ISO 8601."""
    body = _told(row.body, "due")
    if "event" in body:
        body["event"] = _told(body["event"], "timestamp", "receivedAt")
    return _told({**msgspec.to_builtins(row), "body": body}, "at", "claimed_at")


def _told(held: Mapping[str, Any], *times: str) -> dict[str, Any]:
    """What is held, those of its members that are times (ms) in ISO 8601."""
    return {**held, **{name: to_text(held[name]) for name in times if name in held}}


def _place(place: Any) -> dict[str, str]:
    return {name: getattr(place, name) for name in ("slug", "city", "region", "country", "timezone")}


def _permissions(facts: Facts, playbook: Playbook) -> dict[str, dict[str, Any]]:
    """What each channel and topic somebody spoke about amounts to, and the statement that made it so."""
    told: dict[str, dict[str, Any]] = {}
    for key in facts.permissions:
        channel, _, topic = key.partition("/")
        state = permissions.state(facts, channel, topic, playbook)
        statements = [one for _, one in permissions.about(facts.permissions, channel, topic)]
        said = [one for one in statements if one.state == state]
        latest = max(said or statements, key=lambda one: (one.at, one.message_id))
        told.setdefault(channel, {})[topic] = {
            "state": state,
            "at": to_text(latest.at),
            "source": latest.source,
        }
    return told


def _contacts(profile: Profile, now: int) -> list[dict[str, Any]]:
    return [
        {
            "at": to_text(contact.at),
            "message": contact.message,
            "variant": contact.variant,
            "channel": contact.channel,
            "placement": contact.placement,
            "decision": contact.decision,
            "outcome": contact.state,
            "delivery": delivery,
        }
        for delivery, contact in _newest_first(profile)
        if contact.at > now - CONTACTS_FOR
    ]


def _newest_first(profile: Profile) -> Iterator[tuple[str, Contact]]:
    rows = profile.ledger.contacts.items()
    return iter(sorted(rows, key=lambda row: (row[1].at, row[0]), reverse=True))
