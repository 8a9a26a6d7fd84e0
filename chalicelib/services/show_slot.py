"""A picture in an e-mail that is chosen when the e-mail is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from chalicelib.domain.errors import BadRequest
from chalicelib.domain.identifiers import Identifier
from chalicelib.services.decide_moment import Answer, DecideMoment, Question
from chalicelib.services.find_profile import FindProfile
from chalicelib.services.live_rules import LiveRules


@dataclass(frozen=True, slots=True)
class Picture:
    """Its address, None if there is none to show; and the messages whose template failed for this customer."""

    address: str | None
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShowSlot:
    """Claims: `p` profile, `n` placement, `f` the picture to fall back to."""

    find: FindProfile
    decide: DecideMoment
    rules: LiveRules

    def __call__(self, claims: Mapping[str, Any]) -> Picture:
        """The picture that is right now."""
        answer = self._decided(claims)
        content = answer.shown[0].content if answer and answer.shown else {}
        failed = answer.failed if answer else ()
        image = content.get("image") or content.get("fallback") or claims.get("f")
        if not isinstance(image, str) or not image:
            return Picture(None, failed)
        address = urljoin(self.rules.current().playbook.images, image)
        return Picture(address if address.startswith(("https://", "http://")) else None, failed)

    def _decided(self, claims: Mapping[str, Any]) -> Answer | None:
        profile = self.find.by_id(str(claims.get("p", "")))
        if profile is None or not profile.identifiers:
            return None
        known = tuple(Identifier(one.kind, one.value) for one in profile.identifiers)
        try:
            return self.decide(Question(known, str(claims.get("n", "")), {}, proven=True))
        except BadRequest:  # the playbook has dropped the placement since the e-mail was sent
            return None
