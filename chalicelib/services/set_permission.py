"""An operator notes what a customer said about being contacted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.domain.about_address import address_hash_of
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.events import PERMISSION_SET, Event, EventBatch
from chalicelib.domain.instants import to_text
from chalicelib.domain.keys import Secrets, cause_id
from chalicelib.domain.permissions import last_other
from chalicelib.services.ingest_events import IngestEvents
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock
from chalicelib.services.resolve_address import ResolveAddress

DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class SetPermission:
    """It is an event like any other, but folded before we answer: what was noted can be read at once."""

    resolve: ResolveAddress
    ingest: IngestEvents
    rules: LiveRules
    secrets: Secrets
    clock: Clock

    def __call__(
        self, address: str, channel: str, topic: str, state: str, source: str, wording: str = ""
    ) -> dict[str, Any]:
        """Note it; `wording` is the version of what the customer was told.

        Noted again on the same day, with nothing else said between, it is the same event.

        Raises `NotFound`, and `Unavailable` where it could not be written.
        """
        profile = self.resolve(address)
        now = max(self.clock(), profile.ledger.now)
        said = {"channel": channel, "topic": topic, "state": state, "source": source}
        said |= {"wording": wording} if wording else {}
        about = address_hash_of(profile, channel, self.rules.current().playbook, self.secrets)
        before = last_other(profile.facts, state)
        event = Event(
            message_id=cause_id(
                "topeka:permission:", profile.id, *said.values(), about, str(before), str(now // DAY)
            ),
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
