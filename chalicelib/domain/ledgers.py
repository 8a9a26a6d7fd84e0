"""Ledgers as sets: the union of two, and what is old enough to be forgotten.

Every part joins by taking, for each key, the greater of two entries under a total order, so that order,
grouping and repetition don't matter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from chalicelib.domain.profile import Contact, Ledger, Made, Offer, Wait
from chalicelib.domain.trials import join_trials

Entry = TypeVar("Entry")

DAY = 86_400_000
CONTACTS_LAST = 90 * DAY
DECISIONS_LAST = 2 * DAY
"""A decision has to be known for as long as its event could come again: 24 hours, and as much to be safe."""
ANSWERS_LAST = 3_600_000
"""An inbound decision: as long as the same question could be asked again by a retry, or while it stands."""
MOST_DECISIONS = 50
MOST_CONTACTS = 500
"""Five a day for 90 days. A site that shows something on every page makes more; those, and the oldest, go first."""

#: How far a contact has come. What was told later in its life stands above what came before.
RANKS = {
    "reserved": 0, "unknown": 1, "dropped": 2, "sent": 3, "delivered": 4, "bounced": 5, "opened": 6,
    "dismissed": 7, "clicked": 8, "converted": 9, "complained": 10,
}  # fmt: skip
_OFFER_RANKS = {"open": 0, "withdrawn": 1, "used": 2}


def join(a: Ledger, b: Ledger) -> Ledger:
    """The ledger of one customer who was two profiles: latest state, earliest arm, seed and decision.

    They are in every segment that either had entered: what was said about entering it is not said again. Where
    both have decided about one moment, the earlier decision stands, and what the other has not sent yet is
    dropped. A hold that both are in goes on from the later trigger. Who had two arms of an experiment keeps the
    earlier, and is marked.
    """
    return Ledger(
        seed=_first(a, b).seed,
        seed_at=_first(a, b).seed_at,
        seed_day=_first(a, b).seed_day,
        contacts=_without_doubles(_union(a.contacts, b.contacts, _contact_order), a, b),
        decisions=_union(a.decisions, b.decisions, _decision_order),
        offers=_union(a.offers, b.offers, _offer_order),
        arms=_union(a.arms, b.arms, _arm_order),
        crossed=sorted({*a.crossed, *b.crossed, *_crossing(a, b)}),
        trials=join_trials(a.trials, b.trials),
        entries=_union(a.entries, b.entries, _entry_order),
        waits=_union(a.waits, b.waits, _wait_order),
        places=sorted({*a.places, *b.places}),
        wake=min(a.wake, b.wake) if a.wake and b.wake else a.wake or b.wake,
        now=max(a.now, b.now),
    )


def _without_doubles(contacts: dict[str, Contact], a: Ledger, b: Ledger) -> dict[str, Contact]:
    """The contacts; of two decisions about one moment the later's are dropped, unless they were made already."""
    for key in a.decisions.keys() & b.decisions.keys():
        stands = max(a.decisions[key], b.decisions[key], key=_decision_order)
        for made in (a.decisions[key], b.decisions[key]):
            for delivery in () if made.id == stands.id else made.messages:
                contact = contacts.get(delivery)
                if contact is not None and contact.state == "reserved":
                    contacts[delivery] = msgspec.structs.replace(contact, state="dropped", held_until=0)
    return contacts


def _crossing(a: Ledger, b: Ledger) -> Iterator[str]:
    """The experiments in which the two had different arms."""
    yield from (name for name in a.arms.keys() & b.arms.keys() if a.arms[name][0] != b.arms[name][0])
    for name in a.trials.keys() & b.trials.keys():
        if a.trials[name].arm != b.trials[name].arm:
            yield name


def prune(ledger: Ledger, now: int) -> None:
    """Forget, in place, what no rule asks for any more.

    Contacts after 90 days, and all but 500; offers that stand no more; decisions after two days, or for a
    placement an hour after they ceased to stand, and only the latest "nothing" of a placement; at most the
    latest 50.
    """
    ledger.contacts = _kept_contacts(ledger.contacts, now)
    ledger.offers = {
        delivery: offer
        for delivery, offer in ledger.offers.items()
        if offer.state == "open" and offer.until > now
    }
    ledger.decisions = _kept_decisions(ledger.decisions, now)


def _kept_contacts(contacts: Mapping[str, Contact], now: int) -> dict[str, Contact]:
    """What went to the customer stays before what they were shown, and the newer before the older."""
    kept = {
        delivery: contact
        for delivery, contact in contacts.items()
        if max(contact.at, contact.held_until) > now - CONTACTS_LAST
    }
    if len(kept) <= MOST_CONTACTS:
        return kept
    best = sorted(kept.items(), key=lambda item: (not item[1].placement, item[1].at, item[0]))
    return dict(best[-MOST_CONTACTS:])


def _kept_decisions(decisions: Mapping[str, Made], now: int) -> dict[str, Made]:
    newest_first = sorted(decisions.items(), key=lambda item: (item[1].at, item[0]), reverse=True)
    kept: dict[str, Made] = {}
    silent: set[str] = set()
    for key, made in newest_first:
        superseded = made.outcome == "nothing" and made.placement in silent
        if made.placement and made.outcome == "nothing":
            silent.add(made.placement)
        if not superseded and len(kept) < MOST_DECISIONS and _is_current(made, now):
            kept[key] = made
    return dict(reversed(kept.items()))


def _is_current(made: Made, now: int) -> bool:
    if made.placement:
        return max(made.until, made.at + ANSWERS_LAST) > now
    return made.at > now - DECISIONS_LAST


def _first(a: Ledger, b: Ledger) -> Ledger:
    seeded = [ledger for ledger in (a, b) if ledger.seed]
    return min(seeded, key=lambda ledger: (ledger.seed_day, ledger.seed_at, ledger.seed), default=a)


def _union(
    a: Mapping[str, Entry], b: Mapping[str, Entry], order: Callable[[Entry], tuple[Any, ...]]
) -> dict[str, Entry]:
    joined = dict(a)
    for key, entry in b.items():
        mine = joined.get(key)
        joined[key] = entry if mine is None else max(mine, entry, key=order)
    return {key: joined[key] for key in sorted(joined)}


def _bytes(entry: Any) -> bytes:
    return msgspec.json.encode(entry, order="deterministic")


def _contact_order(contact: Contact) -> tuple[Any, ...]:
    return (RANKS[contact.state], contact.changed, contact.at, _bytes(contact))


def _decision_order(made: Made) -> tuple[Any, ...]:
    return (-made.at, _bytes(made))


def _offer_order(offer: Offer) -> tuple[Any, ...]:
    return (_OFFER_RANKS[offer.state], -offer.at, _bytes(offer))


def _arm_order(arm: tuple[str, int]) -> tuple[Any, ...]:
    return (-arm[1], arm[0])


def _entry_order(entry: tuple[bool, int]) -> tuple[Any, ...]:
    return entry


def _wait_order(wait: Wait) -> tuple[Any, ...]:
    return (wait.since, wait.message_id, _bytes(wait))
