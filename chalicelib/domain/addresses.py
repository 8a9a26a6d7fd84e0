"""Where a customer can be reached: the address of each channel, and whether it is stopped."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.domain.identifiers import Identifier, normalise
from chalicelib.domain.permissions import ADDRESS_TRAITS, was_granted_by_proof
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.profile import Facts, Known, Profile, Stamped

_KINDS = {"email": "email", "sms": "phone"}


def address(facts: Facts, channel: str) -> Stamped | None:
    """The e-mail address or phone number in use: the newest proven, else the newest; None without one.

    The order is kept by folding: facts hold only the address that stands. Where a customer has proven one
    address, an unproven one on another channel does not count, unless a permission for that channel was
    proven: else a stranger could give a customer his own number and have her messages sent to it.
    """
    held = _held(facts, channel)
    if held is None or held.proven:
        return held
    others = (_held(facts, other) for other in ADDRESS_TRAITS if other != channel)
    if any(other is not None and other.proven for other in others) and not was_granted_by_proof(
        facts, channel
    ):
        return None
    return held


def _held(facts: Facts, channel: str) -> Stamped | None:
    name = ADDRESS_TRAITS.get(channel)
    held = facts.traits.get(name) if name else None
    return held if held is not None and isinstance(held.value, str) and held.value.strip() else None


def device(profile: Profile) -> Known | None:
    """The device a push goes to: the token linked last."""
    devices = [known for known in profile.identifiers if known.kind == "device"]
    return max(devices, key=lambda known: (known.since, known.message_id), default=None)


def can_reach(profile: Profile, channel: str) -> bool:
    """Whether the customer has what the channel needs; inbox, web and webhooks need nothing."""
    if channel in ADDRESS_TRAITS:
        return address(profile.facts, channel) is not None
    if channel == "push":
        return device(profile) is not None
    if channel == "mail":
        postal = profile.facts.traits.get("address")
        return postal is not None and isinstance(postal.value, Mapping) and bool(postal.value)
    return True


def normalised(facts: Facts, channel: str, playbook: Playbook) -> str:
    """The address of an e-mail or SMS as providers and stops know it; "" if there is none that is sound."""
    held = address(facts, channel)
    if held is None:
        return ""
    written = normalise(_KINDS[channel], held.value, playbook)
    return written.value if isinstance(written, Identifier) else ""


def is_stopped(profile: Profile, channel: str, playbook: Playbook) -> bool:
    """Whether the channel's address bounced for good, or its owner complained."""
    if not profile.facts.stops or channel not in ADDRESS_TRAITS:
        return False
    return normalised(profile.facts, channel, playbook) in profile.facts.stops
