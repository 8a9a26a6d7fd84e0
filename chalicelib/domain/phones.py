"""Phone numbers in E.164, read with the customer's country where they are sent without a country code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from chalicelib.domain.events import Event
from chalicelib.domain.places import country_code
from chalicelib.domain.playbook.model import Playbook

Lands = Callable[[], Sequence[str]]
"""The countries a number may be of, the likeliest first (ISO 3166 codes); asked for only where it matters."""


def lands_of(event: Event, playbook: Playbook) -> tuple[str, ...]:
    """The countries of the address an event tells, of where it says the customer is, and of the playbook."""
    inner = event.context.get("traits")
    return lands((event.traits, inner), event.context.get("location"), playbook)


def lands(traits: Sequence[object], location: object, playbook: Playbook) -> tuple[str, ...]:
    """As `lands_of`, of traits and a location, whatever they hold; names of countries count as their codes."""
    told = [_member(_member(one, "address"), "country") for one in traits]
    codes = [_code(one) for one in (*told, _member(location, "country"))]
    return tuple(dict.fromkeys(code for code in (*codes, playbook.phone_country) if code))


def _member(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else None


def _code(country: object) -> str:
    code = country_code(country[:100]).upper() if isinstance(country, str) else ""
    return code if len(code) == 2 and code.isalpha() else ""


def e164(text: str, lands: Lands) -> str:
    """The number in E.164, "" where it is none.

    The first country under which it is valid reads it, else the first under which it is possible. The common
    case needs no library: a number of the North American plan that is written so already.
    """
    digits = text[1:]
    if text[0] == "+" and digits.isascii() and digits.isdigit() and len(digits) == 11 and digits[0] == "1":
        return text
    import phonenumbers

    numbers = [one for one in _readings(text, lands()) if phonenumbers.is_possible_number(one)]
    valid = (one for one in numbers if phonenumbers.is_valid_number(one))
    number = next(valid, None) or next(iter(numbers), None)
    if number is None:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _readings(text: str, lands: Sequence[str]) -> Iterator[Any]:
    import phonenumbers

    for land in lands:
        try:
            yield phonenumbers.parse(text, land)
        except phonenumbers.NumberParseException:
            continue
