"""Everything the cost model needs, measured in one run of the shop over moto; nothing of it is written down by hand."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from infra.local import stack as local
from infra.local.clock import LocalClock
from infra.local.replacing import replaced
from infra.local.resources import PREFIX
from infra.local.stack import Stack
from tests.bench.rows import slowness
from tests.bench.starting import cpu_of
from tests.cost import shop
from tests.cost.flows import Flows
from tests.cost.meter import Meter, deployed, metering
from tests.cost.prices import Prices
from tests.cost.stored import size_of, table
from tests.faults.world import START, OneThread

CUSTOMERS = 110
#: Batches by (events, customers).
BATCHES = ((1, 1), (10, 1), (10, 3), (10, 10), (100, 30))
STORED_OVERHEAD = 100
"""Bytes that DynamoDB adds to each item it stores (Developer Guide, "Amazon DynamoDB pricing", indexed storage)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Use of one event by (batch, customers), of one decision, one e-mail, one idle minute; bytes that stay.

    `metrics` are the custom metrics that a shop at work writes, `idle_metrics` those of one in which nothing happens.
    `told` explains each by function: calls, write units by table, milliseconds.
    """

    events: Mapping[tuple[int, int], dict[str, float]]
    decision: dict[str, float]
    email: dict[str, float]
    minute: dict[str, float]
    idle_metrics: int
    metrics: int
    profile_bytes: float
    event_bytes: float
    decision_bytes: float
    delivery_bytes: float
    lake_event_bytes: float
    told: Mapping[str, Mapping[str, Mapping[str, float]]]


@contextmanager
def quiet_stack() -> Iterator[Stack]:
    """The local stack in one thread, whose clock stands still between steps, with as many shards as deployed."""
    stack = Stack()
    stack.clock = LocalClock(start=lambda: START, elapsed=lambda: 0)
    with replaced(local, Workers=OneThread), replaced(time, sleep=lambda _: None), stack:
        os.environ["TOPEKA_SHARDS"] = str(deployed().shards)  # what the agenda is looked through by
        local._forget_what_is_cached()
        yield stack


def measure(prices: Prices, customers: int = CUSTOMERS, rounds: int = 10) -> Measured:
    """Run the shop. Takes about half a minute."""
    names = [f"c{number:03d}" for number in range(customers)]
    told: dict[str, Any] = {}
    with quiet_stack() as stack:
        shop.publish(stack)
        shop.customers(stack, names)
        profile_bytes, event_bytes = (
            _mean("profiles"),
            _total("timeline") / (customers * (shop.HISTORY + 1)),
        )
        with metering(prices, _init_ms()) as meter:
            flows = Flows(stack, meter, names)
            events, metrics = {}, set[str]()
            for size, people in BATCHES:
                meter.slower = slowness()
                events[size, people] = flows.events(size, people, rounds=rounds)
                told[f"events, {size} of {people}"] = _explained(meter)
                metrics |= meter.metrics
            lake = told["events, 10 of 10"]["IngestEvents"]["lake bytes"] / (10 * rounds)
            before = _total("timeline")
            meter.slower = slowness()
            decision = flows.decisions(10, rounds=rounds)
            decision_bytes = (_total("timeline") - before) / (10 * (rounds + 1))
            told["decisions"] = _explained(meter)
            metrics |= meter.metrics
            meter.slower = slowness()
            email = flows.emails(rounds=rounds)
            told["e-mails"] = _explained(meter)
            metrics |= meter.metrics
            meter.slower = slowness()
            minute = flows.idle()
            told["an idle half hour"] = _explained(meter)
        return Measured(
            events=events,
            decision=decision,
            email=email,
            minute=minute,
            idle_metrics=len(meter.metrics),
            metrics=len(metrics),
            profile_bytes=profile_bytes,
            event_bytes=event_bytes,
            decision_bytes=decision_bytes,
            delivery_bytes=_mean("deliveries"),
            lake_event_bytes=lake,
            told=told,
        )


def _init_ms() -> float:
    """CPU of importing the app and making its clients in a fresh interpreter (ms)."""
    code = "import app\nfrom chalicelib import wiring\nfor name in ('dynamodb', 'sqs'): wiring.client(name)"
    cpu_of(code)
    return min(cpu_of(code) for _ in range(2)) / slowness()


def _explained(meter: Meter) -> dict[str, dict[str, float]]:
    return {function: dict(told) for function, told in meter.told.items()}


def _sizes(name: str) -> list[int]:
    return [size_of(item) + STORED_OVERHEAD for item in table(f"{PREFIX}-{name}").all_items()]


def _total(name: str) -> float:
    return float(sum(_sizes(name)))


def _mean(name: str) -> float:
    sizes = _sizes(name)
    return sum(sizes) / len(sizes)
