"""What was set aside, over HTTP and the stack's own tables and queues."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib import wiring
from chalicelib.domain.events import Event
from tests.end_to_end.shop import Shop, opened
from tests.entrypoints.playbooks import UMBRELLAS


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with opened(UMBRELLAS) as shop:
        yield shop
        assert set(map(tuple, shop.stack.dead_letters().values())) == {()}


def flood(shop: Shop, user_id: str, count: int) -> str:
    """A customer of whom events were set aside, in batches of fifty; the profile's id."""
    shop.know(user_id)
    profile: str = shop.profile(f"user:{user_id}")["id"]
    at = shop.stack.now() - 60_000
    made = [
        Event(f"{user_id}-{number}", "track", at + number, at + number, event="Seen", user_id=user_id)
        for number in range(count)
    ]
    for start in range(0, count, 50):
        wiring.quarantine().add([(profile, made[start : start + 50])])
    return profile


def set_aside(shop: Shop) -> dict[str, int]:
    listed = shop.ask("GET", "/v1/quarantine").json["profiles"]
    return {one["profile"]: one["events"] for one in listed}


def test_an_operator_sees_releases_and_finds_in_the_profile_what_was_set_aside(shop: Shop) -> None:
    profile = flood(shop, "bot", 230)
    assert set_aside(shop) == {profile: 230}
    page = shop.ask("GET", "/v1/quarantine/user:bot?limit=60").json
    assert [one["messageId"] for one in page["events"]] == [f"bot-{number}" for number in range(60)]
    assert "Seen" not in shop.profile("user:bot")["activity"]
    answer = shop.post("/v1/quarantine/user:bot/release", {})
    assert (answer.status, answer.json) == (202, {"profile": profile, "released": 230, "more": False})
    shop.settle()
    assert shop.profile("user:bot")["activity"]["Seen"]["total"] == 230
    assert set_aside(shop) == {}
    assert shop.ask("GET", "/v1/quarantine/user:bot").status == 404


def test_a_large_release_goes_on_by_itself(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.services.empty_quarantine.PART", 40)
    flood(shop, "crawler", 500)
    answer = shop.post("/v1/quarantine/user:crawler/release", {})
    assert (answer.json["released"], answer.json["more"]) == (50, True)
    shop.move_clock(advance="1m")
    assert shop.profile("user:crawler")["activity"]["Seen"]["total"] == 500
    assert set_aside(shop) == {}


def test_what_an_operator_discards_is_never_folded(shop: Shop) -> None:
    profile = flood(shop, "test-client", 70)
    answer = shop.ask("DELETE", f"/v1/quarantine/{profile}")
    assert (answer.status, answer.json) == (202, {"profile": profile, "discarded": 70, "more": False})
    shop.settle()
    assert "Seen" not in shop.profile("user:test-client")["activity"]
    assert shop.ask("DELETE", f"/v1/quarantine/{profile}").status == 404
