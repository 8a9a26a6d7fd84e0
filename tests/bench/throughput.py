"""The local stack takes 10,000 events of 3,000 customers in batches of 100, from HTTP to committed profiles."""

from __future__ import annotations

import json
import time
import urllib.request
from base64 import b64encode
from collections.abc import Sequence

from infra.local.stack import Stack
from tests.bench.rows import Row, of_this_machine

EVENTS, CUSTOMERS, BATCH = 10_000, 3_000, 100
MOST_MS = 9
"""What an event may take, from HTTP to the committed profile."""


def run() -> Sequence[Row]:
    """Seconds on this machine (an absolute figure: it says what a laptop can take)."""
    with Stack(port=0) as stack:
        started = time.monotonic()
        for first in range(0, EVENTS, BATCH):
            _post(stack.base_url, [_event(number) for number in range(first, first + BATCH)])
        collected = time.monotonic() - started
        stack.settle()
        seconds = time.monotonic() - started
        counted = _count(stack)
    assert counted == EVENTS, f"{counted} of {EVENTS} events are in profiles"
    return [
        Row(
            f"{EVENTS:,} events of {CUSTOMERS:,} customers, collected and folded",
            seconds,
            "s",
            EVENTS * MOST_MS / 1000,
            f"{EVENTS / seconds:.0f} a second",
            of_this_machine(),
        ),
        Row("of which collecting over HTTP", collected, "s"),
    ]


def _event(number: int) -> dict[str, object]:
    return {
        "type": "track",
        "event": "Product Viewed",
        "userId": f"u{number % CUSTOMERS}",
        "messageId": f"t-{number}",
    }


def _post(base_url: str, events: list[dict[str, object]]) -> None:
    headers = {
        "content-type": "application/json",
        "authorization": "Basic " + b64encode(b"local-write-key:").decode(),
    }
    request = urllib.request.Request(f"{base_url}/v1/batch", json.dumps({"batch": events}).encode(), headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own loopback server
        assert answer.status == 200


def _count(stack: Stack) -> int:
    from chalicelib import wiring

    cursor, total = "", 0
    while True:
        page = wiring.profiles().scan(cursor)
        for door in wiring.profiles().read(page.items).values():
            total += door.facts.activity["Product Viewed"].total  # type: ignore[union-attr]
        cursor = page.cursor
        if not cursor:
            return total
