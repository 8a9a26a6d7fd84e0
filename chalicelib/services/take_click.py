"""A tracked link was followed, or an e-mail opened: where to go on to, and what to remember of it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.errors import Retry
from chalicelib.domain.events import Event, EventBatch
from chalicelib.domain.links import target_of
from chalicelib.domain.stored import Delivery
from chalicelib.services.find_profile import FindProfile
from chalicelib.services.ports import Clock, Deliveries, EventQueue

_MINUTE = 60_000
_CLICKED = {"email": "Email Link Clicked", "sms": "Sms Link Clicked"}


@dataclass(frozen=True, slots=True)
class TakeClick:
    """The customer goes on even where their click cannot be noted; a minute of clicks on a link counts once."""

    deliveries: Deliveries
    find: FindProfile
    events: EventQueue
    clock: Clock

    def __call__(self, claims: Mapping[str, Any], *, counts: bool) -> str | None:
        """The address the link leads to; None if the playbook declared none. `counts` is false for HEAD."""
        row = self._row(claims)
        target = target_of(claims, row.body.get("links", {}) if row else {})
        if target and counts:
            self._note(claims, row)
        return target

    def opened(self, claims: Mapping[str, Any]) -> None:
        """Note that an e-mail was opened."""
        row = self._row(claims)
        if row is not None:
            self._send("Email Opened", row.profile, {"delivery": row.id}, "open")

    def _row(self, claims: Mapping[str, Any]) -> Delivery | None:
        delivery = str(claims.get("d", ""))
        return self.deliveries.read([delivery]).get(delivery)

    def _note(self, claims: Mapping[str, Any], row: Delivery | None) -> None:
        link = str(claims.get("l", ""))
        if row is not None and row.body.get("channel") in _CLICKED:
            name = _CLICKED[row.body["channel"]]
            self._send(name, row.profile, {"delivery": row.id, "link": link}, f"click:{link}")
        else:
            self._note_shown(str(claims.get("d", "")), row.profile if row else str(claims.get("p", "")))

    def _note_shown(self, delivery: str, profile_id: str) -> None:
        """A message shown where the customer came to us is told of by its decision, as clients do."""
        profile = self.find.by_id(profile_id) if profile_id else None
        if profile is None:
            return
        given = profile.ledger.contacts.get(delivery) or profile.ledger.offers.get(delivery)
        if given is not None:
            about = {"decision": given.decision, "message": given.message, "delivery": delivery}
            self._send("Message Clicked", profile.id, about, "click")

    def _send(self, name: str, profile: str, about: dict[str, Any], what: str) -> None:
        now = self.clock()
        event = Event(
            message_id=f"topeka:{what}:{about['delivery']}:{now // _MINUTE}",
            type="track",
            event=name,
            timestamp=now,
            received_at=now,
            properties=about,
            origin="topeka",
            profile=profile,
        )
        with suppress(Retry):
            self.events.send(EventBatch((event,)))
