"""The rules that hold for everything, lived through: caps, quiet hours, holdout, pause, standing offers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.end_to_end.marketing import book, heard, know, message, shown, why
from tests.end_to_end.shop import OPERATOR, Shop, opened, track

CUSTOMERS = 200


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with opened() as running:
        yield running


def policies(**rules: str) -> str:
    return "policies:\n" + "".join(f"  {name}: {rule}\n" for name, rule in rules.items())


def test_caps_count_what_goes_out_and_what_is_shown_alike(shop: Shop) -> None:
    caps = (
        "[{messages: 3, per: 1d}, {messages: 1, per: 1d, channel: sms},"
        " {messages: 2, per: 7d, topic: offers}, {messages: 1, per: 7d, message: once}]"
    )
    shop.publish(
        book(
            message("once", "one"),
            message("text", "two", channels="[sms]"),
            message("offer", "three", topic="offers"),
            message("seen", placements="[home]", kind="brand"),
            message("bill", "one", kind="service"),
            more=policies(caps=caps),
        )
    )
    know(shop, "cap", "email/offers")
    shop.collect(track("cap", "One"))
    assert why(shop, "cap", "One") == {"once": "cap", "bill": ""}
    shop.collect(track("cap", "One"), track("cap", "Two"))
    assert why(shop, "cap", "Two") == {"text": "cap"}
    assert shown(shop, "cap") == ["seen"]
    assert (shown(shop, "cap"), why(shop, "cap", "Three")) == ([], {"offer": "cap"})
    assert heard(shop, "cap") == ["bill/email", "once/email", "bill/email", "text/sms", "seen/web"]

    shop.move_clock(advance="1439m")
    assert why(shop, "cap", "Three") == {"offer": "cap"}
    shop.move_clock(advance="2m")
    shop.collect(*[track("cap", "Three") for _ in range(3)])
    assert heard(shop, "cap")[5:] == ["offer/email", "offer/email"]
    shop.move_clock(advance="48h")
    assert why(shop, "cap", "Three") == {"offer": "cap"}


def test_what_is_worth_too_little_is_not_said(shop: Shop) -> None:
    shop.publish(
        book(message("low", "one", value="0.2"), message("bill", "one", kind="service"),
             message("high", "two", value="20"), more=policies(silence="{below: 0.05}"))
    )  # fmt: skip
    know(shop, "sil")
    assert why(shop, "sil", "One") == {"bill": "", "low": "below-silence"}
    assert why(shop, "sil", "Two") == {"high": ""}


def test_a_topic_is_kept_from_an_audience(shop: Shop) -> None:
    angry = "segments: {angry: {trait: complaint, is: open}}\n"
    suppress = policies(suppress="[{topic: news, audience: {segment: angry}}]")
    shop.publish(book(message("word", "one"), message("bill", "one", kind="service"), more=angry + suppress))
    know(shop, "sup", complaint="open")
    assert why(shop, "sup", "One") == {"bill": "", "word": "suppressed"}
    shop.know("sup", complaint="closed")
    assert why(shop, "sup", "One") == {"bill": "", "word": ""}


def test_a_topic_rests_when_it_is_ignored(shop: Shop) -> None:
    pause = policies(pause="{after_ignored: 2, days: 10}")
    shop.publish(book(message("word", "one"), message("bill", "two", kind="service"), more=pause))
    for customer in ("ignores", "listens"):
        know(shop, customer)
        shop.collect(track(customer, "One"), track(customer, "One"))
    decision = shop.profile("user:listens")["contacts"][0]["decision"]
    shop.collect(track("listens", "Message Clicked", decision=decision), headers=OPERATOR)
    shop.move_clock(advance="167h")
    assert why(shop, "ignores", "One") == {"word": ""}
    shop.move_clock(advance="2h")
    assert why(shop, "ignores", "One") == {"word": "paused"}
    assert why(shop, "listens", "One") == {"word": ""}
    assert why(shop, "ignores", "Two") == {"bill": ""}
    shop.move_clock(advance="240h")
    assert why(shop, "ignores", "One") == {"word": ""}


def test_the_holdout_is_about_its_share_and_the_same_customers_each_time(shop: Shop) -> None:
    def published(share: str) -> str:
        both = "{plain: {web: {t: p}, callcentre: {say: p}}, bold: {web: {t: b}, callcentre: {say: b}}}"
        return book(
            f"  word: {{topic: news, placements: [home, desk], variants: {both}}}\n",
            message("bill", placements="[desk]", kind="service"),
            more="experiments: {copy: {message: word, split: {plain: 50%, bold: 50%}}}\n"
            + policies(holdout=f"{{share: {share}}}"),
        )

    def variants(placement: str) -> dict[int, str]:
        asked = ((at, shop.decide(userId=f"h{at}", placement=placement, limit=5)) for at in range(CUSTOMERS))
        return {
            at: one["variant"]
            for at, answer in asked
            for one in answer["messages"]
            if one["message"] == "word"
        }

    shop.publish(published("20%"))
    for start in range(0, CUSTOMERS, 100):
        shop.collect(*[{"type": "identify", "userId": f"h{at}"} for at in range(start, start + 100)])
    first = variants("home")
    shop.move_clock(advance="25h")
    assert variants("desk") == first
    assert 0.7 * CUSTOMERS < len(first) < 0.9 * CUSTOMERS
    assert 0.4 < list(first.values()).count("bold") / len(first) < 0.6
    held_out = next(at for at in range(CUSTOMERS) if at not in first)
    assert shown(shop, f"h{held_out}", "desk", limit=5) == ["bill"]
    shop.publish(published("40%"))
    shop.move_clock(advance="25h")
    assert variants("home").items() < first.items()


def test_an_offer_stands_on_every_channel_until_it_is_used(shop: Shop) -> None:
    rain = {"weather": {"rain_mm": 5}}
    shop.publish(
        book(
            message("umbrella", "one", kind="offer", placements="[home, desk]", value="5",
                    for_="{context: weather.rain_mm, above: 2}", goal="{did: Order Completed, within: 3d}"),
            message("hat", placements="[home]", kind="offer"),
            message("bill", placements="[home]", kind="service", for_="{trait: owes, is: true}"),
        )
    )  # fmt: skip
    for customer in ("uses", "mailed"):
        know(shop, customer)
    given = shop.decide(userId="uses", placement="home", context=rain)
    at_the_desk = shop.decide(userId="uses", placement="desk")
    assert (at_the_desk["decision"], shown(shop, "uses")) == (given["decision"], ["umbrella"])
    assert at_the_desk["messages"][0]["until"] == given["messages"][0]["until"]
    assert heard(shop, "uses") == ["umbrella/web"]
    shop.know("uses", owes=True)
    assert shown(shop, "uses", limit=3) == ["bill", "umbrella", "hat"]
    shop.collect(track("uses", "Order Completed"))
    assert shop.contacts("uses")[0] == ("umbrella", "web", "converted")
    assert "umbrella" not in shown(shop, "uses", limit=3)

    shop.collect({**track("mailed", "One"), "context": rain})
    assert (shown(shop, "mailed"), heard(shop, "mailed")) == (["umbrella"], ["umbrella/email"])
    shop.move_clock(advance="73h")
    assert shown(shop, "mailed") == ["hat"]


def test_nothing_stands_until_the_customer_does_something_and_is_explained_each_time(shop: Shop) -> None:
    shop.publish(book(message("gold", placements="[home]", for_="{trait: plan, is: gold}")))
    know(shop, "idler")

    def explained() -> Any:
        answer = shop.decide(userId="idler", placement="home", explain=True)
        reasons = {one["message"]: one["reason"] for one in answer["explain"]["messages"]}
        return answer["decision"], answer["outcome"], reasons

    first = explained()
    assert first[1:] == ("nothing", {"gold": "not-for-them"})
    assert explained() == first
    shop.know("idler", plan="gold")
    assert shown(shop, "idler") == ["gold"]


def test_service_goes_out_beside_the_best_of_the_rest(shop: Shop) -> None:
    shop.publish(
        book(
            message("bill", "one", kind="service"),
            message("notice", "one", kind="service", channels="[sms]"),
            message("cheap", "one", value="1"),
            message("dear", "one", value="2"),
            message("boosted", "one", value="1", boost="2.5"),
            message("heavy", "one", weights="[{when: {context: rain, above: 10}, times: 3}]"),
        )
    )
    know(shop, "dry")
    know(shop, "wet")
    shop.collect(track("dry", "One"), {**track("wet", "One"), "context": {"rain": 15}})
    assert heard(shop, "dry") == ["bill/email", "notice/sms", "boosted/email"]
    assert heard(shop, "wet") == ["bill/email", "notice/sms", "heavy/email"]
    asked = {"identifier": "user:dry", "moment": {"event": {"type": "track", "event": "One"}}}
    told = shop.post("/v1/simulate", asked).json["explain"]["messages"]
    assert {one["words"] for one in told if one.get("reason")} == {"boosted came before it"}


def test_quiet_hours_hold_until_the_customers_own_morning(shop: Shop) -> None:
    shop.move_clock(set="2026-11-01T02:30:00Z")  # 21:30 in Chicago, whose clocks go back that night
    shop.publish(
        book(
            message("word", "one", channels="[sms, email]", for_="{trait: plan, is: gold}"),
            message("bill", "two", kind="service", channels="[sms]"),
            message("alarm", "three", kind="service", channels="[sms]", quiet="ignore"),
            more=policies(
                quiet="{from: '21:00', until: '08:00', channels: [sms]}",
                caps="[{messages: 1, per: 1d, channel: sms}]",
            ),
        )
    )
    zones = {"chicago": "America/Chicago", "tokyo": "Asia/Tokyo", "nowhere": None, "leaves": None}
    for customer, zone in zones.items():
        know(shop, customer, plan="gold")
        shop.collect({**track(customer, "One"), "context": {"timezone": zone} if zone else {}})
    shop.collect(track("chicago", "Two"), track("chicago", "Three"))
    assert shop.contacts("tokyo") == [("word", "sms", "delivered")]
    assert sorted(shop.contacts("chicago")) == [
        ("alarm", "sms", "delivered"),
        ("bill", "sms", "reserved"),
        ("word", "sms", "reserved"),
    ]
    assert why(shop, "chicago", "One") == {"word": "cap"}

    shop.know("leaves", plan="none")
    shop.move_clock(set="2026-11-01T13:59:00Z")
    assert shop.contacts("nowhere") == [("word", "sms", "reserved")]
    shop.move_clock(set="2026-11-01T14:02:00Z")
    sent = shop.mail(shop.profile("user:chicago")["traits"]["phone"])
    assert sorted((one["text"], one["at"][:19]) for one in sent[1:]) == [
        ("bill", "2026-11-01T14:00:00"),
        ("word", "2026-11-01T14:00:00"),
    ]
    assert shop.contacts("nowhere") == [("word", "sms", "delivered")]
    assert shop.contacts("leaves") == [("word", "sms", "dropped")]
