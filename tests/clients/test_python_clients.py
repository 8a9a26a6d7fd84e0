"""Segment's and RudderStack's Python clients, unmodified: everything they are told arrives, once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import rudderstack.analytics.request
import segment.analytics.request
from rudderstack.analytics.client import Client as Rudder
from segment.analytics.client import Client as Segment

from infra.local.stack import WRITE_KEY
from tests.end_to_end.shop import Shop

ORDERS = 250
UNICODE = "Žofia ☂ 傘 \U0001f9e6 \x00 \u202e"
KINDS = {
    "Segment": Segment,
    "RudderStack": Rudder,
}


@pytest.fixture(autouse=True, scope="module")
def sessions() -> Iterator[None]:
    """Both keep their connections for the whole process: close them with the stack."""
    yield
    segment.analytics.request._session.close()
    rudderstack.analytics.request._session.close()


@pytest.fixture(params=[(kind, gzip) for kind in KINDS for gzip in (True, False)], ids=str)
def client(request: pytest.FixtureRequest, shop: Shop) -> Iterator[Any]:
    """A client as its documentation says to make one; a failed upload fails the test."""
    kind, gzip = request.param
    failures: list[Any] = []

    def note(error: Any, batch: Any) -> None:
        failures.append(error)

    made = KINDS[kind](
        WRITE_KEY,
        host=shop.url,
        gzip=gzip,
        on_error=note,
        upload_size=100,
        upload_interval=0.05,
        max_retries=0,
    )
    made.name = f"{kind}-{gzip}"
    yield made
    made.shutdown()
    assert failures == []


@pytest.fixture
def settled(client: Any, shop: Shop) -> Callable[[], None]:
    """Everything the client was told is sent and taken in."""

    def settle() -> None:
        client.flush()
        client.join()
        shop.settle()

    return settle


def test_every_kind_of_call_reaches_the_customers_profile(
    client: Any, shop: Shop, settled: Callable[[], None]
) -> None:
    device, user = f"device of {client.name}", f"customer of {client.name}"
    client.page(anonymous_id=device, category="Shop", name="Home", properties={"path": "/"})
    client.screen(anonymous_id=device, name="Start")
    client.identify(user, {"email": f"{client.name}@example.com", "firstName": UNICODE}, anonymous_id=device)
    client.track(user, "Order Completed", {"total": 27.5, "products": [{"sku": "傘"}]}, anonymous_id=device)
    client.group(user, "the-company", {"plan": "gold"})
    client.alias(f"earlier id of {client.name}", user)
    settled()
    profile = shop.profile(f"user:{user}")
    assert profile["traits"] == {"email": f"{client.name}@example.com", "firstName": UNICODE}
    assert {name: seen["total"] for name, seen in profile["activity"].items()} == {
        "Page Viewed": 1, "Screen Viewed": 1, "Order Completed": 1,
    }  # fmt: skip
    kinds = Counter(event["type"] for event in shop.timeline(f"user:{user}"))
    assert kinds == dict.fromkeys(("page", "screen", "identify", "track", "group", "alias"), 1)
    known = {(one["kind"], one["value"]) for one in profile["identifiers"]}
    assert known == {
        ("user", user), ("anonymous", device), ("anonymous", f"earlier id of {client.name}"),
        ("email", f"{client.name}@example.com".lower()),
    }  # fmt: skip
    assert shop.profile(f"anonymous:{device}") == profile
    order = next(event for event in shop.timeline(f"user:{user}") if event.get("event") == "Order Completed")
    assert order["properties"] == {"total": 27.5, "products": [{"sku": "傘"}]}


def test_every_event_of_many_batches_arrives_once(
    client: Any, shop: Shop, settled: Callable[[], None]
) -> None:
    user = f"regular of {client.name}"
    for number in range(ORDERS):
        client.track(user, "Order Completed", {"number": number, "note": UNICODE})
    settled()
    assert shop.profile(f"user:{user}")["activity"]["Order Completed"]["total"] == ORDERS
    numbers = Counter(event["properties"]["number"] for event in shop.timeline(f"user:{user}"))
    assert numbers == Counter(range(ORDERS))


def test_what_happened_earlier_keeps_its_time(client: Any, shop: Shop, settled: Callable[[], None]) -> None:
    user = f"imported by {client.name}"
    client.track(user, "Order Completed", timestamp=datetime(2026, 3, 1, 12, tzinfo=UTC))
    settled()
    assert shop.profile(f"user:{user}")["activity"]["Order Completed"]["first"] < "2026-07-01"


def test_the_same_message_id_is_the_same_event(client: Any, shop: Shop, settled: Callable[[], None]) -> None:
    user = f"repeater of {client.name}"
    for _ in range(3):
        client.track(user, "Order Completed", message_id=f"order 1 of {client.name}")
    settled()
    assert shop.profile(f"user:{user}")["activity"]["Order Completed"]["total"] == 1
    assert len(shop.timeline(f"user:{user}")) == 1
