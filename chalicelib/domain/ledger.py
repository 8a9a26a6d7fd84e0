"""Writing a decision into a profile's ledger, and the effects that carry it out.

The ledger's other sides live beside this: what came of contacts (`outcomes.py`), the ledger of a customer who
was two profiles and what is forgotten (`ledgers.py`). They are handed on here, so that callers know one name.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from chalicelib.domain.decision import Ask, Choice, Considered, Decision
from chalicelib.domain.effects import Deliver, Effect, Record
from chalicelib.domain.gates import INSIDE_ANOTHER
from chalicelib.domain.ledgers import join, prune
from chalicelib.domain.outcomes import goals, take_outcome, window_of
from chalicelib.domain.permissions import goes_to_them
from chalicelib.domain.profile import Contact, Made, Offer, Profile
from chalicelib.domain.rules import Rules
from chalicelib.domain.standing import moment_hash, moment_key, worth_keeping

__all__ = ["enact", "goals", "join", "moment_key", "prune", "take_outcome"]

RECORD_AT_MOST = 2000
"""Bytes of a decision's record as JSON."""


def enact(profile: Profile, decision: Decision, ask: Ask, rules: Rules) -> list[Effect]:
    """Write the decision into the ledger, in place; what relay has to do about it.

    What goes to the customer, or waits in the inbox, is reserved and delivered; what is shown where the
    customer came to us is given at once. A decision that stood from before writes nothing.
    """
    if decision.again:
        return []
    effects: list[Effect] = []
    for choice in decision.choices:
        if not choice.standing:
            effects.extend(_give(profile, decision, choice, ask, rules))
    for experiment, arm in decision.arms.items():
        profile.ledger.arms.setdefault(experiment, arm)
    profile.ledger.decisions[moment_key(ask)] = Made(
        id=decision.id,
        at=decision.at,
        outcome=decision.outcome,
        until=decision.until,
        messages=[choice.delivery for choice in decision.choices],
        placement=ask.placement,
        last=profile.facts.last,
        playbook=decision.playbook,
        facts=moment_hash(ask.context) if decision.outcome == "nothing" else "",
    )
    prune(profile.ledger, decision.at)
    own = profile.timelines[0] if profile.timelines else ""
    effects.append(Record(decision.id, profile.id, decision.at, record_of(decision, ask), own))
    return effects


def is_delivered(channel: str) -> bool:
    """Whether a choice on the channel is carried out by the sender, instead of by the answer itself."""
    return goes_to_them(channel) or channel == "inbox"


def record_of(decision: Decision, ask: Ask) -> dict[str, Any]:
    """The decision as it is stored: choices, the ten best, counts by reason, facts read; under 2 KB."""
    reasons = Counter(decision.ruled_out.values())
    body: dict[str, Any] = {
        "decision": decision.id,
        "at": decision.at,
        "moment": ask.moment,
        "placement": ask.placement,
        "cause": ask.cause[:100],
        "outcome": decision.outcome,
        "playbook": decision.playbook,
        "probability": decision.probability,
        "reasons": dict(reasons),
        "choices": [msgspec.to_builtins(choice) for choice in decision.choices],
        "considered": [_brief(one) for one in decision.considered],
        "facts": dict(decision.facts),
    }
    body = {name: value for name, value in body.items() if value not in ("", {}, [])}
    return _fitted(body)


def _brief(one: Considered) -> dict[str, Any]:
    parts = {name: value for name, value in one.parts.items() if value != 1.0}
    brief = {
        "message": one.message,
        "reason": one.reason,
        "score": round(one.score, 6),
        "parts": parts,
        "probability": round(one.probability, 6),
    }
    return {name: value for name, value in brief.items() if value not in ("", {})}


def _fitted(body: dict[str, Any]) -> dict[str, Any]:
    """The body within its bound: the least of the ten best go first, then segments, then choices."""
    for name, part in (("considered", body), ("segments", body.get("facts", {})), ("choices", body)):
        while len(msgspec.json.encode(body)) > RECORD_AT_MOST and part.get(name):
            part[name] = part[name][:-1]
            body["cut"] = True
    return body


def _give(profile: Profile, decision: Decision, choice: Choice, ask: Ask, rules: Rules) -> list[Effect]:
    ledger, at = profile.ledger, decision.at
    topic = rules.messages[choice.message].message.topic
    window = window_of(rules.messages[choice.message])
    if choice.channel not in INSIDE_ANOTHER:
        ledger.contacts[choice.delivery] = Contact(
            at=at,
            decision=decision.id,
            message=choice.message,
            variant=choice.variant,
            kind=choice.kind,
            channel=choice.channel,
            state="reserved" if is_delivered(choice.channel) else "sent",
            topic=topic,
            placement=ask.placement,
            moment=ask.moment,
            goal_until=at + window if window else 0,
            held_until=choice.held_until,
            changed=at,
        )
    if choice.kind == "offer":
        ledger.offers[choice.delivery] = Offer(
            choice.message, choice.variant, decision.id, choice.delivery, at, choice.until,
            context=worth_keeping(ask.context),
        )  # fmt: skip
    return [_deliver(profile, choice, ask, decision)] if is_delivered(choice.channel) else []


def _deliver(profile: Profile, choice: Choice, ask: Ask, decision: Decision) -> Deliver:
    return Deliver(
        delivery=choice.delivery,
        profile=profile.id,
        message=choice.message,
        variant=choice.variant,
        channel=choice.channel,
        kind=choice.kind,
        decision=decision.id,
        due=choice.held_until or decision.at,
        playbook=decision.playbook,
        context=ask.context,
        event=ask.event,
    )
