"""Identifiers: where events carry them, how each kind is written, and which identify nobody."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial

from chalicelib.domain.events import Event
from chalicelib.domain.junk import is_junk
from chalicelib.domain.kinds import CHANGES_HANDS as CHANGES_HANDS
from chalicelib.domain.kinds import is_kind
from chalicelib.domain.kinds import rank as rank
from chalicelib.domain.kinds import ranks as ranks
from chalicelib.domain.phones import Lands, e164, lands_of
from chalicelib.domain.playbook.model import Playbook

#: Kinds by which a customer is known, as far as what may be shown to them goes.
KNOWN_BY = frozenset({"user", "email", "phone"})
LONGEST = 512
#: What stands around a value and is not part of it: all white space there is, and marks that nobody sees.
SURROUNDING = (
    " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u2028\u2029\u202f\u205f\u3000"  # white space, as Python's strip has it
    "\xad\u034f\u180e\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff"  # no width: joiners, byte order marks
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # direction of writing
    "\u115f\u1160\u2800\u3164\uffa0"  # fillers and the blank of Braille
)


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """One way to name a customer: a kind and its normalised value."""

    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


@dataclass(frozen=True, slots=True)
class Unusable:
    """An identifier that an event carried and that identifies nobody.

    `reason` is empty, not-text, too-long, control-character, junk, not-an-address, not-a-number or not-a-kind.
    """

    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class Identified:
    """What an event names its customer by, strongest first, each once; and what could not be used."""

    identifiers: tuple[Identifier, ...]
    unusable: tuple[Unusable, ...]


def identifiers_of(event: Event, playbook: Playbook) -> Identified:
    """Every identifier of an event, normalised, without junk, strongest first.

    Of a group call it is the strongest alone: that a customer belongs to an account links nobody.
    """
    lands = partial(lands_of, event, playbook)
    found: dict[Identifier, None] = {}
    unusable: list[Unusable] = []
    outcomes = [_written(kind, value, playbook, lands) for kind, value in _own(event) if value is not None]
    outcomes += [_normalise(kind, value, playbook, lands) for kind, value in _external(event)]
    for outcome in outcomes:
        if isinstance(outcome, Identifier):
            found[outcome] = None
        elif outcome.reason != "empty":
            unusable.append(outcome)
    strongest_first = list(found)
    if len(found) > 1:
        order = ranks(playbook.identifiers)
        strongest_first.sort(key=lambda one: (rank(order, one.kind), one.kind))
    usable = strongest_first[:1] if event.type == "group" else strongest_first
    return Identified(tuple(usable), tuple(unusable))


def _own(event: Event) -> Iterator[tuple[str, object]]:
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


def _external(event: Event) -> Iterator[tuple[str, object]]:
    """Identifiers whose kind is the client's word."""
    external = event.context.get("externalIds")
    for entry in external if isinstance(external, list) else []:
        if isinstance(entry, dict):
            kind = entry.get("type")
            yield kind if isinstance(kind, str) else "", entry.get("id")


def normalise(kind: str, value: object, playbook: Playbook) -> Identifier | Unusable:
    """The one written form of an identifier, or why it identifies nobody.

    A phone number without a country code is read with the playbook's country: nothing here tells another.
    """
    return _normalise(kind, value, playbook, lambda: (playbook.phone_country,))


def _normalise(kind: str, value: object, playbook: Playbook, lands: Lands) -> Identifier | Unusable:
    if value is not None and not is_kind(kind):
        return Unusable(kind[:64] or "externalIds", "not-a-kind")
    return _written(kind, value, playbook, lands)


def _written(kind: str, value: object, playbook: Playbook, lands: Lands) -> Identifier | Unusable:
    if kind == "phone" or type(value) is not str or len(value) > LONGEST:
        return _judged(kind, value, playbook.junk, playbook.phone_country, lands)
    return _read(kind, value, playbook.junk, playbook.phone_country)


@lru_cache(maxsize=8_192)
def _read(kind: str, value: str, junk: tuple[str, ...], country: str) -> Identifier | Unusable:
    """Of every kind but phone numbers, which hang on where they are sent from: a customer's next event has the same."""
    return _judged(kind, value, junk, country, lambda: (country,))


def _judged(
    kind: str, value: object, junk: tuple[str, ...], country: str, lands: Lands
) -> Identifier | Unusable:
    text, reason = _text(value)
    if reason:
        return Unusable(kind, reason)
    own = _own_junk(junk, kind, country)
    if text.lower() in own or is_junk(text):
        return Unusable(kind, "junk")
    outcome = _of_kind(kind, text, lands)
    if isinstance(outcome, Identifier) and outcome.value != text:
        written = outcome.value
        if written.lower() in own or is_junk(written):
            return Unusable(kind, "junk")
        if kind == "phone" and e164(written, lands) != written:
            return Unusable(kind, "not-a-number")  # read otherwise the next time, it would be somebody else
    return outcome


def phone_told(value: object, playbook: Playbook, lands: Lands) -> object:
    """A `phone` trait in the form its identifier has; as it was sent where it cannot be read."""
    outcome = _written("phone", value, playbook, lands)
    return outcome.value if isinstance(outcome, Identifier) else value


def _text(value: object) -> tuple[str, str]:
    """The value without what surrounds it, in one spelling (NFC); and why it can be none, or ""."""
    if value is None:
        return "", "empty"
    if isinstance(value, bool) or not isinstance(value, str | int):
        return "", "not-text"
    text = unicodedata.normalize("NFC", str(value)).strip(SURROUNDING)
    if not text:
        return "", "empty"
    if len(text) > LONGEST:
        return "", "too-long"
    if not text.isprintable() and any(unicodedata.category(one) in ("Cc", "Cs") for one in text):
        return "", "control-character"
    return text, ""


def _of_kind(kind: str, text: str, lands: Lands) -> Identifier | Unusable:
    if kind == "email":
        return _email(text)
    if kind == "phone":
        number = e164(text, lands)
        return Identifier("phone", number) if number else Unusable("phone", "not-a-number")
    return Identifier(kind, text)


@lru_cache(maxsize=64)
def _own_junk(words: tuple[str, ...], kind: str, country: str) -> frozenset[str]:
    """The playbook's own junk in lower case, and as values of a kind where it may be one."""
    texts = [text for word in words if (text := _text(word)[0])]
    found = {text.lower() for text in texts}
    for text in texts:
        addresses = kind == "email" and "@" in text
        numbers = kind == "phone" and sum(map(str.isdigit, text)) >= 7
        outcome = _of_kind(kind, text, lambda: (country,)) if addresses or numbers else None
        if isinstance(outcome, Identifier):
            found.add(outcome.value)
    return frozenset(found)


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


def parse_identifier(text: str, playbook: Playbook) -> Identifier | None:
    """The identifier in `user:123`, or None where it names nobody."""
    kind, colon, value = text.partition(":")
    outcome = normalise(kind, value, playbook) if colon else None
    return outcome if isinstance(outcome, Identifier) else None
