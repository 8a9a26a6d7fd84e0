"""What the story's customers do, as the Segment calls that a shop's pages, app and server would send.

Browsers and the app send with the write key: pages, screens, product views, carts, logins. The shop's server
sends with the operator key: who signed up, what they allow, what they bought.
"""

from __future__ import annotations

import hashlib
import hmac
import zlib
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.instants import from_text, to_text
from infra.local.environment import SECRET
from infra.local.story_customers import CITIES, Customer, things

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
#: When carts are left and an hour later remembered; when it rains and burns; that evening; the next morning.
CARTS_LEFT = from_text("2026-06-30T21:00:00Z")
CARTS_BOUGHT = CARTS_LEFT + HOUR // 2
NOW = from_text("2026-07-01T20:00:00Z")
EVENING = NOW + 3 * HOUR
MORNING = from_text("2026-07-02T14:00:00Z")

PRICES = {"umbrella": 16, "sun hat": 12, "boots": 48, "raincoat": 64, "sunglasses": 20, "scarf": 24}


@dataclass(frozen=True, slots=True)
class Call:
    """One call: when it happens (ms), whether the shop's server makes it, and its JSON."""

    at: int
    server: bool
    body: dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Act:
    """Something a customer does: views, buys, buys online (`later`), leaves a cart, or looks in today."""

    at: int
    verb: str
    what: str = ""


def calls_of(customer: Customer) -> list[Call]:
    """Everything the customer does up to the evening, in time order."""
    diary = _Diary(customer)
    for act in acts_of(customer):
        diary.take(act)
    return sorted(diary.calls, key=lambda call: (call.at, call.body["messageId"]))


def acts_of(customer: Customer) -> list[Act]:
    """The row as acts, in time order; times of day differ from customer to customer, but not from run to run."""
    acts = [Act(_ago(customer, what, days), "views", what) for what, days in things(customer.viewed)]
    acts += [Act(_ago(customer, what, days), "buys", what) for what, days in things(customer.bought)]
    acts += _cart(customer)
    if customer.today:
        acts.append(Act(NOW - HOUR - _spread(customer, "today", 6 * 60) * MINUTE, "looks in"))
    verb, _, what = customer.later.partition(" ")
    if verb == "buys":
        acts.append(Act(EVENING - (10 + _spread(customer, "later", 50)) * MINUTE, "buys", what))
    return sorted(acts)


def _cart(customer: Customer) -> list[Act]:
    what, _, bought = customer.cart.partition(", ")
    minutes = _spread(customer, "cart", 15)
    left = [Act(CARTS_LEFT - (5 + minutes) * MINUTE, "leaves in the cart", what)] if what else []
    return left + ([Act(CARTS_LEFT + (5 + minutes) * MINUTE, "buys", what)] if bought else [])


def _ago(customer: Customer, what: str, days: int) -> int:
    return NOW - days * DAY - (30 + _spread(customer, f"{what}{days}", 8 * 60)) * MINUTE


def _spread(customer: Customer, about: str, below: int) -> int:
    return zlib.crc32(f"{customer.address}:{about}".encode()) % below


@dataclass(slots=True)
class _Diary:
    """Turns acts into calls, and remembers on which devices the customer has logged in."""

    customer: Customer
    calls: list[Call] = field(default_factory=list)
    _logged_in: set[str] = field(default_factory=set)
    _acts: int = 0

    def take(self, act: Act) -> None:
        device = self._device(act)
        self._acts += 1
        if act.verb == "views":
            self._from(device, act.at, "track", event="Product Viewed", properties=_product(act.what))
        else:
            self._visit(device, act.at - 9 * MINUTE)
        if self.customer.customer and device not in self._logged_in:
            self._log_in(device, act.at + (3 if act.verb == "views" else -6) * MINUTE)
        if act.verb == "buys":
            self._at_the_shop(act.at, "track", event="Order Completed", properties=_order(act.what))
        elif act.verb == "leaves in the cart":
            self._from(
                device, act.at, "track", event="Cart Updated", properties={"products": [_product(act.what)]}
            )

    def _device(self, act: Act) -> str:
        """They come with the first device, take both in turn, and carry the phone with them today."""
        devices = self.customer.devices
        return devices[-1] if act.verb == "looks in" and self._acts else devices[self._acts % len(devices)]

    def _visit(self, device: str, at: int) -> None:
        kind = "screen" if device == self.customer.app else "page"
        self._from(device, at, kind, name="Home")

    def _log_in(self, device: str, at: int) -> None:
        first = not self._logged_in
        self._logged_in.add(device)
        self._from(device, at, "identify", traits={})
        if first:
            self._sign_up(at + MINUTE)

    def _sign_up(self, at: int) -> None:
        who, city = self.customer, CITIES[self.customer.city]
        home = {"city": city.name, "state": city.region, "country": "US"}
        given = {"firstName": who.name, "email": who.email, "phone": who.phone, "address": home}
        self._at_the_shop(at, "identify", traits={name: value for name, value in given.items() if value})
        for channel, said in (("email", who.email_ok), ("sms", who.sms_ok)):
            if said:
                event = "Permission Granted" if said == "yes" else "Permission Denied"
                self._at_the_shop(
                    at, "track", event=event, properties={"channel": channel, "topic": "offers"}
                )

    def _from(self, device: str, at: int, kind: str, **body: Any) -> None:
        """The browser or the app sends it; once logged in it says who, with the token that proves it."""
        known = device in self._logged_in
        context = self._context(device, at) | (
            {"userToken": user_token(self.customer.customer)} if known else {}
        )
        user = {"userId": self.customer.customer} if known else {}
        self._call(at, kind, server=False, anonymousId=device, context=context, **user, **body)

    def _context(self, device: str, at: int) -> dict[str, Any]:
        """The device's clock, and today where it is, unless they only let the clock be known."""
        library = {"name": "analytics-kotlin" if device == self.customer.app else "analytics.js"}
        today = self.customer.today if at > NOW - DAY // 2 else ""
        if "/" in today:
            return {"library": library, "timezone": today}
        here = CITIES.get(today) or CITIES[self.customer.city]
        return {"library": library, "timezone": here.zone} | ({"location": here.location} if today else {})

    def _at_the_shop(self, at: int, kind: str, **body: Any) -> None:
        self._call(at, kind, server=True, userId=self.customer.customer, **body)

    def _call(self, at: int, kind: str, *, server: bool, **body: Any) -> None:
        who = self.customer.customer or self.customer.devices[0]
        named = {"messageId": f"{who}-{len(self.calls) + 1}", "type": kind, "timestamp": to_text(at)}
        self.calls.append(Call(at, server, named | body))


def user_token(user_id: str) -> str:
    """What proves a user id to a public key; the shop's server makes it when somebody logs in."""
    return hmac.new(SECRET.encode(), user_id.encode(), hashlib.sha256).hexdigest()


def _product(what: str) -> dict[str, Any]:
    return {"product_id": what.replace(" ", "-"), "category": what, "price": PRICES[what]}


def _order(what: str) -> dict[str, Any]:
    return {"total": PRICES[what], "currency": "USD", "products": [_product(what)]}
