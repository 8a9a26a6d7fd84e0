"""Who a public caller asks about, and whether they have proven that they may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain.callers import Asked, Identity
from chalicelib.domain.errors import BadRequest, Forbidden
from chalicelib.domain.identifiers import Identifier, normalise, parse_identifier
from chalicelib.domain.keys import Secrets
from chalicelib.services.live_rules import LiveRules


@dataclass(frozen=True, slots=True)
class IdentifyCaller:
    """With a write key a user id needs its token: whoever can't prove it is refused, not answered less."""

    secrets: Callable[[], Secrets]
    rules: LiveRules

    def __call__(self, asked: Asked) -> Identity:
        """Raises `Forbidden` for an unproven user id, `BadRequest` where nothing names a customer."""
        user_id = None if asked.user_id in (None, "") else str(asked.user_id)
        if user_id is not None and not asked.operator and not self._secrets_prove(user_id, asked.user_token):
            raise Forbidden("unproven-user", "Send the `userToken` of this `userId`.", "userToken")
        identifiers = tuple(self._named(asked))
        if not identifiers:
            raise BadRequest("no-identifier", "Say who it is: set `userId` or `anonymousId`.", "userId")
        return Identity(identifiers, asked.operator or user_id is not None)

    def _secrets_prove(self, user_id: str, token: str) -> bool:
        return bool(token) and self.secrets().proves(user_id, token)

    def _named(self, asked: Asked) -> list[Identifier]:
        playbook = self.rules.current().playbook
        named = parse_identifier(asked.identifier, playbook) if asked.operator else None
        found = [
            normalise("user", asked.user_id, playbook),
            named,
            normalise("anonymous", asked.anonymous_id, playbook),
        ]
        return [one for one in found if isinstance(one, Identifier)]
