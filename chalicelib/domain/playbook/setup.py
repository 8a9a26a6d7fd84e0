"""Reads the ground of a playbook: identifiers, topics, placements, senders and the like."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from chalicelib.domain.kinds import FORM, INTERNAL, rule_of
from chalicelib.domain.playbook.addresses import number_fault, sender_fault, url_fault
from chalicelib.domain.playbook.channels import COMING
from chalicelib.domain.playbook.fields import Field, required
from chalicelib.domain.playbook.model import DEFAULT_IDENTIFIERS, IdentifierRule, Topic

MOST_IDENTIFIERS = 1000
COUNTRY = re.compile(r"[A-Z]{2}")
CURRENCY = re.compile(r"[A-Z]{3}")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?")


def timezone(field: Field) -> str | None:
    """An IANA time zone."""
    name = field.text()
    if name is None:
        return None
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        field.fault(f"There is no time zone `{name}`; {field.notes.suggest(name, available_timezones())}")
        return None
    return name


def formed(field: Field, form: re.Pattern[str], wish: str) -> str | None:
    """Text of a form; `wish` says which."""
    text = field.text()
    if text is None or form.fullmatch(text):
        return text
    field.fault(f"`{text}` is not right here; {wish}.")
    return None


def sound(field: Field, fault: Callable[[str], str]) -> str | None:
    """Text in which a check finds no fault."""
    text = field.text()
    wrong = fault(text) if text is not None else ""
    if wrong:
        field.fault(wrong)
        return None
    return text


def currency(field: Field) -> str | None:
    """An ISO 4217 code."""
    return formed(field, CURRENCY, "write the currency's three letters, such as USD")


def country(field: Field) -> str | None:
    """An ISO 3166 code."""
    return formed(field, COUNTRY, "write the country's two letters, such as US")


def address(field: Field) -> str | None:
    """A URL with literal scheme and host."""
    return sound(field, url_fault)


def identifiers(field: Field | None) -> tuple[IdentifierRule, ...]:
    """The kinds of identifier, strongest first."""
    if field is None:
        return DEFAULT_IDENTIFIERS
    found: dict[str, IdentifierRule] = {}
    for one in field.items():
        rule = _identifier(one)
        if rule is not None and rule.kind in found:
            one.fault(f"`{rule.kind}` stands here twice; keep one.")
        if rule is not None:
            found[rule.kind] = rule
    return tuple(found.values())


def _identifier(field: Field) -> IdentifierRule | None:
    entries = field.entries(["kind", "unique", "limit"])
    if not required(entries, ["kind"], field, "An identifier"):
        return None
    kind = _kind(entries["kind"])
    unique = "unique" in entries and entries["unique"].flag() is True
    usual = rule_of((), kind).limit
    limit = (entries["limit"].whole(1) or 1) if "limit" in entries else 1 if unique else usual
    if limit > MOST_IDENTIFIERS:
        entries["limit"].fault(f"A profile lists at most {MOST_IDENTIFIERS} of a kind; write less.")
    if unique and limit != 1:
        entries["limit"].fault("A unique identifier has a limit of 1; remove `limit` or `unique`.")
    return IdentifierRule(kind, unique, limit)


def _kind(field: Field) -> str:
    name = formed(field, FORM, "a kind has letters, digits, `_`, `.` and `-`, at most 64") or ""
    if name in INTERNAL:
        field.fault(f"`{name}` is a name of our own; choose another.")
    return name


def topics(field: Field) -> dict[str, Topic]:
    """Topics by name."""
    found = {}
    for name, one in field.entries().items():
        entries = one.entries(["label", "default", "confirm", "labels"])
        label = entries["label"].text() if "label" in entries else name
        default = entries["default"].one_of(("ask", "assume"), "default") if "default" in entries else "ask"
        confirm = entries["confirm"].one_of(("double",), "confirm") if "confirm" in entries else ""
        if "/" in name or name == "*":
            one.fault("A topic's name has no `/` and is not `*`; choose another.")
        found[name] = Topic(
            name,
            label or name,
            "assume" if default == "assume" else "ask",
            "double" if confirm else "",
            _by_language(entries["labels"]) if "labels" in entries else {},
        )
    return found


def _by_language(field: Field) -> dict[str, str]:
    """Texts by the code of their language."""
    entries = field.entries(None, "labels by language")
    for name, one in entries.items():
        if not LANGUAGE.fullmatch(name):
            one.fault(f"`{name}` is no language; write its code, such as es.")
    return {name: one.text() or "" for name, one in entries.items()}


def placements(field: Field) -> dict[str, str]:
    """Placements and the channel of each."""
    found = {}
    for name, one in field.entries().items():
        entries = one.entries(["channel"])
        if required(entries, ["channel"], one, "A placement"):
            found[name] = entries["channel"].one_of(COMING, "channel for placements") or ""
    return found


def senders(field: Field) -> dict[str, Any]:
    """Who sends: `email`, and `sms` by country."""
    entries = field.entries(["email", "sms"])
    found: dict[str, Any] = {}
    if "email" in entries:
        found["email"] = sound(entries["email"], sender_fault)
    if "sms" in entries:
        numbers = entries["sms"].entries(None, "numbers by country")
        for name, one in numbers.items():
            if not COUNTRY.fullmatch(name):
                one.fault(f"`{name}` is no country; write its two letters, such as US.")
        found["sms"] = {name: sound(one, number_fault) for name, one in numbers.items()}
    return found


def webhooks(field: Field) -> dict[str, Any]:
    """Where webhooks are sent."""
    found: dict[str, Any] = {}
    for name, one in field.entries().items():
        entries = one.entries(["url"])
        if "." in name:
            one.fault("A webhook's name has no dot; choose another.")
        if required(entries, ["url"], one, "A webhook"):
            found[name] = {"url": address(entries["url"])}
    return found


def after_logout(field: Field) -> str | None:
    """Whose a device is after logout."""
    entries = field.entries(["after_logout"])
    return (
        entries["after_logout"].one_of(("last", "nobody"), "owner") if "after_logout" in entries else "last"
    )


def stop_words(field: Field) -> dict[str, tuple[str, ...]]:
    """Words that stop SMS, by language."""
    entries = field.entries()
    for name, one in entries.items():
        if not LANGUAGE.fullmatch(name):
            one.fault(f"`{name}` is no language; write its code, such as es.")
    return {name: one.texts() for name, one in entries.items()}
