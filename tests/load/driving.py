"""The load: workers that each wait for an answer before they ask again, and a small shop's customers of an hour.

A worker tells what customers do, alone or in batches, now and then compressed, now and then once more (as a client does
that missed the answer), asks for decisions, and lets customers log in on their devices, in any order.
"""

from __future__ import annotations

import gzip
import http.client
import json
import random
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from tests.load.endpoint import Endpoint, exchange
from tests.load.truth import OFFER, RECEIPT, Truth, address_of

TRIES = 5
PLACEMENT = "web.home"
#: What a worker does next, and how often.
MIX = {"track": 40, "batch of 10": 20, "batch of 100": 3, "login": 5, "decide": 32}
#: The share of requests that are sent once more though they were answered.
AGAIN = 0.03

PLAYBOOK = f"""
playbook: 1
name: Load
topics: {{offers: {{label: Offers, default: assume}}}}
senders: {{email: "Shop <hello@shop.example.com>"}}
placements: {{{PLACEMENT}: {{channel: web}}}}
segments: {{lookers: {{did: Product Viewed, at_least: 3, within: 7d}}}}
moments: {{ordered: {{event: Order Completed}}, dropped: {{event: Price Dropped}}}}
policies: {{caps: [{{channel: email, per: 7d, messages: 1}}]}}
messages:
  receipt:
    kind: service
    moments: [ordered]
    channels: [email]
    variants: {{plain: {{email: {{subject: "{RECEIPT}", text: "Thank you."}}}}}}
  offer:
    kind: offer
    topic: offers
    moments: [dropped]
    channels: [email]
    variants: {{plain: {{email: {{subject: "{OFFER}", text: "Look."}}}}}}
  hero:
    kind: brand
    topic: offers
    placements: [{PLACEMENT}]
    for: {{did: Product Viewed}}
    variants: {{plain: {{web: {{headline: "Hello"}}}}, short: {{web: {{headline: "Hi"}}}}}}
""".encode()


@dataclass(slots=True)
class Figures:
    """What one worker saw: seconds of each answered request by kind, answers by status, requests given up."""

    took: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: Counter[int] = field(default_factory=Counter)
    given_up: int = 0
    again: int = 0
    events: int = 0

    def add(self, other: Figures) -> None:
        """Join another worker's."""
        for kind, took in other.took.items():
            self.took[kind] += took
        self.statuses += other.statuses
        self.given_up += other.given_up
        self.again += other.again
        self.events += other.events


@dataclass(frozen=True, slots=True)
class Load:
    """`run` sets this run's customers apart from those of any other."""

    endpoint: Endpoint
    run: str
    seed: int
    customers: int = 300
    truth: Truth = field(default_factory=Truth)

    def drive(self, part: int, workers: int, until: float, most: int) -> Figures:
        """Let workers work until the instant (of the monotonic clock), or until so many events were sent.

        No two parts of a run tell the same.
        """
        figures = Figures()
        with ThreadPoolExecutor(workers) as pool:
            tasks = [
                pool.submit(_Worker(self, part * workers + number, most // workers).work, until)
                for number in range(workers)
            ]
            for task in tasks:
                figures.add(task.result())
        return figures

    def log_in(self, customers: range) -> None:
        """These log in: what their devices did before must be found with the customers."""
        worker = _Worker(self, -1 - customers.start, 0)
        with self.endpoint.connection() as line:
            for number in customers:
                worker.log_in(line, self.name(number))

    @property
    def buyers(self) -> range:
        """Who is known from the start, and alone is written to: the others have no address yet."""
        return range(self.customers // 2)

    def name(self, number: int) -> str:
        """A customer of this run."""
        return f"{self.run}-{number:04d}"


class _Worker:
    def __init__(self, load: Load, number: int, most: int) -> None:
        self._load, self._most, self._prefix = load, most, f"{load.run}-w{number}"
        self._chance = random.Random(load.seed * 1_000 + number)
        self._made = 0
        self.figures = Figures()

    def work(self, until: float) -> Figures:
        kinds, weights = list(MIX), list(MIX.values())
        with self._load.endpoint.connection() as line:
            while time.monotonic() < until and self.figures.events < self._most:
                (kind,) = self._chance.choices(kinds, weights)
                if kind == "decide":
                    self._decide(line)
                elif kind == "login":
                    self.log_in(line, self._somebody())
                else:
                    self._tell(line, kind, {"track": 1, "batch of 10": 10, "batch of 100": 100}[kind])
        return self.figures

    def log_in(self, line: http.client.HTTPConnection, customer: str) -> None:
        """The customer's device and user id are one, and their address is known: said by the shop's own server."""
        event = {"type": "identify", "messageId": self._id(), "userId": customer, "anonymousId": f"{customer}-device",
                 "traits": {"email": address_of(customer)}}  # fmt: skip
        self._send(line, "login", "/v1/batch", {"batch": [event]}, self._load.endpoint.operator())

    def _tell(self, line: http.client.HTTPConnection, kind: str, count: int) -> None:
        did = [self._deed() for _ in range(count)]
        events = [self._event(customer, name) for customer, name in did]
        path, body = ("/v1/track", events[0]) if count == 1 else ("/v1/batch", {"batch": events})
        surely = self._send(line, kind, path, body, self._load.endpoint.client())
        self._load.truth.acknowledge(did, surely=surely)
        self.figures.events += count

    def _event(self, customer: str, name: str) -> dict[str, Any]:
        known = {"userId": customer} if self._chance.random() < 0.5 else {}
        return {"type": "track", "event": name, "messageId": self._id(), "anonymousId": f"{customer}-device", **known,
                "properties": {"price": 9.5, "category": "hats"}}  # fmt: skip

    def _decide(self, line: http.client.HTTPConnection) -> None:
        asked = {"anonymousId": f"{self._somebody()}-device", "placement": PLACEMENT, "context": {}}
        self._send(line, "decide", "/v1/decide", asked, self._load.endpoint.client())

    def _send(
        self, line: http.client.HTTPConnection, kind: str, path: str, body: Any, headers: dict[str, str]
    ) -> bool:
        """As clients do: what is not answered, or refused for now, is sent again as it was. Whether it was taken."""
        raw = json.dumps(body).encode()
        if self._chance.random() < 0.2:
            raw, headers = gzip.compress(raw), {**headers, "content-encoding": "gzip"}
        again = self._chance.random() < AGAIN and kind != "decide"
        for attempt in range(TRIES):
            started = time.monotonic()
            try:
                status, _ = exchange(line, "POST", self._load.endpoint.path(path), raw, headers)
            except (OSError, http.client.HTTPException):
                line.close()
                status = 0
            self.figures.statuses[status] += 1
            if status == 200:
                self.figures.took[kind].append(time.monotonic() - started)
                if not again:
                    return True
                again = False
                self.figures.again += 1
                continue
            if status and status not in (429, 503):
                break
            time.sleep(min(2.0, 0.1 * 2**attempt))
        self.figures.given_up += 1
        return False

    def _somebody(self) -> str:
        return self._load.name(self._chance.randrange(self._load.customers))

    def _deed(self) -> tuple[str, str]:
        (name,) = self._chance.choices(("Product Viewed", "Order Completed", "Price Dropped"), (94, 3, 3))
        if name == "Product Viewed":
            return self._somebody(), name
        return self._load.name(self._chance.choice(self._load.buyers)), name

    def _id(self) -> str:
        self._made += 1
        return f"{self._prefix}-{self._made}"
