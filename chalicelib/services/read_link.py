"""What the token of a link says, in whichever form it came: long ones say it themselves, short ones by their row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.domain import short_links, tokens
from chalicelib.domain.keys import Secrets
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock, Deliveries


@dataclass(frozen=True, slots=True)
class ReadLink:
    """Nothing is read from a table before the signature was checked."""

    deliveries: Deliveries
    rules: LiveRules
    secrets: Secrets
    clock: Clock

    def __call__(self, purpose: str, token: str) -> dict[str, Any] | None:
        """The claims (`domain/links.py`); None where it is tampered with, expired, or for another purpose."""
        now = self.clock()
        short = short_links.read(self.secrets, purpose, token, now)
        if short is None:
            return tokens.read(self.secrets, purpose, token, now)
        return dict(short) if purpose == "click" else self._told(short["d"])

    def _told(self, delivery: str) -> dict[str, Any] | None:
        """Whose message it was, on which channel and topic. One that the playbook has dropped is of every topic."""
        row = self.deliveries.read([delivery]).get(delivery)
        if row is None:
            return None
        message = self.rules.current().playbook.messages.get(str(row.body.get("message", "")))
        topic = message.topic if message else ""
        return {"d": row.id, "p": row.profile, "c": str(row.body.get("channel", "")), "t": topic}
