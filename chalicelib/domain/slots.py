"""Pictures in an e-mail that are chosen when it is opened: their names, what they fall back to, what they go by.

A template writes `<a href="{{ slot_link.main }}"><img src="{{ slot.main }}" alt="..."></a>` for the placement
`email.slot.main`: the name is what stands behind the last dot, and `slot["email.slot.main"]` is the same picture.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chalicelib.domain.events import Event
from chalicelib.domain.instants import from_text
from chalicelib.domain.playbook.model import Playbook

SLOT = "email_slot"
#: A moment that was announced longer ago says nothing of now, whether its end was named or not.
FRESH = 24 * 60 * 60_000


def slots_of(playbook: Playbook) -> dict[str, str]:
    """The placement of each name that templates may use."""
    placements = [name for name, channel in playbook.placements.items() if channel == SLOT]
    short: dict[str, str] = {}
    for name in placements:
        short.setdefault(name.rpartition(".")[2], name)
    return {**short, **{name: name for name in placements}}


def fallback_of(playbook: Playbook, placement: str) -> str:
    """The picture for when nothing is chosen: the first `fallback` of a message that may be shown there, "" for none.

    One that hangs on the customer is passed over: nobody fills it in.
    """
    for message in playbook.messages.values():
        if placement in message.placements:
            for variant in message.variants.values():
                picture = variant.contents.get(SLOT, {}).get("fallback", "")
                if isinstance(picture, str) and picture and "{" not in picture:
                    return picture
    return ""


def facts_now(events: Iterable[Event], place: str, now: int) -> dict[str, Any]:
    """The facts that stand of the moments announced to a customer who is at `place` ("" where nobody knows).

    Opening an e-mail carries no facts of its own. So the latest word on each (`weather`, a price) counts, unless its
    moment is over, a day old, or about a place where the customer is no more.
    """
    facts: dict[str, Any] = {}
    told = [one for one in events if one.origin == "moment" and now - one.timestamp <= FRESH]
    for event in sorted(told, key=lambda one: one.order):
        until, where = event.properties.get("until"), event.properties.get("place")
        if not (until and from_text(until) <= now) and (not where or where == place):
            facts |= event.context
    return facts
