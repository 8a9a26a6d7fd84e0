"""A message whose template fails when it is about to be sent falls to the next: its moment is asked about again.

The sender never chooses another message. It gives the contact back, and the same commit carries a ring; ingest
answers that by deciding for the moment once more, without the message and whatever else went out for it.

    send     row A: dropped ... commit P: contact A given back, ring ..... dies at any step: the row brings it again
    relay                                                        ring -> event
    ingest                                                                decide without A: B, commit P ... once

That decision has a cause of its own, which follows from the moment's and the message, so it is made once however
often the ring is told. Each such decision has one message less to choose from, so there is an end.
"""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.domain.decision import Ask, Reason
from chalicelib.domain.effects import Deliver, Ring
from chalicelib.domain.events import Event
from chalicelib.domain.keys import cause_id
from chalicelib.domain.profile import Contact, Profile

TEMPLATE_FAILED = "Topeka Template Failed"
"""The event of the ring."""


class _Fallen(msgspec.Struct):
    """What the ring tells: which delivery fell, and the moment as its decision was asked about it."""

    delivery: str
    cause: str
    excluded: dict[str, Reason] = {}
    context: dict[str, Any] = {}
    event: dict[str, Any] = {}


def ring_for(contact: Contact, effect: Deliver, profile: str, now: int) -> list[Ring]:
    """The ring of a contact that has just been given back because its template failed.

    None for a service message (those that may go out all do, it has no next), nor for what was chosen where the
    customer came to us: that was rendered before it was answered.
    """
    if contact.kind == "service" or not contact.moment or not effect.cause:
        return []
    told = {
        "delivery": effect.delivery,
        "cause": effect.cause,
        "excluded": effect.excluded,
        "context": effect.context,
        "event": effect.event,
    }
    return [Ring(cause_id("r_", "fallen", effect.delivery), profile, now, TEMPLATE_FAILED, told)]


def ask_instead(profile: Profile, event: Event) -> Ask | None:
    """What the ring asks of the profile; None where the contact it tells of was not given back."""
    fallen = msgspec.convert(event.properties, _Fallen)
    contact = profile.ledger.contacts.get(fallen.delivery)
    if contact is None or contact.state != "dropped":
        return None
    beside: dict[str, Reason] = {
        one.message: "outscored"
        for one in profile.ledger.contacts.values()
        if one.decision == contact.decision
    }
    return Ask(
        cause=cause_id("f_", fallen.cause, contact.message),
        moment=contact.moment,
        context=fallen.context,
        event=fallen.event,
        excluded={**fallen.excluded, **beside, contact.message: "template-failed"},
    )
