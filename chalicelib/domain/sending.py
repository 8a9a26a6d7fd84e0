"""What sending does to the profile's contact: it is sent, waits for quiet hours to end, or is given back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chalicelib.domain.profile import Contact, ContactState, Profile
from chalicelib.domain.timers import MINUTE

#: A contact that we still answer for: later states were told by the provider or the customer.
OURS: frozenset[ContactState] = frozenset({"reserved", "sent", "unknown"})


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a job, for logs and metrics: a static word, and why; the message where it was dropped."""

    outcome: Literal[
        "sent", "held", "waits", "dropped", "refused", "unanswered", "open", "unknown", "nothing-to-do"
    ]
    delivery: str
    reason: str = ""
    message: str = ""


#: How long a service message waits for a switch, and how long from one look to the next (ms, from and to).
SWITCHED_OFF = 3 * 24 * 60 * MINUTE
LOOKS = (4 * MINUTE, 8 * MINUTE)


def outlasts(reason: str, kind: str, due: int, now: int) -> bool:
    """Whether a message that was due then and may not be sent now, for this reason, waits for a switch.

    A service message does, since somebody counts on it: it goes out in the words of the playbook that is live when
    the switch is on again, or is dropped after three days. An offer or brand message was for its moment: it is
    dropped, its contact is given back, and another moment will come.
    """
    return reason == "switched-off" and kind == "service" and now < due + SWITCHED_OFF


def open_contact(profile: Profile, delivery: str) -> Contact | None:
    """The contact of a delivery that is still to be sent; None if there is none, or it was given back."""
    contact = profile.ledger.contacts.get(delivery)
    return contact if contact is not None and contact.state != "dropped" else None


def reserve_again(profile: Profile, delivery: str, now: int) -> bool:
    """The provider refused: the contact waits as it did before; whether anything changed."""
    contact = profile.ledger.contacts.get(delivery)
    if contact is None or contact.state != "sent":
        return False
    _change(profile, contact, "reserved", now)
    return True


def confirm(profile: Profile, contact: Contact, state: Literal["sent", "delivered"], now: int) -> None:
    """The contact counts from now on as given: stamped anew, its goal's window with it."""
    if contact.goal_until:
        contact.goal_until += now - contact.at
    contact.at = now
    _change(profile, contact, state, now)


def hold(profile: Profile, contact: Contact, until: int, now: int) -> bool:
    """The reservation waits until then; whether anything changed.

    A contact that a sender has already confirmed stays as it is: it counts either way, and that sender may
    be about to send it.
    """
    if contact.state != "reserved" or contact.held_until == until:
        return False
    contact.held_until = until
    contact.changed = now
    profile.ledger.now = max(profile.ledger.now, now)
    return True


def close(profile: Profile, delivery: str, state: Literal["dropped", "unknown"], now: int) -> bool:
    """The contact ends unsent (`dropped`: given back, it counts no more) or in doubt (`unknown`: it counts).

    Whether anything changed: what was answered in the meantime stands.
    """
    contact = profile.ledger.contacts.get(delivery)
    if contact is None or not _is_ours(contact) or contact.state == state:
        return False
    _change(profile, contact, state, now)
    return True


def _is_ours(contact: Contact) -> bool:
    """In the inbox it is we who deliver."""
    return contact.state in OURS or (contact.channel == "inbox" and contact.state == "delivered")


def _change(profile: Profile, contact: Contact, state: ContactState, now: int) -> None:
    contact.state = state
    contact.changed = now
    contact.held_until = 0
    profile.ledger.now = max(profile.ledger.now, now)
