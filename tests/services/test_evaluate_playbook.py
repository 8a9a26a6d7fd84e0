"""Another playbook, at the moments of the last days: what would change, for whom, why, and what it would earn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.domain import sending
from chalicelib.domain.errors import BadRequest
from chalicelib.domain.stored import Write
from tests.services.ingest_world import DAY
from tests.services.replay_world import PLAYBOOK, Replays


@pytest.fixture(scope="module")
def shop() -> Replays:
    """400 customers in the rain; who is shown boots buys half of the time, who is shown an umbrella hardly ever."""
    one = Replays()
    one.publish(PLAYBOOK)
    for number in range(400):
        name = f"user{number}"
        one.comes(name)
        if number % 10 == 0:
            one.does(name, "Order Completed", sku="umbrella")
        one.does(name, "Rain Started")
        contacts = one.user(name).ledger.contacts
        for delivery, contact in contacts.items():
            if contact.message == "boots" and number % 2:
                clicked = one.event(
                    "Email Link Clicked", profile=one.user(name).id, origin="topeka",
                    properties={"delivery": delivery},
                )  # fmt: skip
                one.send(clicked)
    return one


def evaluated(shop: Replays, text: str, days: int = 7, most: int = 10_000) -> dict[str, Any]:
    return shop.evaluate(text.encode(), days, most)


def test_the_same_playbook_changes_nothing_and_earns_the_same(shop: Replays) -> None:
    told = evaluated(shop, PLAYBOOK)

    assert told["decisions"] > 360
    assert (told["changed"], told["changes"], told["sampled"]) == (0, [], False)
    assert told["value"]["by"]["ips"]["value"]["value"] == pytest.approx(told["value"]["today"]["value"])
    assert "too close to call" in told["value"]["words"]


def test_what_would_change_is_told_with_how_many_who_and_why(shop: Replays) -> None:
    told = evaluated(shop, PLAYBOOK.replace("    value: 2\n", "    value: 20\n"))
    change = told["changes"][0]

    assert (change["from"], change["to"]) == ("umbrella", "boots")
    assert change["decisions"] == change["customers"] > 100
    assert told["changed"] == sum(one["decisions"] for one in told["changes"])
    assert told["same"] + told["changed"] == told["decisions"]
    assert change["why"] == [
        {"words": "something else would be worth more than umbrella", "decisions": change["decisions"]}
    ]
    assert all(profile.startswith("p_") for profile in change["examples"])


def test_what_would_earn_more_is_found_to(shop: Replays) -> None:
    """Boots sell, umbrellas don't; everything explored, so there is something to go by."""
    told = evaluated(shop, PLAYBOOK.replace("    value: 2\n", "    value: 20\n"))["value"]

    assert told["refused"] == ""
    assert told["by"]["dr"]["gain"]["low"] > 0
    assert " more " in told["words"]


def test_conditions_that_today_s_playbook_never_asked_for_are_answered_from_history(shop: Replays) -> None:
    asks = "    for: {did: Order Completed, where: [{property: sku, is: umbrella}], within: 1d}\n"
    text = PLAYBOOK.replace(
        "    channels: [email]\n    value: 2\n", "    channels: [email]\n    value: 20\n" + asks
    )
    told = evaluated(shop, text)

    assert told["changed"] > 0
    assert {change["from"] for change in told["changes"]} == {"boots"}
    assert told["changes"][0]["why"][0]["words"] == "boots would not be for them"


def test_a_message_that_is_gone_says_so(shop: Replays) -> None:
    start, end = PLAYBOOK.index("  boots:"), PLAYBOOK.index("policies:")
    told = evaluated(shop, PLAYBOOK[:start] + PLAYBOOK[end:])
    words = {why["words"] for change in told["changes"] for why in change["why"]}

    assert "boots is not in this playbook" in words


def test_what_was_never_tried_is_not_estimated(shop: Replays) -> None:
    new = "  coat:\n    kind: offer\n    topic: offers\n    moments: [rain]\n    channels: [email]\n    value: 99\n"
    new += "    variants: {plain: {email: {subject: Coat, text: Warm}}}\npolicies:"
    calm = PLAYBOOK.replace("explore: {share: 100%}", "explore: {share: 1%}")
    told = evaluated(shop, calm.replace("policies:", new))

    assert told["value"]["refused"] == "unseen-choices"
    assert told["value"]["by"] == {}
    assert "explore" in told["value"]["words"]


def test_a_sample_is_called_one(shop: Replays) -> None:
    told = evaluated(shop, PLAYBOOK, most=50)

    assert told["sampled"] is True
    assert told["decisions"] == 50


def test_a_request_answers_in_time_with_what_it_has(shop: Replays) -> None:
    seconds = iter(range(1000))
    hasty = replace(shop.evaluate, stopwatch=lambda: next(seconds))
    told = hasty(PLAYBOOK.encode(), 7, patience=20)

    assert (told["sampled"], told["customers"]) == (True, 21)


def test_days_in_which_nothing_was_decided_tell_nothing() -> None:
    one = Replays()
    one.publish(PLAYBOOK)
    one.comes("ana")
    one.does("ana", "Rain Started")
    one.clock.forward(3 * DAY)

    assert evaluated(one, PLAYBOOK, days=2)["value"]["refused"] == "no-decisions"
    assert evaluated(one, PLAYBOOK, days=4)["decisions"] == 1


def test_a_playbook_with_faults_is_refused_with_them(shop: Replays) -> None:
    with pytest.raises(BadRequest) as refused:
        evaluated(shop, PLAYBOOK.replace("moments: [rain]", "moments: [snow]"))

    assert refused.value.code == "invalid-playbook"


def test_a_contact_counts_from_when_it_was_decided_not_from_when_it_was_sent() -> None:
    """Between the two a second moment was over the cap; stamped anew, the contact must still rule it out."""
    one = Replays()
    text = PLAYBOOK.replace("messages: 2, per: 1d", "messages: 1, per: 1d").replace(
        "share: 100%", "share: 0%"
    )
    one.publish(text)
    one.comes("ana")
    one.does("ana", "Rain Started")
    one.does("ana", "Rain Started")
    profile = one.user("ana")
    (contact,) = profile.ledger.contacts.values()
    sending.confirm(profile, contact, "sent", one.clock.forward(8 * 3_600_000))
    expected, profile.version = profile.version, "99.sent"
    one.profiles.commit([Write(profile, expected)])

    assert [row["decisions"] for row in evaluated(one, text)["changes"]] == []
    assert evaluated(one, text)["decisions"] == 2
