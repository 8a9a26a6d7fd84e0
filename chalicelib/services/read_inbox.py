"""The inbox: messages that wait for a customer in the app or on the site, and what they do with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.domain.callers import Identity
from chalicelib.domain.deliveries import DISMISS, LAY
from chalicelib.domain.errors import NotFound, Unavailable
from chalicelib.domain.events import Event, EventBatch
from chalicelib.domain.instants import to_text
from chalicelib.domain.profile import Contact, Profile
from chalicelib.domain.stored import Delivery
from chalicelib.services.decide_moment import may_see_traits
from chalicelib.services.find_profile import FindProfile
from chalicelib.services.ingest_events import IngestEvents
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock, Deliveries

MOST = 100
_DONE = {"seen": "Message Viewed", "dismissed": "Message Dismissed"}


@dataclass(frozen=True, slots=True)
class ReadInbox:
    """Shows a profile's inbox only to who may see what is known of them; to others it is empty."""

    find: FindProfile
    deliveries: Deliveries
    rules: LiveRules
    ingest: IngestEvents
    clock: Clock

    def __call__(self, identity: Identity) -> list[dict[str, Any]]:
        """What waits, newest first, at most 100."""
        profile = self._theirs(identity)
        return [_shown(row, contact) for row, contact in self._waiting(profile)] if profile else []

    def note(self, identity: Identity, delivery: str, done: str) -> None:
        """The customer has seen or dismissed a message. Raises `NotFound` for one that isn't in their inbox."""
        profile = self._theirs(identity)
        contact = profile.ledger.contacts.get(delivery) if profile else None
        row = self.deliveries.read([delivery]).get(delivery) if contact else None
        theirs = {profile.id, *profile.merged} if profile else set()
        if profile is None or contact is None or row is None or row.profile not in theirs:
            raise NotFound("not-found", "This message is not in the inbox.")
        if contact.channel != "inbox":
            raise NotFound("not-found", "This message is not in the inbox.")
        if self.ingest([EventBatch((self._event(profile, contact, delivery, done, identity),))]).failed:
            raise Unavailable("profiles")
        if done == "dismissed":
            self.deliveries.move(delivery, **DISMISS)

    def _theirs(self, identity: Identity) -> Profile | None:
        """The profile whose inbox this is. Who proved a user id is that user, whatever device they hold."""
        users = tuple(one for one in identity.identifiers if one.kind == "user")
        asked = users or identity.identifiers
        found = (self.find.by_identifier(one.kind, one.value) for one in asked)
        profile = next((one for one in found if one is not None), None)
        seen = profile is not None and may_see_traits(asked, profile, proven=identity.proven)
        return profile if seen else None

    def _waiting(self, profile: Profile) -> list[tuple[Delivery, Contact]]:
        laid = {id: one for id, one in profile.ledger.contacts.items() if one.channel == "inbox"}
        theirs = {
            profile.id,
            *profile.merged,
        }  # after a split the other part has the contact too, not the message
        rows = self.deliveries.read(list(laid))
        waiting = [
            (row, laid[id])
            for id, row in rows.items()
            if row.state == LAY["to"] and row.profile in theirs and self._is_valid(laid[id])
        ]
        return sorted(waiting, key=lambda one: (one[1].at, one[0].id), reverse=True)[:MOST]

    def _is_valid(self, contact: Contact) -> bool:
        """Whether the playbook in force still says it, and may be heard."""
        rules = self.rules.current().messages.get(contact.message)
        if rules is None or not self.rules.switches().messages.get(contact.message, True):
            return False
        until = rules.message.valid_until
        return contact.state != "dismissed" and (not until or self.clock() < until)

    def _event(
        self, profile: Profile, contact: Contact, delivery: str, done: str, identity: Identity
    ) -> Event:
        now = max(self.clock(), profile.ledger.now)
        about = {"decision": contact.decision, "message": contact.message, "delivery": delivery}
        return Event(
            message_id=f"topeka:inbox:{delivery}:{done}",
            type="track",
            event=_DONE[done],
            timestamp=now,
            received_at=now,
            properties=about,
            proven=identity.proven,
            profile=profile.id,
        )


def _shown(row: Delivery, contact: Contact) -> dict[str, Any]:
    return {
        "delivery": row.id,
        "decision": contact.decision,
        "message": contact.message,
        "variant": contact.variant,
        "kind": contact.kind,
        "content": row.body.get("content", {}),
        "at": to_text(contact.at),
        "seen": contact.state in ("opened", "clicked", "converted"),
    }
