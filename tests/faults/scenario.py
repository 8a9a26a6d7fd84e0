"""One day of a shop, small enough to be lived a thousand times.

12:00  a visitor looks around; somebody signs up for the newsletter in the shop; Bob, a customer, looks around
12:10  the visitor logs in as Ann, with proof, and says yes to offers by e-mail
12:20  Ann gives her address: it is the newsletter's, so the two are one
12:30  Ann fills a cart, and does nothing: at 13:00 she is reminded (promotional)
13:20  Ann orders, and gets a receipt (service)
13:40  it rains, and Ann is offered an umbrella (promotional)
14:00  Ann opens the receipt
17:00  whatever was left in doubt has been settled
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.domain.instants import to_text
from chalicelib.domain.keys import user_token
from infra.local.asking import Answer
from infra.local.environment import SECRET
from infra.local.post import delivery_of
from infra.local.stack import OPERATOR_KEY, WRITE_KEY, Stack
from tests.faults.injecting import Injector
from tests.faults.world import START, Killed

MINUTE = 60_000
ADDRESS = "ann@example.com"
PROMOTIONAL, SERVICE = ("reminder", "umbrella"), ("receipt",)

PLAYBOOK = b"""
playbook: 1
name: Umbrellas
topics: {offers: {label: Offers, default: ask}}
senders: {email: "Umbrella Shop <hello@shop.example.com>"}
segments: {buyers: {did: Order Completed, within: 30d}}
moments:
  left_cart: {event: Cart Updated, hold: 30m, unless: {did: Order Completed}}
  ordered: {event: Order Completed}
  rain: {event: Rain Started}
messages:
  reminder:
    kind: offer
    topic: offers
    moments: [left_cart]
    channels: [email]
    variants: {plain: {email: {subject: "Your cart", text: "It waits."}}}
  umbrella:
    kind: offer
    topic: offers
    moments: [rain]
    channels: [email]
    variants: {plain: {email: {subject: "Dry?", text: "It rains."}}}
  receipt:
    kind: service
    moments: [ordered]
    channels: [email]
    variants: {plain: {email: {subject: "Thank you", text: "It is on its way."}}}
"""

Events = list[dict[str, Any]]


def publish(stack: Stack) -> None:
    """Put the playbook in force."""
    answer = stack.request("PUT", "/v1/playbook", PLAYBOOK, key=OPERATOR_KEY)
    assert answer.status == 200, answer.body
    stack.settle()


@dataclass(frozen=True, slots=True)
class Day:
    """Lives the day on a stack that has just started over."""

    stack: Stack
    injector: Injector

    def live(self) -> None:
        """All of it."""
        for after, happens in (
            (0, self._look_around),
            (10, self._log_in),
            (20, self._give_address),
            (30, self._fill_cart),
            (130, self._order),
            (165, self._rain),
            (200, self._open),
            (420, lambda: None),
        ):
            self.stack.move_clock(START + after * MINUTE)
            happens()
            self.stack.settle()

    def _look_around(self) -> None:
        self._collect(
            [
                _event("look-1", 0, "page", anonymousId="browser", name="Home"),
                _event("look-2", 0, "track", anonymousId="browser", event="Product Viewed"),
                _event("look-3", 0, "track", anonymousId="browser", event="Product Viewed"),
                _event("bob-1", 0, "track", userId="bob", event="Product Viewed"),
            ]
        )
        self._collect(
            [
                _event("shop-1", 0, "identify", anonymousId="counter", traits={"email": ADDRESS}),
                _event("shop-2", 0, "track", anonymousId="counter", event="Store Visited"),
            ],
            OPERATOR_KEY,
        )

    def _log_in(self) -> None:
        agreed = {"channel": "email", "topic": "offers"}
        self._collect(
            [
                _event(
                    "login-1",
                    10,
                    "identify",
                    anonymousId="browser",
                    userId="ann",
                    traits={"firstName": "Ann"},
                ),
                _event("login-2", 10, "track", userId="ann", event="Permission Granted", properties=agreed),
            ]
        )

    def _give_address(self) -> None:
        self._collect(
            [
                _event("address-1", 20, "identify", userId="ann", traits={"email": ADDRESS}),
                _event("bob-2", 20, "track", userId="bob", event="Product Viewed"),
            ]
        )

    def _fill_cart(self) -> None:
        self._collect([_event("cart-1", 30, "track", userId="ann", event="Cart Updated")])

    def _order(self) -> None:
        self._collect([_event("order-1", 130, "track", userId="ann", event="Order Completed")], OPERATOR_KEY)

    def _rain(self) -> None:
        moment = {"name": "Rain Started", "identifiers": ["user:ann"], "facts": {}, "id": "rain-1"}
        self._ask("/v1/moments", moment, OPERATOR_KEY)

    def _open(self) -> None:
        receipts = [each.taken for each in self.stack.post.sent() if each.taken.tags["message"] == "receipt"]
        if receipts:
            self.stack.post.tell(delivery_of(receipts[0]), "Email Opened", "")

    def _collect(self, events: Events, key: str = WRITE_KEY) -> None:
        self._ask("/v1/batch", {"batch": events}, key)

    def _ask(self, path: str, body: Any, key: str) -> None:
        """As clients do: what is not answered, or answered with a 5xx, is sent again."""
        for _ in range(3):
            if (answer := self._try(path, body, key)) and answer.status < 500:
                assert answer.status in (200, 202), answer.body
                return
        raise AssertionError(f"{path} is never answered")

    def _try(self, path: str, body: Any, key: str) -> Answer | None:
        with self.injector.inside("APIHandler"):
            try:
                return self.stack.request("POST", path, body, key=key)
            except Killed:
                return None


def _event(id: str, after: int, type: str, **body: Any) -> dict[str, Any]:
    """An event of the day; whoever names a user proves it."""
    proof = {"userToken": user_token(SECRET.encode(), body["userId"])} if "userId" in body else {}
    at = to_text(START + after * MINUTE)
    return {"messageId": id, "type": type, "timestamp": at, "context": proof, **body}
