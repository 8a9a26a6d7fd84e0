"""Deciding again, just before sending: confirm, hold or drop one delivery, never exchange it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.choosing import has_content, is_held_out
from chalicelib.domain.decision import Reason, Switches, Verdict
from chalicelib.domain.gates import Gates
from chalicelib.domain.profile import Contact, Profile
from chalicelib.domain.reach import Reach
from chalicelib.domain.rules import MessageRules, Rules, Subject
from chalicelib.domain.view import view_of

CONFIRM = Verdict("confirm")
STILL_OURS = frozenset({"reserved", "sent", "delivered"})


def reconsider(
    profile: Profile,
    delivery_id: str,
    rules: Rules,
    switches: Switches,
    now: int,
    *,
    context: Mapping[str, Any] | None = None,
    event: Mapping[str, Any] | None = None,
) -> Verdict:
    """Whether a reserved delivery may be made now, its own reservation taken out of the count.

    `context` and `event` are those it was decided with. A contact that was confirmed already (a sender died
    before it claimed the row, or the provider refused) is looked at in the same way: it will be sent now.
    """
    contact = profile.ledger.contacts.get(delivery_id)
    if contact is None or contact.state not in STILL_OURS:
        return Verdict("drop", reason="gone")
    message = rules.messages.get(contact.message)
    if message is None:
        return Verdict("drop", reason="expired")
    view = view_of(profile, rules, switches, now, context=context, event=event, without=delivery_id)
    gates = Gates(view)
    reason = _reason_against(contact, message, Reach(profile, rules.playbook, switches), gates)
    if reason is not None:
        return Verdict("drop", reason=reason)
    held = gates.held_until(message.message, contact.channel)
    return Verdict("hold", until=held, reason="quiet") if held else CONFIRM


def _reason_against(contact: Contact, rules: MessageRules, reach: Reach, gates: Gates) -> Reason | None:
    """The first reason, in the order of the stages, not to make the delivery."""
    message, view = rules.message, gates.view
    now = view.subject.now
    service = message.kind == "service"
    reason = reach.reason_against(contact.channel, message.topic, service=service)
    if reason is not None:
        return reason
    if not reach.switches.messages.get(message.name, True):
        return "switched-off"
    if now < message.valid_from:
        return "not-yet-valid"
    if 0 < message.valid_until <= now:
        return "expired"
    if not _still_for_them(rules, view.subject):
        return "not-for-them"
    if not service and is_held_out(view.seed, reach.playbook.policies.holdout):
        return "holdout"
    if not has_content(rules, contact.variant, contact.channel):
        return "no-content"
    return gates.reason_against(message, contact.channel)


def _still_for_them(rules: MessageRules, subject: Subject) -> bool:
    return rules.check is None or rules.check(subject)
