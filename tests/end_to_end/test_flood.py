"""A flood by one identifier, over HTTP: set aside beside customers who notice nothing, seen and released."""

from __future__ import annotations

import pytest

from tests.end_to_end.shop import Shop, opened, track
from tests.entrypoints.playbooks import UMBRELLAS


def set_aside(shop: Shop) -> dict[str, int]:
    listed = shop.ask("GET", "/v1/quarantine").json["profiles"]
    return {one["profile"]: one["events"] for one in listed}


def test_a_flood_is_set_aside_and_can_be_had_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Allowed 250 events a minute, one identifier sends 600 in requests of 50, each with a customer's event in it."""
    monkeypatch.setenv("TOPEKA_MOST_EVENTS", "250")
    with opened(UMBRELLAS) as shop:
        for number in range(12):
            shop.collect(*[track("bot", "Clicked") for _ in range(50)], track(f"u{number}", "Seen"))
        bot = shop.profile("user:bot")
        folded = bot["activity"]["Clicked"]["total"]
        assert 250 <= folded < 300
        assert set_aside(shop) == {bot["id"]: 600 - folded}
        assert [shop.profile(f"user:u{n}")["activity"]["Seen"]["total"] for n in range(12)] == [1] * 12
        assert shop.post("/v1/quarantine/user:bot/release", {}).json["released"] == 600 - folded
        shop.settle()
        assert shop.profile("user:bot")["activity"]["Clicked"]["total"] == 600
        assert set_aside(shop) == {}
