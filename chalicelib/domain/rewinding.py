"""A customer as they were when something was decided, rebuilt from what is kept of them.

Facts are folded from the timeline, as far as it had been received by then; so they may be those that another playbook
asks for. Of the ledger, contacts and offers are those made before, in the state they had. What is not kept cannot
come back: the states a contact went through, offers used since, and what the timeline no longer holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from chalicelib.domain.adopting import folded_of
from chalicelib.domain.events import LINK_REFUSED, Event
from chalicelib.domain.facts import fold
from chalicelib.domain.profile import Contact, Ledger, Offer, Profile
from chalicelib.domain.rules import Rules
from chalicelib.domain.standing import seed_of


def rewound(
    profile: Profile, history: Sequence[Event], rules: Rules, records: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[Mapping[str, Any], Profile]]:
    """Each decision's record, the oldest first, with the customer as they were then.

    The profile given for one record is the next one's, folded further: use it before going on.
    """
    events = sorted(
        (one for one in folded_of(profile, history) if one.event != LINK_REFUSED),
        key=lambda one: (one.received_at, one.message_id),
    )
    was = Profile(profile.id, folded_under=rules.fingerprint)
    at = 0
    decided = {one["delivery"]: record["at"] for record in records for one in record.get("choices", ())}
    for record in sorted(records, key=lambda one: one["at"]):
        while at < len(events) and events[at].received_at <= record["at"]:
            fold(was, events[at], rules)
            at += 1
        was.identifiers = [one for one in profile.identifiers if one.since <= record["at"]]
        was.ledger = ledger_at(profile, record, decided)
        yield record, was


def ledger_at(profile: Profile, record: Mapping[str, Any], decided: Mapping[str, int]) -> Ledger:
    """The ledger as a decision found it, as far as it can be told from what is left.

    `decided` says when each delivery was: sending stamps a contact anew, but it has counted since.
    """
    at, ledger = record["at"], profile.ledger
    contacts = {
        delivery: _as_it_was(one, at)
        for delivery, one in ledger.contacts.items()
        if min(one.at, decided.get(delivery, one.at)) <= at and one.decision != record["decision"]
    }
    offers = {told[3]: Offer(*told) for told in record.get("facts", {}).get("offers", ())}
    standing = {
        delivery: replace(one, state="open")
        for delivery, one in ledger.offers.items()
        if one.at <= at and one.decision != record["decision"]
    }
    arms = {name: arm for name, arm in ledger.arms.items() if arm[1] < at}
    return Ledger(seed=seed_of(profile), contacts=contacts, offers={**standing, **offers}, arms=arms, now=at)


def _as_it_was(contact: Contact, at: int) -> Contact:
    if contact.changed <= at:
        return contact
    return replace(contact, state="sent", at=min(contact.at, at), held_until=0)
