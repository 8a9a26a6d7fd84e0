"""Everything held about one customer, as one document (GDPR, articles 15 and 20)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from chalicelib.domain.erasure import deliveries_in, deliveries_of
from chalicelib.domain.events import Event
from chalicelib.domain.instants import to_text
from chalicelib.domain.profile import Profile
from chalicelib.domain.profile_view import decision_view, delivery_view, event_view, view
from chalicelib.domain.stored import Delivery, pointers_to
from chalicelib.domain.timelines import records_of, timelines_of
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock, Deliveries, Quarantine, Timeline
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
    quarantine: Quarantine
    clock: Clock

    def __call__(self, address: str) -> dict[str, Any]:
        """The document. Raises `NotFound`."""
        profile = self.resolve(address)
        now = max(self.clock(), profile.ledger.now)
        told, decided = timelines_of(profile), records_of(profile)
        records = every(lambda at: self.timeline.decisions(decided, _PART, at))
        rows = self._rows(profile, [*deliveries_of(profile), *deliveries_in(records)])
        return {
            "exportedAt": to_text(now),
            "profile": view(profile, self.rules.current(), now),
            "timeline": [
                event_view(event) for event in every(lambda at: self.timeline.page(told, _PART, at))
            ],
            "decisions": [decision_view(record) for record in records],
            "setAside": [event_view(event) for event in self._set_aside(profile)],
            "deliveries": [delivery_view(row) for _, row in sorted(rows.items())],
            "stored": _stored(profile),
        }

    def _set_aside(self, profile: Profile) -> list[Event]:
        """What is in the quarantine, under any id the customer has had."""
        found: list[Event] = []
        for id in (profile.id, *profile.merged):
            cursor = ""
            while True:
                page = self.quarantine.page(id, cursor, _PART)
                found += page.items
                cursor = page.cursor
                if not cursor:
                    break
        return found

    def _rows(self, profile: Profile, ids: list[str]) -> dict[str, Delivery]:
        """The customer's own deliveries (after a split the ledger knows more), and the rows that lead to them."""
        found = self.deliveries.read(list(dict.fromkeys(ids)))
        theirs = {profile.id, *profile.merged}
        rows = {id: row for id, row in found.items() if row.profile in theirs}
        return rows | self.deliveries.read(pointers_to(rows.values()))


def _stored(profile: Profile) -> dict[str, Any]:
    return {
        "facts": msgspec.to_builtins(profile.facts),
        "ledger": msgspec.to_builtins(profile.ledger),
        "bars": msgspec.to_builtins(profile.bars),
    }
