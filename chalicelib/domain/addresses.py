"""Where a customer can be reached: the address of each channel, and whether it is stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from chalicelib.domain.identifiers import Identifier, normalise
from chalicelib.domain.permissions import ADDRESS_TRAITS, was_granted_by_proof
from chalicelib.domain.playbook.channels import WEBHOOK, carrier_of
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.profile import Facts, Known, Profile, Stamped

_KINDS = {"email": "email", "sms": "phone"}
#: The kind under which an address of a channel is stopped; on other channels none ever is.
STOP_KINDS: Mapping[str, str] = {**_KINDS, "push": "device"}
#: Who changed devices more often than this is reached on the latest ones.
MOST_DEVICES = 20
#: The parts of a postal address, as Segment's `address` trait has them (Segment Spec: Identify, Traits).
POSTAL = ("street", "city", "state", "postalCode", "country")
SOFT_DAYS = 3
SOFT_WITHIN = 30
"""On so many days, within so many, an address may bounce softly before it is given up."""


def address(facts: Facts, channel: str) -> Stamped | None:
    """The e-mail address or phone number in use: the newest proven, else the newest; None without one.

    The order is kept by folding: facts hold only the address that stands. Where a customer has proven one
    address, an unproven one on another channel does not count, unless a permission for that channel was
    proven: else a stranger could give a customer his own number and have her messages sent to it.
    """
    held = _held(facts, channel)
    return held if held is not None and _counts(facts, channel, proven=held.proven) else None


def _counts(facts: Facts, channel: str, *, proven: bool) -> bool:
    if proven or was_granted_by_proof(facts, channel):
        return True
    others = (_held(facts, other) for other in ADDRESS_TRAITS if other != channel)
    return not any(other is not None and other.proven for other in others)


def _held(facts: Facts, channel: str) -> Stamped | None:
    name = ADDRESS_TRAITS.get(channel)
    held = facts.traits.get(name) if name else None
    return held if held is not None and isinstance(held.value, str) and held.value.strip() else None


def devices(profile: Profile) -> list[Known]:
    """The devices a push goes to, the one linked last first; unproven ones count as unproven addresses do."""
    counting = [
        known
        for known in profile.identifiers
        if known.kind == "device" and _counts(profile.facts, "push", proven=known.proven)
    ]
    latest_first = sorted(counting, key=lambda known: (known.since, known.message_id), reverse=True)
    return latest_first[:MOST_DEVICES]


def postal(facts: Facts) -> Mapping[str, str]:
    """The postal address in its parts, with the `name` to write on it; {} where it has no street."""
    held = facts.traits.get("address")
    if held is None or not isinstance(held.value, Mapping):
        return {}
    parts = {part: _line(held.value.get(part)) for part in POSTAL}
    return {"name": _name(facts), **parts} if parts["street"] else {}


def _name(facts: Facts) -> str:
    def said(trait: str) -> str:
        return _line(facts.traits[trait].value) if trait in facts.traits else ""

    return said("name") or " ".join(filter(None, (said("firstName"), said("lastName"))))


def _line(value: object) -> str:
    """One line of text: what stands in an address never starts a line of its own."""
    return " ".join(str(value).split()) if isinstance(value, str | int) else ""


def can_reach(profile: Profile, channel: str) -> bool:
    """Whether the customer has what the channel needs; inbox, web and webhooks need nothing."""
    if channel in ADDRESS_TRAITS:
        return address(profile.facts, channel) is not None
    if channel == "push":
        return bool(devices(profile))
    if channel == "mail":
        return bool(postal(profile.facts))
    return True


def normalised(facts: Facts, channel: str, playbook: Playbook) -> str:
    """The address of an e-mail or SMS as providers and stops know it; "" if there is none that is sound."""
    held = address(facts, channel)
    if held is None:
        return ""
    written = normalise(_KINDS[channel], held.value, playbook)
    return written.value if isinstance(written, Identifier) else ""


def addresses(profile: Profile, channel: str, playbook: Playbook) -> tuple[str, ...]:
    """Everywhere a message on a channel that goes out is to go, each as its provider knows it; () if nowhere.

    | channel | addresses |
    | --- | --- |
    | `email`, `sms` | the one that counts, normalised, in ASCII |
    | `push` | the tokens of the customer's devices |
    | `mail` | the postal address and name, as one JSON object |
    | `webhook.NAME` | the URL that the playbook gives the name |
    """
    return _WHERE[carrier_of(channel)](profile, channel, playbook)


def _written(profile: Profile, channel: str, playbook: Playbook) -> tuple[str, ...]:
    found = normalised(profile.facts, channel, playbook)
    return (found,) if found and found.isascii() else ()


def _tokens(profile: Profile, _channel: str, _playbook: Playbook) -> tuple[str, ...]:
    return tuple(known.value for known in devices(profile))


def _postal(profile: Profile, _channel: str, _playbook: Playbook) -> tuple[str, ...]:
    found = postal(profile.facts)
    return (json.dumps(found, ensure_ascii=False),) if found else ()


def _url(_profile: Profile, channel: str, playbook: Playbook) -> tuple[str, ...]:
    found = playbook.webhooks.get(channel.removeprefix(WEBHOOK))
    return (str(found["url"]),) if found else ()


_WHERE: Mapping[str, Callable[[Profile, str, Playbook], tuple[str, ...]]] = {
    "email": _written,
    "sms": _written,
    "push": _tokens,
    "mail": _postal,
    "webhook": _url,
}


def is_stopped(profile: Profile, channel: str, playbook: Playbook) -> bool:
    """Whether the channel's address bounced for good, or for the time being too often, or its owner complained."""
    facts = profile.facts
    if channel not in ADDRESS_TRAITS or not (facts.stops or facts.soft):
        return False
    held = normalised(facts, channel, playbook)
    return held in facts.stops or bounces_on(facts.soft.get(held, ()))


def bounces_on(days: Sequence[int]) -> bool:
    """Whether an address that bounced softly on these days is given up: on three of thirty.

    A full mailbox or a server that is away mends itself in a day or two; what bounces on a third day is abandoned,
    and mailing on costs the sender's reputation.
    """
    return len(days) == SOFT_DAYS and days[-1] - days[0] < SOFT_WITHIN
