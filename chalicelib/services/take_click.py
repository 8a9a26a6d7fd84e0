"""A tracked link was followed, or an e-mail opened: where to go on to, and what to remember of it.

What a machine gives itself away by is known at once, or once a burst of links is over (`domain/machines.py`):

    customer   GET /c/shop -> 302           event: clicked
    us                     |-- 2 seconds --|
    scanner    GET /c/shop, /c/terms, /u/..    event: clicked, `machine: true`
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from chalicelib.domain import machines
from chalicelib.domain.errors import Retry
from chalicelib.domain.events import EventBatch, ours
from chalicelib.domain.links import target_of
from chalicelib.domain.looks import CLICKED, Look
from chalicelib.domain.machines import Visit
from chalicelib.domain.stored import Delivery
from chalicelib.services.find_profile import FindProfile
from chalicelib.services.ports import Clock, Deliveries, EventQueue, JobQueue

_MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class Followed:
    """Where a link leads, None if the playbook declared none; whether a machine gave itself away by following it."""

    target: str | None
    machine: bool = False


@dataclass(frozen=True, slots=True)
class TakeClick:
    """The customer goes on even where their click cannot be noted; a minute of clicks on a link counts once.

    `slot_target` says where a slot's picture leads now. Where nothing is decided, that is its e-mail's first link.
    """

    deliveries: Deliveries
    find: FindProfile
    events: EventQueue
    jobs: JobQueue
    clock: Clock
    slot_target: Callable[[Mapping[str, Any]], str | None]

    def __call__(self, claims: Mapping[str, Any], visit: Visit) -> Followed:
        """Take a click. Looks of machines are told as such."""
        row = self._row(claims)
        links = row.body.get("links", {}) if row else {}
        if "n" in claims:
            target = self.slot_target(claims) or next(iter(links.values()), None)
        else:
            target = target_of(claims, links)
        if not target:
            return Followed(None)
        if row is None or "u" in claims or row.body.get("channel") not in CLICKED:
            machine = bool(machines.tell_of(visit, opens=False))
            if not machine:
                self._note_shown(str(claims.get("d", "")), row.profile if row else str(claims.get("p", "")))
            return Followed(target, machine)
        look = Look(row.id, self.clock(), str(claims.get("l") or f"slot {claims.get('n', '')}"))
        return Followed(target, self._noted(row, look, visit))

    def opened(self, claims: Mapping[str, Any], visit: Visit) -> bool:
        """Note that an e-mail was opened; whether a machine gave itself away by doing so."""
        row = self._row(claims)
        return self._noted(row, Look(row.id, self.clock()), visit) if row else False

    def looked(self, claims: Mapping[str, Any], page: str, visit: Visit) -> None:
        """Note that one of our own pages was looked at, as a link of its e-mail: scanners follow those too."""
        delivery = str(claims.get("d", ""))
        if delivery:
            with suppress(Retry):
                self.deliveries.note_followed(
                    delivery, machines.mark_of(f"/{page}", visit.method), self.clock()
                )

    def _row(self, claims: Mapping[str, Any]) -> Delivery | None:
        delivery = str(claims.get("d", ""))
        return self.deliveries.read([delivery]).get(delivery)

    def _noted(self, row: Delivery, look: Look, visit: Visit) -> bool:
        """A text's click counts at once; an e-mail's, and an open, once it can be told from a scanner's."""
        by_mail = row.body.get("channel") == "email"
        machine = bool(machines.tell_of(visit, opens=not look.link))
        machine = machine or (by_mail and machines.is_early(look.at, row.claimed_at))
        with suppress(Retry):
            if look.link and by_mail:
                self.deliveries.note_followed(row.id, machines.mark_of(look.link, visit.method), look.at)
            if by_mail and not machine:
                self.jobs.send([look.job], delay=machines.BURST)
            else:
                self.events.send(EventBatch((look.event(row, machine=machine, now=self.clock()),)))
        return machine

    def _note_shown(self, delivery: str, profile_id: str) -> None:
        """A message shown where the customer came to us is told of by its decision, as clients do."""
        profile = self.find.by_id(profile_id) if profile_id else None
        if profile is None:
            return
        given = profile.ledger.contacts.get(delivery) or profile.ledger.offers.get(delivery)
        if given is None:
            return
        now = self.clock()
        about = {"decision": given.decision, "message": given.message, "delivery": delivery}
        event = ours(f"topeka:click:{delivery}:{now // _MINUTE}", "Message Clicked", profile.id, now, about)
        with suppress(Retry):
            self.events.send(EventBatch((event,)))
