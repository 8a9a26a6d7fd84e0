"""How fast a customer's events come in: what no customer can do is noticed, so that it slows nobody else.

A bot, or a client that sends one id for everybody, makes all workers wait for one item. Its events are coalesced
(one commit for all that a batch brings of a customer); past a number a minute they are set aside, before they are
linked or folded, until ten minutes after.

The count costs a quiet profile nothing: it is kept only while the memory of folded events shows many in one minute.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.events import Event
from chalicelib.domain.permissions import is_new_denial
from chalicelib.domain.profile import Heat, Profile

MINUTE = 60_000
MANY = 200
"""Events in one minute from which on they are counted: the memory, which holds 500, can still tell how many."""
COOLING = 10
"""Minutes after a hot one in which events are still set aside."""


def is_hot(profile: Profile, event: Event, most: int) -> bool:
    """Whether an event of a client is to be set aside: its profile has had `most` in a minute, just now.

    What is proven is set aside only for too much that was proven: a stranger who floods somebody's id stops nothing
    that comes from their own server. A denial that changes anything counts at once.
    """
    heat = profile.heat
    if heat is None or event.profile or event.origin not in ("client", "operator"):
        return False
    count = heat.proven if event.proven else heat.count
    recent = abs(event.received_at // MINUTE - heat.minute) <= COOLING
    return count >= most and recent and not is_new_denial(profile.facts, event)


def warm(profile: Profile, received: Sequence[tuple[int, bool]], most: int) -> None:
    """Count events that were just folded, by their times of receipt (ms) and whether they were proven, in place."""
    heat = profile.heat
    minute = max((at for at, _ in received), default=0) // MINUTE
    if heat is not None and heat.count >= most and minute <= heat.minute + COOLING:
        heat.proven += sum(proven for at, proven in received if at // MINUTE == heat.minute)
        return  # what is still folded (a no, our own events) cools nothing
    if heat is not None and minute < heat.minute <= minute + COOLING:
        return  # a queue brings some of the minute before among those of this one
    ids = profile.seen.ids
    remembered = sum(at // MINUTE == minute for at in ids.values()) if len(ids) >= MANY else 0
    if remembered < MANY:
        profile.heat = None
        return
    before = heat if heat is not None and heat.minute == minute else Heat(minute, 0)
    now = [proven for at, proven in received if at // MINUTE == minute]
    profile.heat = Heat(minute, max(remembered, before.count + len(now)), before.proven + sum(now))
