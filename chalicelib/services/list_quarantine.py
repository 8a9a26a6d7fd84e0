"""What is in the quarantine: who has events set aside, and which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.domain.errors import NotFound
from chalicelib.domain.instants import to_text
from chalicelib.domain.profile_view import event_view
from chalicelib.domain.stored import Quarantined
from chalicelib.services.ports import Quarantine
from chalicelib.services.resolve_address import ResolveAddress


@dataclass(frozen=True, slots=True)
class ListQuarantine:
    """Profiles first; the events of one by its address."""

    quarantine: Quarantine
    resolve: ResolveAddress

    def __call__(self, limit: int, cursor: str) -> dict[str, Any]:
        """Who has events set aside."""
        page = self.quarantine.profiles(cursor, limit)
        return {"profiles": [_shown(one) for one in page.items], "cursor": page.cursor}

    def events(self, address: str, limit: int, cursor: str) -> dict[str, Any]:
        """Events of one customer, first come first. Raises `NotFound` where nothing is set aside.

        Of a merged customer's ids, one at a time: the first that has something set aside.
        """
        for profile in self.resolve.ids(address):
            page = self.quarantine.page(profile, cursor, limit)
            if page.items or cursor:
                shown = [event_view(event) for event in page.items]
                return {"profile": profile, "events": shown, "cursor": page.cursor}
        raise NotFound("nothing-set-aside", "No events are set aside for this customer.")


def _shown(one: Quarantined) -> dict[str, Any]:
    return {
        "profile": one.profile,
        "events": one.events,
        "first": to_text(one.first),
        "last": to_text(one.last),
    }
