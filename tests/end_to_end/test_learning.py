"""Decisions that learn, over HTTP: what customers answer changes what is said; tested, explained, made again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra import evaluate
from tests.end_to_end.shop import OPERATOR, Shop, opened, track

PLAYBOOK = """\
playbook: 1
name: Shop
topics: {offers: {label: Offers, default: assume}}
placements: {web.home: {channel: web}}
messages:
  boots:
    {kind: offer, topic: offers, placements: [web.home], value: 3, variants: {plain: {web: {headline: Warm}}}}
  hats:
    kind: offer
    topic: offers
    placements: [web.home]
    value: 2
    variants: {plain: {web: {headline: Hat}}, bold: {web: {headline: HAT}}}
    goal: {did: Order Completed, within: 1d}
policies: {explore: {share: 50%}, holdout: {share: 10%}}
experiments: {copy: {message: hats, split: {plain: 50%, bold: 50%}}}
"""
CUSTOMERS = 150


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """Everybody comes to the home page once. Who is shown a hat buys one; boots interest nobody."""
    with opened(PLAYBOOK) as running:
        for number in range(CUSTOMERS):
            name = f"c{number}"
            shown = running.decide(userId=name, placement="web.home")["messages"]
            if shown and shown[0]["message"] == "hats":
                running.post("/v1/track", track(name, "Order Completed", revenue=9))
        running.settle()
        yield running
        assert set(map(tuple, running.stack.dead_letters().values())) == {()}


def scores(shop: Shop, name: str) -> dict[str, dict[str, float]]:
    """What a customer's messages are worth, by its parts."""
    told = shop.decide(userId=name, placement="web.home", explain=True)["explain"]["messages"]
    return {one["message"]: one["parts"] for one in told if "parts" in one}


def decision_of(shop: Shop, name: str) -> Any:
    return shop.ask("GET", f"/v1/profiles/user:{name}/decisions").json["decisions"][0]


def test_until_answers_can_have_come_nothing_is_learned(shop: Shop) -> None:
    assert scores(shop, "early")["hats"]["propensity"] == 0.05


def test_what_customers_answer_changes_what_is_said(shop: Shop) -> None:
    shop.move_clock(advance="2h")
    parts = scores(shop, "late")

    assert parts["hats"]["propensity"] > 0.3
    assert parts["boots"]["propensity"] < 0.05
    assert parts["hats"]["value"] > 4  # as the playbook states 2, and orders bring 9
    answer = [shop.decide(userId=f"late{n}", placement="web.home") for n in range(20)]
    given = [one["messages"][0]["message"] for one in answer if one["messages"]]
    assert given.count("hats") > given.count("boots")


def test_a_decision_is_made_again_from_its_record_and_explained(shop: Shop) -> None:
    for number in range(6):
        record = decision_of(shop, f"c{number}")
        told = shop.ask("GET", f"/v1/profiles/user:c{number}/decisions/{record['decision']}").json

        assert told["same"] is True
        assert {one["message"] for one in told["explain"]["messages"]} == {"boots", "hats"}


def test_another_s_decision_is_a_404(shop: Shop) -> None:
    record = decision_of(shop, "c1")

    assert shop.ask("GET", f"/v1/profiles/user:c2/decisions/{record['decision']}").status == 404


def test_experiments_are_told_with_their_figures(shop: Shop) -> None:
    listed = shop.ask("GET", "/v1/experiments").json["experiments"]
    copy, holdout = (shop.ask("GET", f"/v1/experiments/{one['name']}").json for one in listed)

    assert [one["name"] for one in listed] == ["copy", "holdout"]
    assert sum(arm["customers"] for arm in copy["arms"]) == copy["customers"] >= 15
    assert sum(arm["conversions"] for arm in copy["arms"]) >= 15
    assert {arm["arm"] for arm in holdout["arms"]} == {"held", "treated"}
    assert holdout["customers"] >= CUSTOMERS


def test_another_playbook_is_held_against_what_was_decided(
    shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    proposed = PLAYBOOK.replace("value: 3", "value: 1").encode()
    yaml = OPERATOR | {"Content-Type": "application/yaml"}
    told = shop.ask("PUT", "/v1/playbook?check=true&evaluate=7d", proposed, yaml).json["evaluation"]

    assert told["decisions"] >= CUSTOMERS * 0.8
    assert told["changed"] > 0
    assert (told["changes"][0]["from"], told["changes"][0]["to"]) == ("boots", "hats")
    monkeypatch.setenv("PORT", shop.url.rpartition(":")[2])
    book = tmp_path / "proposed.yaml"
    book.write_bytes(proposed)
    assert evaluate.main(["--days", "7", str(book)]) == 0
    assert "boots -> hats" in capsys.readouterr().out
    book.write_bytes(proposed.replace(b"kind: offer", b"kind: bribe"))
    assert evaluate.main([str(book)]) == 1
    assert "messages.hats.kind" in capsys.readouterr().err


@pytest.mark.parametrize("days", ["7", "0d", "91d", "-1d", "xd", "1.5d", "1" * 5000 + "d"])
def test_days_are_written_plainly(shop: Shop, days: str) -> None:
    answer = shop.ask("PUT", f"/v1/playbook?check=true&evaluate={days}", PLAYBOOK.encode())

    assert (answer.status, answer.code) == (400, "invalid-evaluate")


def test_only_a_check_evaluates(shop: Shop) -> None:
    answer = shop.ask("PUT", "/v1/playbook?evaluate=7d", PLAYBOOK.encode())

    assert (answer.status, answer.code) == (400, "evaluate-only-checks")
