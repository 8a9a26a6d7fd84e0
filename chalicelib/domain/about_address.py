"""Which address a permission is about: the keyed hash of the one in use, as the stops know it."""

from __future__ import annotations

from chalicelib.domain.addresses import normalised
from chalicelib.domain.keys import Secrets
from chalicelib.domain.permissions import ADDRESS_TRAITS
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.profile import Profile

_KINDS = {"email": "email", "sms": "phone"}


def address_hash_of(profile: Profile, channel: str, playbook: Playbook, secrets: Secrets) -> str:
    """The hash of the customer's address on the channel; "" where it has none."""
    if channel not in ADDRESS_TRAITS:
        return ""
    address = normalised(profile.facts, channel, playbook)
    return secrets.stop_hash(_KINDS[channel], address) if address else ""
