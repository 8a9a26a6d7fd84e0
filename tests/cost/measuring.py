"""Everything the cost model needs, measured in one run of the shop over moto; nothing of it is written down by hand."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from infra.local import stack as local
from infra.local.clock import LocalClock
from infra.local.replacing import replaced
from infra.local.resources import ACCOUNT, PREFIX, REGION
from infra.local.stack import Stack
from tests.bench.starting import cpu_of
from tests.cost import shop, units
from tests.cost.flows import Flows
from tests.cost.meter import Meter, metering
from tests.cost.prices import Prices
from tests.faults.world import START, OneThread

CUSTOMERS = 110
#: Batches by (events, customers).
BATCHES = ((1, 1), (10, 1), (10, 3), (10, 10), (100, 30))
STORED_OVERHEAD = 100
"""Bytes that DynamoDB adds to each item it stores (Developer Guide, "Amazon DynamoDB pricing", indexed storage)."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Use of one event by (batch, customers), of one decision, one e-mail, one idle minute; bytes that stay.

    `told` explains each by function: calls, write units by table, milliseconds.
    """

    events: Mapping[tuple[int, int], dict[str, float]]
    decision: dict[str, float]
    email: dict[str, float]
    minute: dict[str, float]
    profile_bytes: float
    event_bytes: float
    decision_bytes: float
    delivery_bytes: float
    lake_event_bytes: float
    told: Mapping[str, Mapping[str, Mapping[str, float]]]


@contextmanager
def quiet_stack() -> Iterator[Stack]:
    """The local stack in one thread, whose clock stands still between steps."""
    stack = Stack()
    stack.clock = LocalClock(start=lambda: START, elapsed=lambda: 0)
    with replaced(local, Workers=OneThread), replaced(time, sleep=lambda _: None), stack:
        yield stack


def measure(prices: Prices, customers: int = CUSTOMERS, rounds: int = 10) -> Measured:
    """Run the shop. Takes about half a minute."""
    names = [f"c{number:03d}" for number in range(customers)]
    told: dict[str, Any] = {}
    with quiet_stack() as stack:
        shop.publish(stack)
        shop.customers(stack, names)
        profile_bytes, event_bytes = (
            _mean(stack, "profiles"),
            _total("timeline") / (customers * (shop.HISTORY + 1)),
        )
        with metering(prices, _init_ms()) as meter:
            flows = Flows(stack, meter, names)
            events = {}
            for size, people in BATCHES:
                events[size, people] = flows.events(size, people, rounds=rounds)
                told[f"events, {size} of {people}"] = _explained(meter)
            lake = told["events, 10 of 10"]["IngestEvents"]["lake bytes"] / (10 * rounds)
            before = _total("timeline")
            decision = flows.decisions(10, rounds=rounds)
            decision_bytes = (_total("timeline") - before) / (10 * (rounds + 1))
            told["decisions"] = _explained(meter)
            email = flows.emails(rounds=rounds)
            told["e-mails"] = _explained(meter)
            minute = flows.idle()
            told["an idle half hour"] = _explained(meter)
        return Measured(events, decision, email, minute, profile_bytes, event_bytes, decision_bytes,
                        _mean(stack, "deliveries"), lake, told)  # fmt: skip


def _init_ms() -> float:
    """CPU of importing the app and making its clients in a fresh interpreter (ms)."""
    code = "import app\nfrom chalicelib import wiring\nfor name in ('dynamodb', 'sqs'): wiring.client(name)"
    cpu_of(code)
    return min(cpu_of(code) for _ in range(2))


def _explained(meter: Meter) -> dict[str, dict[str, float]]:
    return {function: dict(told) for function, told in meter.told.items()}


def _sizes(table: str) -> list[int]:
    from moto.dynamodb.models import dynamodb_backends

    from tests.cost.meter import _plain

    found: Any = dynamodb_backends[ACCOUNT][REGION].get_table(f"{PREFIX}-{table}")
    return [
        units.item_size({name: _plain(value.to_json()) for name, value in item.attrs.items()})
        + STORED_OVERHEAD
        for item in found.all_items()
    ]


def _total(table: str) -> float:
    return float(sum(_sizes(table)))


def _mean(stack: Stack, table: str) -> float:
    sizes = _sizes(table)
    assert stack.now() and sizes
    return sum(sizes) / len(sizes)
