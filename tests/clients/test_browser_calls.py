"""What the browser's client sends, byte by byte: settings, `text/plain` bodies, short paths, preflights."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.local.stack import OPERATOR_KEY, WRITE_KEY
from tests.end_to_end.shop import NOBODY, Answer, Shop

PAGE = {"Origin": "https://shop.example.com", "Content-Type": "text/plain"}
CALLS: dict[str, dict[str, Any]] = {
    "p": {"name": "Umbrellas", "category": "Shop"},
    "s": {"name": "Start"},
    "t": {"event": "Product Viewed", "properties": {"sku": "傘"}},
    "i": {"userId": "bea", "traits": {"firstName": "Žofia"}},
    "g": {"userId": "bea", "groupId": "the-company"},
    "a": {"userId": "bea", "previousId": "bea before"},
}
LONG = {"p": "page", "s": "screen", "t": "track", "i": "identify", "g": "group", "a": "alias"}


def settings(shop: Shop, key: str = WRITE_KEY) -> Answer:
    return shop.ask("GET", f"/v1/projects/{key}/settings", headers={"Origin": "https://shop.example.com"})


def send(shop: Shop, path: str, call: Any) -> Answer:
    """As `navigator.sendBeacon` does: text, no key in a header."""
    return shop.post(path, json.dumps({**call, "writeKey": WRITE_KEY}).encode(), PAGE)


def test_the_settings_lead_the_client_back_to_this_host(shop: Shop) -> None:
    answer = settings(shop)
    ours = answer.json["integrations"]["Segment.io"]
    assert f"{ours['protocol']}://{ours['apiHost']}" == f"{shop.url}/v1"
    assert ours["apiKey"] == WRITE_KEY
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("key", ["nobodys-key", OPERATOR_KEY])
def test_there_are_no_settings_for_another_key(shop: Shop, key: str) -> None:
    assert settings(shop, key).status == 404


@pytest.mark.parametrize("short", [True, False])
def test_each_call_is_taken_as_text(shop: Shop, short: bool) -> None:
    device = f"device-{short}"
    for path, call in CALLS.items():
        answer = send(shop, f"/v1/{path if short else LONG[path]}", {"anonymousId": device, **call})
        assert (answer.status, answer.json) == (200, {"success": True})
        assert answer.headers["access-control-allow-origin"] == "*"
    shop.settle()
    kinds = [one["type"] for one in shop.timeline("user:bea") if one.get("anonymousId") == device]
    assert sorted(kinds) == sorted(LONG.values())


def test_a_batch_is_taken_as_text(shop: Shop) -> None:
    batch = [{"type": "page", "anonymousId": "batched", "messageId": f"page {number}"} for number in range(3)]
    for path in ("/v1/b", "/v1/batch"):
        assert send(shop, path, {"batch": batch}).status == 200
    shop.settle()
    assert shop.profile("anonymous:batched")["activity"]["Page Viewed"]["total"] == 3


@pytest.mark.parametrize("path", ["/v1/t", "/v1/batch", "/v1/decide", "/v1/inbox"])
def test_a_preflight_allows_any_origin_and_no_credentials(shop: Shop, path: str) -> None:
    asked = {"Origin": "https://shop.example.com", "Access-Control-Request-Method": "POST",
             "Access-Control-Request-Headers": "authorization,content-type"}  # fmt: skip
    answer = shop.ask("OPTIONS", path, headers=asked)
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    allowed = answer.headers["access-control-allow-headers"].lower()
    assert "authorization" in allowed and "content-type" in allowed
    assert "access-control-allow-credentials" not in answer.headers


def test_what_is_refused_can_be_read_by_the_page(shop: Shop) -> None:
    answer = shop.post("/v1/t", b'{"event": "Product Viewed", "anonymousId": "x"}', PAGE)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (401, "*")


def test_the_operators_routes_are_for_no_page(shop: Shop) -> None:
    answer = shop.ask("GET", "/v1/profiles/user:bea", headers={"Origin": "https://shop.example.com"} | NOBODY)
    assert answer.status == 401
    assert "access-control-allow-origin" not in answer.headers
