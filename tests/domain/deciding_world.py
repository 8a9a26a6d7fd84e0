"""Customers and playbooks for the tables of decisions, made from short descriptions.

Times are given as how long ago (`2d`), or with a `+` how long from now; a playbook is a selection from the
library of messages in `decide_cases.json`, with overrides.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from chalicelib.domain.decision import Ask, Switches
from chalicelib.domain.instants import from_text
from chalicelib.domain.playbook.compiler import compile_playbook
from chalicelib.domain.playbook.parsing import parse
from chalicelib.domain.profile import Contact, Known, Offer, Permission, Profile, Stamped
from chalicelib.domain.rules import Rules
from chalicelib.domain.standing import seed_of

TABLE = json.loads(Path(__file__).with_name("decide_cases.json").read_text("utf-8"))
UNITS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
NOON = "2026-07-01T17:00:00Z"  # in Topeka


def rules_of(book: dict[str, Any], version: int = 1) -> Rules:
    """A playbook: {"messages": [names] or {name: overrides}, and other top keys}."""
    wanted = book.get("messages", ["umbrella"])
    wanted = wanted if isinstance(wanted, dict) else {name: {} for name in wanted}
    messages = {name: {**TABLE["library"].get(name, {}), **changes} for name, changes in wanted.items()}
    text = json.dumps({**TABLE["playbook"], **book, "messages": messages})
    playbook, faults = parse(text)
    assert playbook is not None, faults
    return compile_playbook(playbook, version)


def now_of(case: dict[str, Any]) -> int:
    return from_text(case.get("at", NOON))


def ago(text: str, now: int) -> int:
    sign = 1 if text.startswith("+") else -1
    text = text.lstrip("+")
    return now + sign * int(text[:-1]) * UNITS[text[-1]]


def profile_of(described: dict[str, Any], now: int) -> Profile:
    """A customer as described; without a description one who can be reached and said yes to everything."""
    described = {**TABLE["customer"], **described}
    profile = Profile(id=described.get("id", "p_customer"))
    facts, at = profile.facts, now - 30 * UNITS["d"]
    for name, value in described["traits"].items():
        proven = name in described.get("proven", ())
        facts.traits[name] = Stamped(value, at, "t", proven)
    _say(profile, described["permissions"], now)
    for address, reason in described.get("stops", {}).items():
        facts.stops[address] = Stamped(reason, at, "s")
    for token in described.get("devices", ()):
        profile.identifiers.append(Known("device", token, at, "d"))
    if described.get("timezone"):
        facts.timezone = Stamped(described["timezone"], at, "z")
    if described.get("location"):
        facts.location = Stamped(described["location"], ago(described.get("located", "1h"), now), "l")
    for number, contact in enumerate(described.get("contacts", ())):
        profile.ledger.contacts[contact.get("id", f"m_{number}")] = contact_of(contact, now)
    for number, offer in enumerate(described.get("offers", ())):
        delivery = offer.get("id", f"m_offer_{number}")
        profile.ledger.offers[delivery] = Offer(
            offer["message"], offer.get("variant", "plain"), offer.get("decision", "d_before"), delivery,
            ago(offer.get("ago", "1h"), now), ago(offer.get("until", "+1d"), now), offer.get("state", "open"),
        )  # fmt: skip
    for experiment, arm in described.get("arms", {}).items():
        profile.ledger.arms[experiment] = (arm, at)
    profile.ledger.seed = described.get("seed", "")
    return profile


def _say(profile: Profile, permissions: dict[str, Any], now: int) -> None:
    for key, states in permissions.items():
        for state in [states] if isinstance(states, str) else states:
            name, _, when = state.partition("@")
            stamp = ago(when or "30d", now)
            said: Any = name.rstrip("+")
            profile.facts.permissions.setdefault(key, {})[name] = Permission(
                said, stamp, "p", "client", name.endswith("+")
            )


def contact_of(described: dict[str, Any], now: int) -> Contact:
    at = ago(described.get("ago", "1h"), now)
    return Contact(
        at=at,
        decision=described.get("decision", "d_before"),
        message=described.get("message", "umbrella"),
        variant="plain",
        kind=described.get("kind", "offer"),
        channel=described.get("channel", "email"),
        state=described.get("state", "sent"),
        topic=described.get("topic", "offers"),
        goal_until=at + 3 * UNITS["d"] if described.get("goal") else 0,
        held_until=ago(described["held"], now) if "held" in described else 0,
        changed=at,
    )


def ask_of(described: dict[str, Any]) -> Ask:
    return msgspec.convert(
        {"cause": "msg-1", "moment": "" if "placement" in described else "rain", **described}, Ask
    )


def switches_of(described: dict[str, Any]) -> Switches:
    return msgspec.convert(described, Switches)


__all__ = [
    "NOON",
    "TABLE",
    "ago",
    "ask_of",
    "contact_of",
    "now_of",
    "profile_of",
    "rules_of",
    "seed_of",
    "switches_of",
]
