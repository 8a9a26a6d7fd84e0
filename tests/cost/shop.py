"""A shop as ordinary shops are: its playbook, and customers with two months of history.

What a customer is here decides most of the bill: two hundred events of a dozen kinds over sixty days, six traits,
windows, segments, an experiment, and what was decided for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalicelib.domain.events import Event, EventBatch
from chalicelib.domain.instants import to_text
from chalicelib.domain.keys import user_token
from infra.local.environment import SECRET
from infra.local.stack import OPERATOR_KEY, Stack

DAY = 86_400_000
HISTORY = 200
KINDS = (
    "Product Viewed", "Product List Viewed", "Products Searched", "Product Clicked", "Product Added", "Cart Viewed",
    "Checkout Started", "Promotion Viewed", "Wishlist Product Added", "Article Read", "Store Located", "Review Read",
)  # fmt: skip

_WEB = """
  hero_{n}:
    kind: {kind}
    topic: offers
    placements: [web.home.hero]
    for: {{did: {seen}, within: 30d}}
    value: {value}
    goal: {{did: Order Completed, within: 7d}}
    variants:
      plain: {{web: {{headline: "Hello {{{{ traits.firstName }}}}", text: "Look at number {n}.", link: shop}}}}
      short: {{web: {{headline: "Number {n}", text: "For you.", link: shop}}}}
    links: {{shop: "https://shop.example.com/{n}"}}
"""

PLAYBOOK = (
    """
playbook: 1
name: Cost
timezone: America/Chicago
currency: USD
topics:
  offers: {label: Offers, default: assume}
senders: {email: "Your Shop <hello@shop.example.com>"}
placements: {web.home.hero: {channel: web}}
segments:
  buyers: {did: Order Completed, within: 60d}
  lookers: {did: Product Viewed, at_least: 3, within: 14d}
  searchers: {did: Products Searched, at_least: 5, within: 30d}
  gold: {trait: plan, is: gold}
moments:
  cart_left: {event: Cart Updated, hold: 1h, unless: {did: Order Completed}}
  ordered: {event: Order Completed}
  dropped: {event: Price Dropped}
policies:
  holdout: {share: 10%}
messages:
  receipt:
    kind: service
    moments: [ordered]
    channels: [email]
    variants: {plain: {email: {subject: "Thank you, {{ traits.firstName }}", text: "It is on its way."}}}
  price:
    kind: offer
    topic: offers
    moments: [dropped]
    channels: [email]
    value: 2
    goal: {did: Order Completed, within: 7d}
    links: {shop: "https://shop.example.com/hats"}
    variants:
      plain:
        email:
          subject: "{{ traits.firstName }}, what you looked at costs less"
          html: |
            <p>Hello {{ traits.firstName }}, <a href="{{ link.shop }}">look</a>.</p>
            <p><a href="{{ link.unsubscribe }}">No more</a></p>
          text: "Look: {{ link.shop }} No more: {{ link.unsubscribe }}"
"""
    + "".join(
        _WEB.format(n=n, kind="offer" if n % 2 else "brand", seen=KINDS[n % len(KINDS)], value=1 + n % 3)
        for n in range(8)
    )
).encode()


def publish(stack: Stack) -> None:
    """Put the playbook in force."""
    answer = stack.request("PUT", "/v1/playbook", PLAYBOOK, key=OPERATOR_KEY)
    assert answer.status == 200, answer.body
    stack.settle()


def customers(stack: Stack, names: Sequence[str], history: int = HISTORY) -> None:
    """Let customers have lived for sixty days up to now."""
    from chalicelib import wiring

    now = stack.now()
    step = 60 * DAY // history
    for name in names:
        events = [_signed_up(name, now - 60 * DAY)]
        events += [
            _happened(f"{name}-h{n}", name, KINDS[n * n % len(KINDS)], now - 60 * DAY + n * step)
            for n in range(history)
        ]
        outcome = wiring.ingest_events()([EventBatch(events=tuple(events))])
        assert outcome.folded == len(events), outcome
    stack.settle()


def _signed_up(name: str, at: int) -> Event:
    traits = {"email": f"{name}@example.com", "firstName": name.title(), "lastName": "Example", "plan": "gold",
              "address": {"city": "Topeka", "state": "KS", "country": "US"}, "language": "en"}  # fmt: skip
    return Event(f"{name}-id", "identify", at, at, user_id=name, anonymous_id=f"{name}-browser", traits=traits,
                 proven=True, origin="operator")  # fmt: skip


def _happened(id: str, name: str, title: str, at: int) -> Event:
    return Event(id, "track", at, at, event=title, user_id=name, properties=_product(at))


def _product(number: int) -> dict[str, Any]:
    return {"product_id": f"sku-{number % 97}", "sku": f"H-{number % 97}", "category": "hats",
            "name": "Sun hat, wide", "brand": "Example", "variant": "blue", "price": 19.5, "quantity": 1,
            "currency": "USD", "position": 3}  # fmt: skip


def sent(number: int, name: str, title: str, now: int) -> dict[str, Any]:
    """An event as analytics.js sends it: about 1.2 KB."""
    return {
        "messageId": f"ajs-next-{number:032d}",
        "type": "track",
        "event": title,
        "userId": name,
        "anonymousId": f"{name}-browser",
        "timestamp": to_text(now),
        "properties": _product(number),
        "integrations": {},
        "context": {
            "userToken": user_token(SECRET.encode(), name),
            "library": {"name": "analytics.js", "version": "next-1.81.0"},
            "locale": "en-US",
            "timezone": "America/Chicago",
            "page": {"path": "/hats/sun", "referrer": "https://www.example.org/", "search": "?page=2",
                     "title": "Sun hats | Your Shop", "url": "https://shop.example.com/hats/sun?page=2"},
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0",
            "userAgentData": {"brands": [{"brand": "Chromium", "version": "142"}], "mobile": False},
        },
    }  # fmt: skip
