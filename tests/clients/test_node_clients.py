"""Segment's clients for node and for the browser, unmodified: everything they are told arrives, once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from infra.local.stack import WRITE_KEY
from tests.clients.node_clients import installed, run
from tests.end_to_end.shop import Shop


@pytest.fixture(scope="module")
def packages() -> Path:
    return installed()


def identifiers(profile: Any) -> Counter[tuple[str, str]]:
    return Counter((one["kind"], one["value"]) for one in profile["identifiers"])


def totals(profile: Any) -> dict[str, int]:
    return {name: seen["total"] for name, seen in profile["activity"].items()}


def calls(events: list[Any]) -> Counter[str]:
    return Counter(event["type"] for event in events)


def test_everything_a_server_sends_arrives_once(shop: Shop, packages: Path) -> None:
    run("server.cjs", shop.url, WRITE_KEY, "nora", packages=packages)
    shop.settle()
    profile, events = shop.profile("user:nora"), shop.timeline("user:nora")
    assert profile["traits"] == {"email": "nora@example.com", "firstName": "Žofia ☂ 傘 🧦 \0"}
    assert identifiers(profile) == Counter(
        [("user", "nora"), ("anonymous", "device of nora"), ("anonymous", "earlier id of nora"),
         ("email", "nora@example.com")]
    )  # fmt: skip
    assert totals(profile) == {
        "Page Viewed": 1, "Screen Viewed": 1, "Order Completed": 250, "Order Refunded": 1,
    }  # fmt: skip
    assert calls(events) == {"track": 251, "page": 1, "screen": 1, "identify": 1, "group": 1, "alias": 1}
    numbers = [event["properties"]["number"] for event in events if event.get("event") == "Order Completed"]
    assert sorted(numbers) == list(range(250))


@pytest.mark.parametrize("strategy", ["standard", "batching"])
def test_everything_a_page_of_another_origin_sends_arrives_once(
    shop: Shop, packages: Path, strategy: str
) -> None:
    customer = f"{strategy}-bea"
    run("browser.cjs", shop.url, WRITE_KEY, customer, strategy, packages=packages)
    shop.settle()
    profile, events = shop.profile(f"user:{customer}"), shop.timeline(f"user:{customer}")
    assert profile["traits"] == {"email": f"{customer}@example.com", "firstName": "Žofia ☂ 傘 🧦"}
    (device,) = (one["anonymousId"] for one in events if one.get("name") == "Umbrellas")
    assert identifiers(profile) == Counter(
        [("user", customer), ("anonymous", device), ("anonymous", f"{customer} before"),
         ("email", f"{customer}@example.com")]
    )  # fmt: skip
    assert totals(profile) == {
        "Page Viewed": 1, "Screen Viewed": 1, "Product Viewed": 1, "Order Completed": 1,
    }  # fmt: skip
    assert calls(events) == {"track": 2, "page": 1, "screen": 1, "identify": 1, "group": 1, "alias": 1}
    (page,) = (event for event in events if event["type"] == "page")
    assert page["context"]["page"]["url"] == "https://shop.example.com/umbrellas?utm_source=newsletter"
    assert page["context"]["campaign"] == {"source": "newsletter"}
