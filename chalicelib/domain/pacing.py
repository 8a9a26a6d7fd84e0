"""How fast a channel sends: each message takes the next slot of its lane, and is sent in it or not at all.

A lane is one number that all workers share: when its next slot is free. Taking a slot moves it on by one message's
width, 1/rate (the virtual scheduling of ITU-T I.371's generic cell rate algorithm, with no burst). A slot that is
yet to come is carried along by the message, which goes back into the queue until then: so what is over waits, each
message goes around about once however long the line, and nothing is counted twice because workers share nothing else.

Why not a share for each worker: Lambda says how many run at once, not how many there are, and neither an idle
worker's share nor a new worker's empty memory would be right. A lane costs one small write a message, so it bears
about 1,000 a second (DynamoDB, writes to one item); beyond, it throttles, and that waits in the queue as well.

Bound: a slot is good for `LATE` ms after its time, since queues deliver late by a second or two. So in any t seconds
a lane starts at most (t + LATE/1000) * rate + 1 messages. A slot missed by more (a queue that stood still) is lost,
and a new one is taken: after an outage nothing bursts, what has gathered goes out at the rate, once the workers have
seen it all once more.

Service messages have a lane of their own, a quarter of the rate: a receipt doesn't wait behind a campaign. A lane
gives no slot beyond `LINE`: those who find it so long come again, spread over time. What is dropped meanwhile (a kill
switch) leaves empty slots in the line, so they cost its length at most.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.chance import chance
from chalicelib.domain.timers import MINUTE

SECOND = 1_000
#: How long after its time a slot may be used (ms).
LATE = 5 * SECOND
#: How far ahead a lane gives slots (ms): a queue holds a message back for 15 minutes, rounded up to seconds.
LINE = 14 * MINUTE
#: The part of a channel's rate that service messages have, and others haven't.
SERVICE_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Lane:
    """`name` is its key, `width` the time of one message (microseconds)."""

    name: str
    width: int


def lane_of(channel: str, kind: str, rate: float) -> Lane:
    """The lane of a message of this kind (offer, brand, service) on a channel of `rate` > 0 messages a second."""
    service = kind == "service"
    share = SERVICE_SHARE if service else 1 - SERVICE_SHARE
    return Lane(f"{channel}#{'service' if service else 'promotional'}", round(1_000_000 / (rate * share)))


def is_good(slot: int, now: int) -> bool:
    """Whether a message may be sent now that has this slot (both ms)."""
    return slot <= now <= slot + LATE


def between(least: int, most: int, *ids: str) -> int:
    """A time in [least, most) that differs between messages, and from one time to the next (ms)."""
    return least + int(chance("wait", "#".join(ids)) * (most - least))
