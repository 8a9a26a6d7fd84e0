"""What came of contacts: told by providers and clients as events, or seen in what customers did next."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.domain import counting, trials
from chalicelib.domain.conditions.features import parts
from chalicelib.domain.conditions.model import Condition, Did
from chalicelib.domain.effects import Effect
from chalicelib.domain.events import OUTCOMES, Event
from chalicelib.domain.facts import event_view
from chalicelib.domain.ledgers import RANKS
from chalicelib.domain.profile import Contact, ContactState, Ledger, Offer, Profile
from chalicelib.domain.rules import MessageRules, Rules
from chalicelib.domain.spending import earned_by
from chalicelib.domain.subject import subject_of

_TOLD_BY_PROVIDERS: dict[str, ContactState] = {
    "Email Delivered": "delivered",
    "Email Opened": "opened",
    "Email Link Clicked": "clicked",
    "Email Bounced": "bounced",
    "Email Marked as Spam": "complained",
    "Sms Delivered": "delivered",
    "Sms Link Clicked": "clicked",
    "Sms Bounced": "bounced",
}
DAY = 86_400_000
GOAL_WITHIN = 7 * DAY
"""The window of a goal that names none: as long as a contact can be ignored."""
_NOT_GIVEN = frozenset({"reserved", "dropped"})


def take_outcome(profile: Profile, event: Event, rules: Rules) -> list[Effect]:
    """Take an outcome (`Email *`, `Sms *`, `Message *`) into the contact it is about, in place; what it counts.

    A state only ever rises, so a copy of the event, or one that comes late, changes nothing. Ours name the
    delivery; a client's names the decision, and counts only for what was really given to this customer.
    """
    counted: list[Effect] = []
    for delivery, state in _told(profile.ledger, event):
        counted += _raise(profile, delivery, state, event, rules)
    return counted


def goals(profile: Profile, event: Event, rules: Rules) -> list[Effect]:
    """Mark as converted, in place, the contacts whose goal an event (already folded) has just reached.

    What that counts is returned.
    """
    counted: list[Effect] = []
    for delivery, message, since in list(_awaiting(profile.ledger, event.timestamp, rules)):
        goal = rules.messages[message]
        if _concerns(goal.message.goal, event) and _is_reached(profile, goal, event, rules, since):
            counted += _raise(profile, delivery, "converted", event, rules)
    return counted


def window_of(rules: MessageRules) -> int:
    """How long after a contact its message's goal counts (ms), 0 for a message whose goal is a click."""
    return rules.goal_within or (GOAL_WITHIN if rules.goal is not None else 0)


def _told(ledger: Ledger, event: Event) -> Iterator[tuple[str, ContactState]]:
    if event.event in OUTCOMES:
        yield from _told_by_client(ledger, event)
        return
    state = _TOLD_BY_PROVIDERS.get(event.event) if event.origin == "topeka" else None
    delivery = event.properties.get("delivery")
    if state is not None and isinstance(delivery, str):
        yield delivery, state


def _told_by_client(ledger: Ledger, event: Event) -> Iterator[tuple[str, ContactState]]:
    """Of several messages of a decision, all were viewed; anything else is about the one named, or the first."""
    state: ContactState = OUTCOMES[event.event]  # type: ignore[assignment]  # its values are contact states
    given = list(_given(ledger, event.properties.get("decision")))
    named = [delivery for delivery, message in given if message == event.properties.get("message")]
    about = named or [delivery for delivery, _ in (given if state == "opened" else given[:1])]
    for delivery in about:
        contact = ledger.contacts.get(delivery)
        if contact is None or contact.state not in _NOT_GIVEN:
            yield delivery, state


def _given(ledger: Ledger, decision: object) -> Iterator[tuple[str, str]]:
    """Delivery ids and messages of a decision, in the order they were given."""
    if not isinstance(decision, str):
        return
    made = next((made for made in ledger.decisions.values() if made.id == decision), None)
    by_id: dict[str, Contact | Offer] = {**ledger.offers, **ledger.contacts}
    of_it = made.messages if made else [key for key, one in by_id.items() if one.decision == decision]
    yield from ((delivery, by_id[delivery].message) for delivery in of_it if delivery in by_id)


def _raise(profile: Profile, delivery: str, state: ContactState, event: Event, rules: Rules) -> list[Effect]:
    contact, offer = profile.ledger.contacts.get(delivery), profile.ledger.offers.get(delivery)
    counted: list[Effect] = []
    if contact is not None and RANKS[state] > RANKS[contact.state]:
        before = counting.is_reached(contact)
        contact.state = state
        contact.changed = event.timestamp
        if counting.is_reached(contact) and not before:
            known = rules.messages.get(contact.message)
            contact.earned = earned_by(event, known.message.value) if known else 0
            counted = _reached(profile, delivery, contact, rules)
    if offer is not None and _uses(contact, state) and offer.state != "used":
        offer.state = "used"
        if contact is None:  # a picture in an e-mail: its contact is its e-mail's
            converted = trials.convert(profile, offer.message, rules)
            counted = counting.counts(profile.ledger.now, converted, delivery, "converted")
    return counted


def _reached(profile: Profile, delivery: str, contact: Contact, rules: Rules) -> list[Effect]:
    """Counted when the contact was made: learning looks at contacts that are old enough to have been answered.

    After a day it is counted now: by then the contact is old enough, and what is counted of the past is kept apart
    from its repeats for two days only (`periods.LATE`), of which relay may need one.
    """
    now = profile.ledger.now
    made = contact.at if now - contact.at < DAY else now
    converted = trials.convert(profile, contact.message, rules)
    return [
        *counting.counts(made, counting.reached(contact), delivery, "reached"),
        *counting.counts(now, converted, delivery, "converted"),
    ]


def _uses(contact: Contact | None, state: ContactState) -> bool:
    """Whether this uses an offer up: its goal, or where it has none a click."""
    no_goal = contact is not None and not contact.goal_until
    return state == "converted" or (state == "clicked" and no_goal)


def _awaiting(ledger: Ledger, at: int, rules: Rules) -> Iterator[tuple[str, str, int]]:
    """What was given and may still reach a goal: delivery id, message, since when."""
    for delivery, contact in ledger.contacts.items():
        open_goal = contact.state not in ("reserved", "dropped", "converted")
        if open_goal and contact.at <= at < contact.goal_until and _has_goal(rules, contact):
            yield delivery, contact.message, contact.at
    for delivery, offer in ledger.offers.items():
        alone = delivery not in ledger.contacts and offer.state == "open"
        if (
            alone
            and _has_goal(rules, offer)
            and offer.at <= at < offer.at + window_of(rules.messages[offer.message])
        ):
            yield delivery, offer.message, offer.at


def _has_goal(rules: Rules, given: Contact | Offer) -> bool:
    known = rules.messages.get(given.message)
    return known is not None and known.goal is not None


def _concerns(goal: Condition | None, event: Event) -> bool:
    """Whether the event could be what reaches the goal: one it counts, or any if it counts none."""
    counted = {part.event for part in parts(goal) if isinstance(part, Did)}
    return not counted or event.title in counted


def _is_reached(profile: Profile, goal: MessageRules, event: Event, rules: Rules, since: int) -> bool:
    subject = subject_of(profile, rules, event.timestamp, context=event.context, event=event_view(event))
    subject.since = since
    return goal.goal is not None and goal.goal(subject)
