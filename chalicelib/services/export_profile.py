"""Everything held about one customer, as one document (GDPR, articles 15 and 20)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from chalicelib.domain.instants import to_text
from chalicelib.domain.profile import Profile
from chalicelib.domain.profile_view import decision_view, delivery_view, event_view, view
from chalicelib.domain.timelines import records_of, timelines_of
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock, Deliveries, Timeline
from chalicelib.services.read_profile import every
from chalicelib.services.resolve_address import ResolveAddress

_PART = 500


@dataclass(frozen=True, slots=True)
class ExportProfile:
    """Reads all pages; nothing is left out, so `facts` and `ledger` are there as they are stored (times in ms)."""

    resolve: ResolveAddress
    rules: LiveRules
    timeline: Timeline
    deliveries: Deliveries
    clock: Clock

    def __call__(self, address: str) -> dict[str, Any]:
        """The document. Raises `NotFound`."""
        profile = self.resolve(address)
        now = max(self.clock(), profile.ledger.now)
        told, decided = timelines_of(profile), records_of(profile)
        rows = self.deliveries.read(list(profile.ledger.contacts))
        return {
            "exportedAt": to_text(now),
            "profile": view(profile, self.rules.current(), now),
            "timeline": [
                event_view(event) for event in every(lambda at: self.timeline.page(told, _PART, at))
            ],
            "decisions": [
                decision_view(record)
                for record in every(lambda at: self.timeline.decisions(decided, _PART, at))
            ],
            "deliveries": [delivery_view(row) for _, row in sorted(rows.items())],
            "stored": _stored(profile),
        }


def _stored(profile: Profile) -> dict[str, Any]:
    return {
        "facts": msgspec.to_builtins(profile.facts),
        "ledger": msgspec.to_builtins(profile.ledger),
        "bars": msgspec.to_builtins(profile.bars),
    }
