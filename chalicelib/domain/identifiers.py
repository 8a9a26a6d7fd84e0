"""Identifiers: where events carry them, how each kind is written, and which never identify anybody."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chalicelib.domain.events import Event
from chalicelib.domain.playbook.model import DEFAULT_IDENTIFIERS, IdentifierRule, Playbook

#: Kinds whose values may pass from one customer to another (a browser, a tablet, a phone's app).
CHANGES_HANDS = frozenset({"anonymous", "device"})
#: Kinds by which a customer is known, as far as what may be shown to them goes.
KNOWN_BY = frozenset({"user", "email", "phone"})
LONGEST = 512

JUNK = frozenset({
    "", "null", "undefined", "none", "nil", "nan", "[object object]", "object object", "anonymous", "guest",
    "unknown", "unidentified", "n/a", "na", "0", "-1", "true", "false", "user", "userid", "user_id", "id",
    "anonymousid", "email", "distinct_id", "00000000-0000-0000-0000-000000000000",
    "test@test.com", "test@example.com", "a@a.com", "no@email.com", "none@none.com", "noemail@noemail.com",
    "example@example.com", "user@example.com", "email@email.com", "+10000000000", "+11111111111",
    "+11234567890",
})  # fmt: skip
"""Values that software sends where it has none; compared trimmed and in lower case."""


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """One way to name a customer: a kind and its normalised value."""

    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


@dataclass(frozen=True, slots=True)
class Unusable:
    """An identifier that an event carried and that identifies nobody, with the reason."""

    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Identified:
    """What an event names its customer by, strongest first, each once; and what could not be used."""

    identifiers: tuple[Identifier, ...]
    unusable: tuple[Unusable, ...]


def ranks(rules: Sequence[IdentifierRule]) -> dict[str, int]:
    """Strength by kind, 0 strongest: the playbook's order, custom kinds next, then what changes hands."""
    named = [rule.kind for rule in rules or DEFAULT_IDENTIFIERS]
    steady = [kind for kind in named if kind not in CHANGES_HANDS]
    return {kind: at for at, kind in enumerate([*steady, "custom", "anonymous", "device"])}


def rank(order: dict[str, int], kind: str) -> int:
    """The strength of a kind under `ranks`; kinds nobody ranked count as custom."""
    return order.get(kind, order["custom"])


def identifiers_of(event: Event, playbook: Playbook) -> Identified:
    """Every identifier of an event, normalised, without junk, strongest first.

    Of a group call it is the strongest alone: that a customer belongs to an account links nobody.
    """
    found: dict[Identifier, None] = {}
    unusable: list[Unusable] = []
    for kind, value in _carried(event):
        outcome = normalise(kind, value, playbook)
        if isinstance(outcome, Identifier):
            found[outcome] = None
        elif outcome.reason != "empty":
            unusable.append(outcome)
    order = ranks(playbook.identifiers)
    strongest_first = sorted(found, key=lambda one: (rank(order, one.kind), one.kind))
    usable = strongest_first[:1] if event.type == "group" else strongest_first
    return Identified(tuple(usable), tuple(unusable))


def _carried(event: Event) -> Iterator[tuple[str, object]]:
    yield "user", event.user_id
    yield "anonymous", event.anonymous_id
    if event.type == "identify" or event.origin == "topeka":
        inner = event.context.get("traits")
        for traits in (event.traits, inner if isinstance(inner, dict) else {}):
            yield "email", traits.get("email")
            yield "phone", traits.get("phone")
    if event.type == "alias":
        yield "previous", event.previous_id
    device = event.context.get("device")
    if isinstance(device, dict):
        yield "device", device.get("token")
    external = event.context.get("externalIds")
    for entry in external if isinstance(external, list) else []:
        if isinstance(entry, dict) and isinstance(entry.get("type"), str):
            yield entry["type"], entry.get("id")


def normalise(kind: str, value: object, playbook: Playbook) -> Identifier | Unusable:
    """The one written form of an identifier, or why it identifies nobody."""
    if value is None:
        return Unusable(kind, "empty")
    if isinstance(value, bool) or not isinstance(value, str | int):
        return Unusable(kind, "not-text")
    text = unicodedata.normalize("NFC", str(value)).strip()
    if not text:
        return Unusable(kind, "empty")
    if len(text) > LONGEST:
        return Unusable(kind, "too-long")
    lowered = text.lower()
    if lowered in JUNK or lowered in {word.lower() for word in playbook.junk} or not lowered.strip("0-"):
        return Unusable(kind, "junk")
    if kind == "email":
        return _email(text)
    if kind == "phone":
        return _phone(text, playbook.phone_country)
    return Identifier(kind, text)


def _email(text: str) -> Identifier | Unusable:
    """RFC 5321 syntax, domain in ASCII (IDNA 2008), local part in lower case as every large provider reads it."""
    plain = text.lower()
    local, at, domain = plain.rpartition("@")
    if at and plain.isascii() and _is_plain_mailbox(local, domain):
        return Identifier("email", plain)
    from email_validator import EmailNotValidError, validate_email

    try:
        address = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return Unusable("email", "not-an-address")
    return Identifier("email", f"{address.local_part}@{address.ascii_domain or address.domain}".lower())


def _is_plain_mailbox(local: str, domain: str) -> bool:
    """Whether the common case holds, so that the library need not be loaded: letters, digits, `._+-`."""
    bare = local.translate(_NO_MARKS)
    host = domain.replace("-", "").replace(".", "")
    dotted = all(part and not part.startswith("-") and not part.endswith("-") for part in domain.split("."))
    sound = bool(bare) and bare.isalnum() and not local.startswith(".") and not local.endswith(".")
    return sound and ".." not in local and len(local) <= 64 and "." in domain and dotted and host.isalnum()


_NO_MARKS = str.maketrans("", "", "._+-")


def _phone(text: str, country: str) -> Identifier | Unusable:
    """E.164, read with the playbook's country where no country code is given."""
    digits = text[1:]
    if text[0] == "+" and digits.isascii() and digits.isdigit() and len(digits) == 11 and digits[0] == "1":
        return Identifier("phone", text)
    import phonenumbers

    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return Unusable("phone", "not-a-number")
    if not phonenumbers.is_possible_number(number):
        return Unusable("phone", "not-a-number")
    return Identifier("phone", phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def parse_identifier(text: str, playbook: Playbook) -> Identifier | None:
    """The identifier in `user:123`, or None where it names nobody."""
    kind, colon, value = text.partition(":")
    outcome = normalise(kind, value, playbook) if colon else None
    return outcome if isinstance(outcome, Identifier) else None
