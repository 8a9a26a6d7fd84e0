"""An operator notes what a customer said about being contacted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.about_address import address_hash_of
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.events import PERMISSION_SET, Event, EventBatch
from chalicelib.domain.instants import to_text
from chalicelib.domain.keys import Secrets
from chalicelib.services.ingest_events import IngestEvents
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock
from chalicelib.services.resolve_address import ResolveAddress


@dataclass(frozen=True, slots=True)
class SetPermission:
    """It is an event like any other, but folded before we answer: what was noted can be read at once."""

    resolve: ResolveAddress
    ingest: IngestEvents
    rules: LiveRules
    secrets: Secrets
    clock: Clock
    new_id: Callable[[], str]

    def __call__(
        self, address: str, channel: str, topic: str, state: str, source: str, wording: str = ""
    ) -> dict[str, Any]:
        """Note it; `wording` is the version of what the customer was told.

        Raises `NotFound`, and `Unavailable` where it could not be written.
        """
        profile = self.resolve(address)
        now = max(self.clock(), profile.ledger.now)
        said = {"channel": channel, "topic": topic, "state": state, "source": source}
        said |= {"wording": wording} if wording else {}
        about = address_hash_of(profile, channel, self.rules.current().playbook, self.secrets)
        event = Event(
            message_id=f"topeka:permission:{self.new_id()}",
            type="track",
            event=PERMISSION_SET,
            timestamp=now,
            received_at=now,
            properties={**said, **({"address_hash": about} if about else {})},
            origin="operator",
            proven=True,
            profile=profile.id,
        )
        if self.ingest([EventBatch((event,))]).failed:
            raise Unavailable("profiles")
        return {**said, "at": to_text(now)}
