"""What waits in the agenda, and what it becomes when due: a delivery to send, or an event of our own."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from chalicelib.domain.effects import Ring
from chalicelib.domain.events import Event

MINUTE = 60_000
#: A queue holds a message back for at most 15 minutes (SQS); what is due later waits in the agenda.
HORIZON = 15 * MINUTE
#: What waits in the agenda as a job of its own, to be done when it is due.
JOBS = frozenset({"sweep", "clear_split", "rewrite_lake"})
#: The most deliveries that one minute and shard releases together, and the longest they are spread over.
TOGETHER = 25
LONGEST_SPREAD = 10 * MINUTE


def ring_event(ring: Ring) -> Event:
    """The event a ring becomes, stamped with when it was due; its id follows from the ring's."""
    return Event(
        message_id=f"ring-{ring.id}",
        type="track",
        event=ring.name,
        timestamp=ring.due,
        received_at=ring.due,
        properties=ring.properties,
        origin="topeka",
        proven=True,
        profile=ring.profile,
    )


def ring_job(ring: Ring) -> dict[str, Any]:
    """A ring as it waits in the agenda."""
    return {"kind": "event", "ring": msgspec.to_builtins(ring)}


def ring_of(job: Mapping[str, Any]) -> Ring:
    """The ring that waits in the agenda."""
    return msgspec.convert(job["ring"], Ring)


def delivery_job(delivery: str, profile: str, kind: str) -> dict[str, Any]:
    """A delivery as it waits in the agenda; `kind` is its message's (offer, brand, service)."""
    return {"kind": "delivery", "delivery": delivery, "profile": profile, "message_kind": kind}


def can_ring(job: Mapping[str, Any]) -> bool:
    """Whether an entry of the agenda says what is to be done when it is due."""
    match job:
        case {"kind": "delivery", "delivery": str(), "profile": str()}:
            return True
        case {"kind": str(kind)} if kind in JOBS:
            return True
        case {"kind": "event", "ring": dict()}:
            try:
                ring_of(job)
            except msgspec.ValidationError:
                return False
            return True
    return False


def is_promotional(job: Mapping[str, Any]) -> bool:
    """Whether it may be released some minutes late, with thousands of others due in the same minute."""
    return job["kind"] == "delivery" and job.get("message_kind") != "service"


def spread(id: str, crowd: int) -> int:
    """How much later (ms) one of a crowd due together is released: by a hash of its id, so always the same.

    Up to `TOGETHER` nothing waits; beyond, the crowd is spread so that about as many go each minute.
    """
    if crowd <= TOGETHER:
        return 0
    span = min(LONGEST_SPREAD, -(-crowd // TOGETHER) * MINUTE)
    return int.from_bytes(hashlib.blake2b(id.encode(), digest_size=6).digest()) % span
