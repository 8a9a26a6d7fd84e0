"""What still stands from before: the same moment's decision, an open offer, a recent "nothing"."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from chalicelib.domain.decision import Ask, Choice, Decision, Reason
from chalicelib.domain.keys import cause_id, short_id
from chalicelib.domain.profile import Contact, Ledger, Made, Offer, Profile

NOTHING_STANDS = 30 * 60_000
#: Keys that Segment's clients put into every context; what remains are facts of the moment.
_COMMON = frozenset({
    "active", "app", "campaign", "channel", "device", "externalIds", "groupId", "ip", "library", "locale",
    "location", "network", "os", "page", "referrer", "screen", "sessionId", "timezone", "traits", "userAgent",
    "userAgentData", "userToken",
})  # fmt: skip
_WORTH_KEEPING = 1024


def seed_of(profile: Profile) -> str:
    """The stable customer id that every choice by chance hashes."""
    return profile.ledger.seed or profile.id


def moment_key(ask: Ask) -> str:
    """What the ledger keys a decision by: the moment or placement, and its cause in eight characters."""
    return f"{ask.placement or ask.moment}:{short_id(ask.cause)}"


def decision_id(seed: str, ask: Ask) -> str:
    """The id of the decision for the customer of this seed and the moment."""
    return cause_id("d_", seed, ask.key)


def delivery_id(seed: str, ask: Ask, message: str, channel: str) -> str:
    """The id of a message given to them at this moment."""
    return cause_id("m_", seed, ask.key, message, channel)


def facts_of_moment(context: Mapping[str, Any]) -> dict[str, Any]:
    """The context without what Segment's clients always send: weather, cart and the like."""
    return {name: value for name, value in context.items() if name not in _COMMON}


def worth_keeping(context: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of the moment for an offer to be shown again with; none where they are large."""
    facts = facts_of_moment(context)
    return facts if len(msgspec.json.encode(facts)) <= _WORTH_KEEPING else {}


def moment_hash(context: Mapping[str, Any]) -> str:
    """Ten hex characters that change with the facts of the moment; "" for none."""
    facts = facts_of_moment(context)
    if not facts:
        return ""
    return hashlib.blake2b(msgspec.json.encode(facts, order="deterministic"), digest_size=5).hexdigest()


def decided_before(
    profile: Profile, ask: Ask, channel: str, excluded: Mapping[str, Reason]
) -> Decision | None:
    """The decision already made for this very moment, None if there is none or it can't be given again.

    `channel` is the placement's, "" for an outbound moment.
    """
    made = profile.ledger.decisions.get(moment_key(ask))
    if made is None:
        return None
    choices = tuple(
        choice
        for delivery in made.messages
        if (choice := _given(profile.ledger, delivery, channel)) is not None
    )
    if any(choice.message in excluded for choice in choices):
        return None
    return _again(made, choices)


def nothing_before(profile: Profile, ask: Ask, version: int, now: int) -> Decision | None:
    """The "nothing" that stands for a placement: for 30 minutes, while nothing it hangs on changes.

    That is what the customer did, the facts of the moment, and the playbook.
    """
    if not ask.placement:
        return None
    for made in profile.ledger.decisions.values():
        if made.placement == ask.placement and made.outcome == "nothing" and made.until > now >= made.at:
            same_rules = made.playbook == version and made.last == profile.facts.last
            if same_rules and made.facts == moment_hash(ask.context):
                return _again(made, ())
    return None


def open_offers(ledger: Ledger, now: int) -> list[Offer]:
    """Offers that stand, the earliest promise first, each message once. What ended unsent was no promise."""
    unsent = {delivery for delivery, contact in ledger.contacts.items() if contact.state == "dropped"}
    standing = [
        offer
        for delivery, offer in ledger.offers.items()
        if offer.state == "open" and offer.at <= now < offer.until and delivery not in unsent
    ]
    first: dict[str, Offer] = {}
    for offer in sorted(standing, key=lambda one: (one.at, one.delivery)):
        first.setdefault(offer.message, offer)
    return list(first.values())


def _again(made: Made, choices: tuple[Choice, ...]) -> Decision:
    outcome: Any = made.outcome
    return Decision(
        made.id, made.at, outcome, made.until, choices=choices, again=True, playbook=made.playbook
    )


def _given(ledger: Ledger, delivery: str, channel: str) -> Choice | None:
    contact = ledger.contacts.get(delivery)
    offer = ledger.offers.get(delivery)
    given: Contact | Offer | None = contact or offer
    if given is None:
        return None
    kind: Any = contact.kind if contact else "offer"
    return Choice(
        delivery=delivery,
        decision=given.decision,
        message=given.message,
        variant=given.variant,
        kind=kind,
        channel=channel or (contact.channel if contact else ""),
        until=offer.until if offer else given.at,
        held_until=contact.held_until if contact else 0,
        standing=True,
    )
