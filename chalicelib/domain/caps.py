"""How much is enough: contacts in rolling windows, and topics that rest because nobody listens."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.domain.playbook.model import Cap, Pause
from chalicelib.domain.profile import Contact

DAY = 86_400_000
IGNORED_AFTER = 7 * DAY
#: What a customer does who listens.
_RESPONDED = frozenset({"clicked", "converted"})
#: Contacts that the customer can't have ignored: not out yet, or never arrived.
_UNHEARD = frozenset({"reserved", "bounced", "unknown"})


def counted(contacts: Iterable[Contact]) -> list[Contact]:
    """The contacts that count: all that were decided, but those whose delivery ended unsent, and service."""
    return [contact for contact in contacts if contact.state != "dropped" and contact.kind != "service"]


def held_in(caps: Iterable[Cap], contacts: Iterable[Contact], now: int) -> list[int]:
    """How many contacts the rolling window of each cap holds, in the order of the caps. `contacts` are counted ones."""
    held = [(counts_at(contact), contact) for contact in contacts]
    return [
        sum(
            at > now - cap.per and concerns(cap, contact.channel, contact.topic, contact.message)
            for at, contact in held
        )
        for cap in caps
    ]


def concerns(cap: Cap, channel: str, topic: str, message: str) -> bool:
    """Whether a contact of this channel, topic and message is among those the cap counts."""
    return cap.channel in ("", channel) and cap.topic in ("", topic) and cap.message in ("", message)


def counts_at(contact: Contact) -> int:
    """When the contact counts (ms): what is held counts when it is due, since it will be stamped then."""
    return max(contact.at, contact.held_until) if contact.state == "reserved" else contact.at


def paused_until(pause: Pause | None, contacts: Iterable[Contact], topic: str, now: int) -> int:
    """When the topic's pause ends (ms), 0 if it isn't paused.

    A contact is ignored when seven days brought no click and no goal. So many ignored in a row start a
    pause; a contact that was answered ends the row, and after a pause the row starts anew.
    """
    if pause is None or pause.after_ignored < 1:
        return 0
    until = row = 0
    heard = [contact for contact in contacts if contact.topic == topic and contact.state not in _UNHEARD]
    for contact in sorted(heard, key=lambda one: one.at):
        ignored_at = contact.at + IGNORED_AFTER
        if contact.state in _RESPONDED:
            row = 0
        elif ignored_at <= now:
            row += 1
            if row >= pause.after_ignored:
                until, row = ignored_at + pause.days * DAY, 0
    return until if until > now else 0
