"""The profile an address in a path means: `user:123`, `email:ann@example.com`, or a profile id `p_...`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chalicelib.domain.errors import NotFound
from chalicelib.domain.identifiers import parse_identifier
from chalicelib.domain.profile import Profile
from chalicelib.services.find_profile import FindProfile
from chalicelib.services.live_rules import LiveRules

_PROFILE_ID = re.compile(r"p_[a-z2-7]{26}")


@dataclass(frozen=True, slots=True)
class ResolveAddress:
    """Reads consistently: an operator sees what was just written."""

    find: FindProfile
    rules: LiveRules

    def __call__(self, address: str) -> Profile:
        """Raises `NotFound` where nobody lives there."""
        profile = self._find(address)
        if profile is None:
            raise NotFound("not-found", "Nobody is known by this address.")
        return profile

    def ids(self, address: str) -> list[str]:
        """Every id that something about the customer may be kept under; a profile id stands for itself alone.

        Raises `NotFound` where an identifier leads to nobody.
        """
        if _PROFILE_ID.fullmatch(address):
            return [address]
        profile = self(address)
        return [profile.id, *profile.merged]

    def _find(self, address: str) -> Profile | None:
        if _PROFILE_ID.fullmatch(address):
            return self.find.by_id(address)
        identifier = parse_identifier(address, self.rules.current().playbook)
        return self.find.by_identifier(identifier.kind, identifier.value) if identifier else None
