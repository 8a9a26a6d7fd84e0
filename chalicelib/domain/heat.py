"""How fast a customer's events come in: what no customer can do is noticed, so that it slows nobody else.

A bot, or a client that sends one id for everybody, makes all workers wait for one item. Its events are coalesced
(one commit for all that a batch brings of a customer); past a number a minute they are set aside, before they are
linked or folded, until ten minutes after.

The count costs a quiet profile nothing: it is kept only while the memory of folded events shows many in one minute.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.events import Event
from chalicelib.domain.profile import Heat, Profile

MINUTE = 60_000
MANY = 200
"""Events in one minute from which on they are counted: the memory, which holds 500, can still tell how many."""
COOLING = 10
"""Minutes after a hot one in which events are still set aside."""
_NEVER_SET_ASIDE = frozenset({"Permission Denied"})
"""A no counts at once, whoever sends it how often."""


def is_hot(profile: Profile, event: Event, most: int) -> bool:
    """Whether an event of a client is to be set aside: its profile has had `most` in a minute, just now."""
    heat = profile.heat
    if heat is None or heat.count < most or event.profile or event.origin not in ("client", "operator"):
        return False
    recent = heat.minute <= event.received_at // MINUTE <= heat.minute + COOLING
    return recent and event.title not in _NEVER_SET_ASIDE


def warm(profile: Profile, received: Sequence[int], most: int) -> None:
    """Count events that were just folded, by their times of receipt (ms), in place."""
    heat = profile.heat
    minute = max(received, default=0) // MINUTE
    if heat is not None and heat.count >= most and minute <= heat.minute + COOLING:
        return  # what is still folded (a no, our own events) cools nothing
    ids = profile.seen.ids
    remembered = sum(at // MINUTE == minute for at in ids.values()) if len(ids) >= MANY else 0
    if remembered < MANY:
        profile.heat = None
        return
    before = heat.count if heat is not None and heat.minute == minute else 0
    profile.heat = Heat(minute, max(remembered, before + sum(at // MINUTE == minute for at in received)))
