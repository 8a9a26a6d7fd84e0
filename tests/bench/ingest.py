"""Ingest over canned answers of AWS: CPU over what botocore alone needs for the same requests, and calls an event.

A batch of n events comes from 3 customers in 10 (1,000 of 300), each known by a user id and a device, with two months
of history, under a playbook with segments, moments and messages. What botocore is given is what ingest has sent, and
that is held against the least that any build must send: the homes read a hundred at a time, a conditional put for each
profile that changed, their history twenty-five a call, the lake's lines in one. The two run in
turn, and what answering costs is taken off both. Ours includes decoding the message as it comes from the queue.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Any

import msgspec

from chalicelib.adapters.lake import FirehoseLake
from chalicelib.adapters.profiles import DynamoProfiles
from chalicelib.adapters.timeline import DynamoTimeline
from chalicelib.domain.envelope import batch_of, body_of
from chalicelib.domain.events import Event, EventBatch
from tests.bench.canned import Canned, Request
from tests.bench.rows import PAIRS, Row
from tests.cost import shop
from tests.services.ingest_world import World

SIZES = (1, 10, 100, 1_000, 10_000)
#: How often each size is measured, and of how many batches a measurement is: small ones are over in no time.
ROUNDS = {1: (9, 60), 10: (9, 20), 100: (9, 4), 1_000: (7, 1), 10_000: (3, 1)}
MOST, CALLS = 1.5, 0.5
OWED = 2.35
"""What folding, reacting and encoding came to when this was written: the target is not met."""
FALLING = 1.05
"""Cost per event at a size, over that of the size before: it may not rise."""
#: What Lambda hands over at once is bounded: 6 MB is about so many events as browsers send them.
IN_ONE_MESSAGE = 400


@dataclass
class Bench:
    """A workspace whose homes, history and lake are AWS as it is answered out of memory."""

    world: World
    aws: Canned
    crowd: int
    _turn: int = 0

    @classmethod
    def made(cls, customers: int) -> Bench:
        """So many customers, each with some history."""
        world, aws = World(), Canned()
        dynamodb = aws.client("dynamodb")
        world.profiles = DynamoProfiles(dynamodb, "profiles")  # type: ignore[assignment]
        world.timeline = DynamoTimeline(dynamodb, "timeline")  # type: ignore[assignment]
        world.lake = FirehoseLake(aws.client("firehose"), "lake")  # type: ignore[assignment]
        world.ingest = world.worker()
        world.publish(shop.PLAYBOOK.decode())
        bench = cls(world, aws, customers)
        for number in range(customers):
            bench._live(f"u{number}")
        return bench

    def _live(self, name: str) -> None:
        now = self.world.clock()
        step = 60 * shop.DAY // 40
        events = [shop._signed_up(name, now - 60 * shop.DAY)]
        events += [
            shop._happened(
                f"{name}-h{n}", name, shop.KINDS[n * n % len(shop.KINDS)], now - 60 * shop.DAY + n * step
            )
            for n in range(40)
        ]
        self.world.send(*events)

    def messages(self, size: int, customers: int) -> list[str]:
        """A batch of so many new events, as the queue would bring it, of the next so many customers of the crowd.

        Were it always the same few, their memories of what they folded would soon be as full as nobody's is.
        """
        first, self._turn = self._turn, (self._turn + customers) % self.crowd
        return self.messages_of([f"u{(first + number % customers) % self.crowd}" for number in range(size)])

    def messages_of(self, names: Sequence[str]) -> list[str]:
        """A batch of a new event of each of these customers."""
        events = [self._event(name) for name in names]
        return [
            body_of(EventBatch(tuple(events[start : start + IN_ONE_MESSAGE])))
            for start in range(0, len(events), IN_ONE_MESSAGE)
        ]

    def _event(self, name: str) -> Event:
        self.world.number += 1
        now = self.world.clock()
        sent = shop.sent(self.world.number, name, "Product Viewed", now)
        return msgspec.convert(
            {**sent, "timestamp": now, "receivedAt": now, "proven": True}, Event, strict=False
        )

    def ingest_all(self, batches: Sequence[Sequence[str]]) -> None:
        """One batch after another."""
        for messages in batches:
            self.ingest(messages)

    def ingest(self, messages: Sequence[str]) -> None:
        """As the handler does: decode, ingest."""
        outcome = self.world.ingest([batch_of(body) for body in messages])
        assert not outcome.failed and not outcome.faults and not outcome.requeued, outcome


def run() -> Sequence[Row]:
    """Ratios and calls by size of the batch."""
    rows, before = [], 0.0
    bench = Bench.made(customers_of(max(SIZES)))
    for size in SIZES:
        found = measured(bench, size, customers_of(size))
        name = f"ingest a batch of {size:,}"
        few = CALLS if size >= 1_000 else None
        rows += [
            cpu_row(name, size, found),
            Row(f"{name}: calls an event", found.calls, "calls", few, f"{found.least:.3f} is the least"),
            calls_row(name, found),
        ]
        if before:
            grown = found.ours / before
            rows.append(
                Row(f"{name}: an event over one in the size before", grown, "times", FALLING, "CPU", PAIRS)
            )
        before = found.ours
    return rows


def cpu_row(name: str, size: int, found: Found) -> Row:
    """CPU over botocore's; of small batches it is only told."""
    note = f"{found.ours:.3f} ms an event, botocore {found.theirs:.3f}"
    target = MOST if size >= 100 else None
    return Row(f"{name}: CPU over botocore's alone", found.ratio, "times", target, note, PAIRS, OWED)


def calls_row(name: str, found: Found) -> Row:
    """Calls over the fewest there can be."""
    return Row(f"{name}: calls over the least", found.calls / found.least, "times", 1.01)


def customers_of(size: int) -> int:
    """How many customers a batch is of."""
    return max(1, round(size * 0.3))


@dataclass(frozen=True, slots=True)
class Found:
    """Milliseconds of CPU and calls, each an event."""

    ours: float
    theirs: float
    calls: float
    least: float
    ratio: float


def measured(bench: Bench, size: int, customers: int, rounds: tuple[int, int] | None = None) -> Found:
    """Both sides in turn; the medians, and the median of the pairwise ratios."""
    turns, batches = rounds or ROUNDS[size]
    pairs: list[tuple[float, float]] = []
    calls = 0
    for turn in range(turns + 1):
        bench.world.clock.now += 60_000
        given = [bench.messages(size, customers) for _ in range(batches)]
        bench.aws.requests, bench.aws.recording = [], True
        ours = cpu(bench.aws, partial(bench.ingest_all, given))
        requests, bench.aws.recording = bench.aws.requests, False
        theirs = cpu(bench.aws, partial(_replay, bench.aws, requests))
        if turn:  # the first warms up
            pairs.append((ours, theirs))
            calls += len(requests)
    events = size * batches
    return Found(
        ours=1000 * statistics.median(ours for ours, _ in pairs) / events,
        theirs=1000 * statistics.median(theirs for _, theirs in pairs) / events,
        calls=calls / (turns * events),
        least=least(size, customers) / size,
        ratio=statistics.median(ours / theirs for ours, theirs in pairs),
    )


def least(size: int, customers: int) -> int:
    """The fewest calls that can take a batch in: see the module's docstring. Each customer has two homes."""
    changed = min(size, customers)
    return ceil(2 * changed / 100) + changed + ceil(changed / 25) + 1


_clients: dict[tuple[int, str], Any] = {}


def _replay(aws: Canned, requests: Sequence[Request]) -> None:
    """Botocore alone: the same requests, and the answers read."""
    from botocore import xform_name

    for service, operation, params in requests:
        client = _clients.setdefault((id(aws), service), None) or aws.client(service)
        _clients[id(aws), service] = client
        getattr(client, xform_name(operation))(**params)


def cpu(aws: Canned, work: Callable[[], Any]) -> float:
    """Seconds of CPU, without what answering costs."""
    with _without_gc():
        before = aws.answering
        started = time.thread_time()
        work()
        return time.thread_time() - started - (aws.answering - before)


@contextmanager
def _without_gc() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
