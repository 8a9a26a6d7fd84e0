"""A proposed playbook held against decisions that were made: what would change, for how many, who, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.counting import MILLION, is_reached
from chalicelib.domain.decision import Switches
from chalicelib.domain.events import Event
from chalicelib.domain.learning import Learned
from chalicelib.domain.profile import Contact, Profile
from chalicelib.domain.replaying import (
    NOTHING,
    Proposal,
    action_in,
    asked_again,
    given_in,
    logged_odds,
    propose,
)
from chalicelib.domain.rules import Rules

MOST_CHANGES = 20
EXAMPLES = 5
#: Why a message that was given would not be, in a marketer's words; `{m}` is the message.
_WORDS = {
    "not-in-playbook": "{m} is not in this playbook",
    "no-such-placement": "this playbook has no such placement",
    "no-such-moment": "this playbook does not act at this moment",
    "not-for-them": "{m} would not be for them",
    "no-permission": "no permission for {m}",
    "no-address": "no address for {m}",
    "stopped": "the address is stopped",
    "paused": "the topic of {m} would rest",
    "suppressed": "{m} would be suppressed",
    "not-yet-valid": "{m} would not be valid yet",
    "expired": "{m} would be valid no more",
    "cap": "{m} would be over a cap",
    "quiet": "{m} would be over by the end of quiet hours",
    "below-silence": "{m} would not be worth saying",
    "outscored": "something else would be worth more than {m}",
    "no-content": "{m} would say nothing on this channel",
    "template-failed": "the template of {m} failed",
    "switched-off": "{m} is switched off now",
}


@dataclass(frozen=True, slots=True)
class Compared:
    """A decision that was made, and what is proposed in its place.

    `action` is "message/variant" or "nothing", chosen with `propensity` (0 where the record no longer tells);
    `reward` what came of it, in the playbook's currency.
    """

    customer: str
    given: tuple[str, ...]
    action: str
    propensity: float
    reward: float
    proposal: Proposal


def compared(
    profile: Profile,
    record: Mapping[str, Any],
    was: Profile,
    history: Sequence[Event],
    made_with: tuple[Rules, Learned],
    proposed: tuple[Rules, Learned],
    switches: Switches,
) -> Compared:
    """Hold a decision's record against other rules, for the customer as they `was`."""
    action = action_in(record)
    try:
        odds = logged_odds(record, *made_with)
    except KeyError:
        odds = {}
    return Compared(
        customer=profile.id,
        given=given_in(record),
        action=action,
        propensity=odds.get(action, 0.0),
        reward=_reward(profile, record, made_with[0]),
        proposal=propose(record, was, asked_again(record, history), *proposed, switches),
    )


def _reward(profile: Profile, record: Mapping[str, Any], rules: Rules) -> float:
    """What the first message given came to: what its goal earned, else the worth the playbook states."""
    for choice in record.get("choices", ()):
        contact = profile.ledger.contacts.get(choice["delivery"])
        if choice["message"] in given_in(record) and contact is not None and is_reached(contact):
            return _worth(contact, rules)
    return 0.0


def _worth(contact: Contact, rules: Rules) -> float:
    if contact.earned:
        return contact.earned / MILLION
    known = rules.messages.get(contact.message)
    return known.message.value if known else 0.0


@dataclass(slots=True)
class _Change:
    decisions: int = 0
    customers: set[str] = field(default_factory=set)
    why: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that changes, by what was given and what would be."""

    same: int
    changes: Mapping[tuple[str, str], _Change]

    @classmethod
    def of(cls, found: Sequence[Compared]) -> Comparison:
        """Sum up decisions."""
        changes: dict[tuple[str, str], _Change] = {}
        for one in found:
            if one.given == one.proposal.given:
                continue
            change = changes.setdefault((_named(one.given), _named(one.proposal.given)), _Change())
            change.decisions += 1
            change.customers.add(one.customer)
            change.why[_why(one)] += 1
        return cls(len(found) - sum(one.decisions for one in changes.values()), changes)

    def told(self) -> dict[str, Any]:
        """`{"same", "changed", "changes": [{"from", "to", "decisions", "customers", "why", "examples"}]}`.

        The changes that concern most decisions; `examples` are profile ids.
        """
        largest = sorted(self.changes.items(), key=lambda item: (-item[1].decisions, item[0]))
        return {
            "same": self.same,
            "changed": sum(one.decisions for one in self.changes.values()),
            "changes": [
                {
                    "from": before,
                    "to": after,
                    "decisions": one.decisions,
                    "customers": len(one.customers),
                    "why": [{"words": words, "decisions": many} for words, many in one.why.most_common(3)],
                    "examples": sorted(one.customers)[:EXAMPLES],
                }
                for (before, after), one in largest[:MOST_CHANGES]
            ],
        }


def _named(given: Sequence[str]) -> str:
    return ", ".join(given) or NOTHING


def _why(one: Compared) -> str:
    """Why what was given would not be; or where that is given still, or nothing was, what comes to it."""
    lost = [message for message in one.given if message not in one.proposal.given]
    if not lost:
        new = [message for message in one.proposal.given if message not in one.given]
        return f"{_named(new)} would be given" if new else "in another order"
    reason = one.proposal.reasons.get(lost[0], "outscored")
    return _WORDS.get(reason, reason).format(m=lost[0])
