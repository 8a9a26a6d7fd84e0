"""The short-term memory of what a profile has folded: 24 hours by receipt, at most 500 messages (or one request)."""

from __future__ import annotations

from chalicelib.domain.events import Event
from chalicelib.domain.keys import short_id
from chalicelib.domain.profile import Seen

MEMORY = 24 * 60 * 60 * 1000
MOST = 500


def knows(seen: Seen, event: Event) -> bool:
    """Whether the memory holds the event."""
    return short_id(event.message_id) in seen.ids


def may_have_forgotten(seen: Seen, event: Event) -> bool:
    """Whether an earlier copy of the event could have been folded and dropped from the memory since.

    A copy was received no earlier than it happened, so the event's own time is the safe bound.
    """
    return min(event.received_at, event.timestamp) < seen.floor and not knows(seen, event)


def remember(seen: Seen, event: Event) -> None:
    """Keep the event's id; what falls out of the memory raises its floor."""
    seen.ids[short_id(event.message_id)] = event.received_at
    oldest = _oldest(seen)
    crowded = len(seen.ids) > MOST and oldest != event.received_at
    if crowded or event.received_at - oldest > MEMORY:
        _drop_old(seen)


def join_seen(a: Seen, b: Seen) -> Seen:
    """The memory of a profile that was two."""
    ids = dict(a.ids)
    for key, received in b.ids.items():
        ids[key] = min(received, ids.get(key, received))
    joined = Seen(ids=ids, floor=max(a.floor, b.floor))
    _drop_old(joined)
    return joined


def _oldest(seen: Seen) -> int:
    # Insertion order is nearly receipt order; a stray older entry is dropped with the next sweep.
    return next(iter(seen.ids.values()))


def _drop_old(seen: Seen) -> None:
    newest_first = sorted(seen.ids.items(), key=lambda item: (item[1], item[0]), reverse=True)
    newest = newest_first[0][1] if newest_first else 0
    # One request may bring 2,500 events of a customer: it is kept whole, for it may be brought again half-done.
    most = max(MOST, sum(received == newest for _, received in newest_first))
    kept = [item for item in newest_first[:most] if item[1] >= newest - MEMORY]
    dropped = newest_first[len(kept) :]
    if dropped:
        seen.floor = max(seen.floor, dropped[0][1] + 1)
    seen.ids = dict(reversed(kept))
