"""Reading one customer: the profile as it stands, what happened, and what was decided."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.adopting import is_adopted
from chalicelib.domain.profile_view import decision_view, event_view, view
from chalicelib.domain.stored import Page
from chalicelib.domain.timelines import records_of, timelines_of
from chalicelib.services.adopt_playbook import adopt_playbook
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock, Timeline
from chalicelib.services.resolve_address import ResolveAddress


@dataclass(frozen=True, slots=True)
class ReadProfile:
    """Every reading raises `NotFound` where nobody lives at the address.

    A profile last touched under an earlier playbook is shown as it stands under the live one.
    """

    resolve: ResolveAddress
    rules: LiveRules
    timeline: Timeline
    clock: Clock

    def __call__(self, address: str) -> dict[str, Any]:
        """The profile."""
        profile, rules = self.resolve(address), self.rules.current()
        now = max(self.clock(), profile.ledger.now)
        if not is_adopted(profile, rules):
            adopt_playbook(self.timeline, profile, rules, now)
        return view(profile, rules, now)

    def events(self, address: str, limit: int, cursor: str) -> dict[str, Any]:
        """What happened, newest first."""
        page = self.timeline.page(timelines_of(self.resolve(address)), limit, cursor)
        return {"events": [event_view(event) for event in page.items], "cursor": page.cursor}

    def decisions(self, address: str, limit: int, cursor: str) -> dict[str, Any]:
        """What was decided, newest first."""
        page = self.timeline.decisions(records_of(self.resolve(address)), limit, cursor)
        return {"decisions": [decision_view(record) for record in page.items], "cursor": page.cursor}


def every(page: Callable[[str], Page]) -> list[Any]:
    """Everything a listing holds, page after page."""
    items: list[Any] = []
    cursor = ""
    while True:
        part = page(cursor)
        items += part.items
        cursor = part.cursor
        if not cursor:
            return items
