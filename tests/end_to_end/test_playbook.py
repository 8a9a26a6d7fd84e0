"""Every sentence of the playbook page, as a marketer finds it true: conditions, moments, permission, limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.domain.playbook.example import EXAMPLE
from tests.end_to_end.marketing import (
    TOPEKA,
    book,
    faults,
    heard,
    know,
    mailbox,
    message,
    shown,
    subjects,
    why,
)
from tests.end_to_end.shop import NOBODY, OPERATOR, Shop, opened, token, track

CONDITIONS = json.loads((Path(__file__).parent / "condition_cases.json").read_text())
DOCUMENT = "<mjml><mj-body></mj-body></mjml>"


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with opened() as running:
        yield running


def test_the_pages_own_example_runs(shop: Shop) -> None:
    assert shop.publish(EXAMPLE.replace("<mjml>...</mjml>", DOCUMENT))
    know(shop, "ann", "sms/offers", firstName="Ann")
    rain = {"weather": {"rain_mm": 12}}
    hero = shop.decide(userId="ann", placement="web.home.hero", context=rain)
    slot = shop.decide(userId="ann", placement="email.slot.main")["messages"][0]["content"]
    said = shop.decide(userId="ann", placement="callcentre.next")

    assert hero["messages"][0]["content"] == {
        "image": "https://cdn.example.com/crm/umbrella.png",
        "headline": "Stay dry, Ann",
    }
    assert slot["image"] == "https://cdn.example.com/crm/umbrella-600.png"
    assert slot["link"].startswith(f"{shop.url}/c/")
    assert said["messages"][0]["content"] == {"say": "Offer 20% off umbrellas"}
    assert hero["decision"] == said["decision"]
    assert heard(shop, "ann") == ["umbrella_offer/web"]


def test_each_form_of_condition_holds_as_the_page_says(shop: Shop) -> None:
    asked = "".join(
        f"  m{at}: {{placements: [home], for: {case['for']}, variants: {{a: {{web: {{t: t}}}}}}}}\n"
        for at, case in enumerate(CONDITIONS)
    )
    segments = (
        "segments:\n  loyal: {did: Order Completed, at_least: 3, within: 90d}\n"
        "  golden: {all: [{segment: loyal}, {trait: plan, is: gold}]}\n"
    )
    hats = message("seen", "hats")
    shop.publish(book(hats, asked, more=segments, moments="moments: {hats: {event: Hat Seen}}\n"))
    know(
        shop, "cond", "sms/offers", plan="gold", age=31, agetext="31", tags=["red", "blue"], vip=True,
        joined="2026-03-01", renews="2026-07-05", birthday="1990-07-01", children=[{"age": 9}, {"age": 4}],
        address={"city": "Topeka", "state": "Kansas", "country": "US"},
    )  # fmt: skip
    orders = [(50.1, "shoe"), (50.2, "umbrella"), (None, "cap")]
    shop.collect(
        {**track("cond", "Hat Seen"), "context": TOPEKA},
        *[track("cond", "Product Viewed", category=one) for one in ("hats", "hats", "shoes")],
        *[
            track("cond", "Order Completed", revenue=paid, products=[{"category": one}])
            for paid, one in orders
        ],
    )
    shop.permit("cond", "email", "news", "denied")
    facts = {
        "weather": {"rain_mm": 12}, "cart": {"skus": ["A1", "B2"]}, "locale": "en-US",
        "page": {"path": "/shop/x"},
    }  # fmt: skip
    told = shop.decide(userId="cond", placement="home", limit=10, explain=True, context=facts)["explain"]
    reasons = {one["message"]: one.get("reason", "") for one in told["messages"]}

    found = {case["for"]: reasons[f"m{at}"] != "not-for-them" for at, case in enumerate(CONDITIONS)}
    assert found == {case["for"]: case["holds"] for case in CONDITIONS}


def test_a_window_ends_to_the_minute_with_no_event(shop: Shop) -> None:
    shop.publish(
        book(
            message("in_", "came"),
            message("out", "went"),
            more="segments: {viewers: {did: Product Viewed, at_least: 2, within: 2h}}\n",
            moments="moments: {came: {enters: viewers}, went: {leaves: viewers}}\n",
        )
    )
    know(shop, "win")
    shop.collect(track("win", "Product Viewed"))
    shop.move_clock(advance="30m")
    shop.collect(track("win", "Product Viewed"))
    assert subjects(shop, "win") == ["in_"]
    shop.move_clock(advance="89m")
    assert shop.profile("user:win")["segments"] == ["viewers"]
    shop.move_clock(advance="2m")
    assert shop.profile("user:win")["segments"] == []
    assert subjects(shop, "win") == ["in_", "out"]


def test_an_event_answers_when_its_own_values_fit(shop: Shop) -> None:
    shop.publish(
        book(
            message("big", "big_order"),
            message("own", "favourite"),
            moments=(
                "moments:\n  big_order: {event: Paid, when: {event: properties.total, above: 100}}\n"
                "  favourite: {event: Seen, when: {trait: fav, is: {event: properties.sku}}}\n"
            ),
        )
    )
    know(shop, "own", fav="S1")
    shop.collect(track("own", "Paid", total=100), track("own", "Seen", sku="S2"))
    assert subjects(shop, "own") == []
    shop.collect(track("own", "Paid", total=101))
    shop.collect(track("own", "Seen", sku="S1"))
    assert subjects(shop, "own") == ["big", "own"]


def test_a_hold_looks_only_at_what_comes_after_and_starts_again(shop: Shop) -> None:
    waiting = "moments: {cart: {event: Cart Updated, hold: 1h, unless: {did: Order Completed}}}\n"
    shop.publish(book(message("cart_left", "cart"), moments=waiting))
    for customer in ("before", "after", "twice"):
        know(shop, customer)
    shop.collect(track("before", "Order Completed"))
    shop.move_clock(advance="1m")
    shop.collect(*[track(customer, "Cart Updated") for customer in ("before", "after", "twice")])
    shop.move_clock(advance="30m")
    shop.collect(track("after", "Order Completed"), track("twice", "Cart Updated"))
    shop.move_clock(advance="31m")
    assert [subjects(shop, one) for one in ("before", "after", "twice")] == [["cart_left"], [], []]
    shop.move_clock(advance="30m")
    assert subjects(shop, "twice") == ["cart_left"]


def test_publishing_fills_a_segment_silently_and_a_rollback_empties_it(shop: Shop) -> None:
    def wider(plans: str) -> str:
        return book(
            message("hello", "came"),
            more=f"segments: {{gold: {{trait: plan, in: {plans}}}}}\n",
            moments="moments: {came: {enters: gold}}\n",
        )

    know(shop, "sil", plan="tin")
    first = shop.publish(wider("[lead]"))
    shop.settle()
    shop.publish(wider("[lead, tin]"))
    shop.settle()
    assert shop.profile("user:sil")["segments"] == ["gold"]
    shop.know("sil", plan="none")
    assert subjects(shop, "sil") == []
    shop.know("sil", plan="tin")
    assert subjects(shop, "sil") == ["hello"]

    assert shop.post("/v1/playbook/rollback", {"version": first}).json == {"version": first}
    shop.settle()
    assert shop.profile("user:sil")["segments"] == []
    assert shop.ask("GET", "/v1/segments/gold/members").json["members"] == []


def test_a_message_for_nobody_is_published_with_a_warning_and_the_numbers(shop: Shop) -> None:
    shop.collect(
        *[
            {"type": "identify", "userId": f"crowd{at}", "traits": {"email": mailbox(f"crowd{at}")}}
            for at in range(20)
        ]
    )
    nobody = book(
        message("hello", "one"),
        message("rare", "one", for_="{all: [{segment: ruby}, {context: weather.rain_mm, above: 2}]}"),
        message("wet", "one", for_="{context: weather.rain_mm, above: 2}"),
        more="segments: {ruby: {trait: plan, is: ruby}}\n",
    )
    for path in ("/v1/playbook?check=true", "/v1/playbook"):
        answer = shop.ask("PUT", path, nobody.encode())
        rare, segment = answer.json["warnings"]

        assert (answer.status, answer.json["survey"]) == (200, "done")
        assert (rare["path"], segment["path"]) == ("messages.rare", "segments.ruby")
        assert nobody.splitlines()[rare["line"] - 1].startswith("  rare:")
        assert "none could receive it today: " in rare["message"] and "not in segment ruby" in rare["message"]
        assert segment["message"].endswith("none is in it, and `rare` is for nobody else.")
    assert shop.ask("GET", "/v1/playbook").body.decode() == nobody


def test_publishing_says_when_profiles_hold_the_history_that_it_asks_about(shop: Shop) -> None:
    def versions() -> list[Any]:
        return list(shop.ask("GET", "/v1/playbook/versions").json["versions"])

    know(shop, "old")
    shop.collect(track("old", "Hat Seen"), track("old", "Hat Seen"))
    seen = "segments: {hatted: {did: Hat Seen, at_least: 2, within: 7d}}\n"
    answer = shop.ask("PUT", "/v1/playbook", book(message("hello", "one"), more=seen).encode()).json
    shop.settle()
    assert answer["backfill"] == versions()[0]["backfill"] == "running"
    assert shop.profile("user:old")["segments"] == ["hatted"]
    done = shop.move_clock(advance="2m")
    assert versions()[0]["backfill"] == "complete" and versions()[0]["backfilledAt"] <= done
    again = shop.ask("PUT", "/v1/playbook", book(message("hello", "two"), more=seen).encode()).json
    assert again["backfill"] == versions()[0]["backfill"] == "not-needed"


def test_a_template_that_fails_at_sending_falls_to_the_next_message(shop: Shop) -> None:
    endless = "{% for i in (1..traits.n) %}a{% endfor %}"
    words = f"{{plain: {{email: {{subject: endless, text: '{endless}'}}}}}}"
    best = f"  best: {{topic: news, channels: [email], moments: [one], value: 9, variants: {words}}}\n"
    shop.publish(book(best, message("next", "one")))
    know(shop, "few", n=3)
    know(shop, "lots", n=99_999_999)
    shop.collect(track("few", "One"), track("lots", "One"))

    assert (subjects(shop, "few"), subjects(shop, "lots")) == (["endless"], ["next"])
    assert shop.contacts("lots") == [("best", "email", "dropped"), ("next", "email", "delivered")]
    decisions = shop.ask("GET", "/v1/profiles/user:lots/decisions").json["decisions"]
    reasons = {one["choices"][0]["message"]: one["reasons"] for one in decisions}
    assert reasons == {"best": {"outscored": 1}, "next": {"template-failed": 1}}


def test_ask_waits_for_a_yes_and_assume_goes_on_until_a_no(shop: Shop) -> None:
    shop.publish(
        book(
            message("ask", "one", topic="offers"),
            message("assume", "two"),
            message("there", placements="[home, desk]", topic="offers"),
        )
    )
    know(shop, "per")
    assert (why(shop, "per", "One"), why(shop, "per", "Two")) == ({"ask": "no-permission"}, {"assume": ""})
    shop.permit("per", "email", "offers")
    shop.permit("per", "email", "news", "denied")
    assert (why(shop, "per", "One"), why(shop, "per", "Two")) == ({"ask": ""}, {"assume": "no-permission"})

    assert shown(shop, "per") == ["there"]
    shop.permit("per", "web", "offers", "denied")
    assert shown(shop, "per") == []
    assert shown(shop, "per", "desk") == ["there"]


def test_double_opt_in_wants_a_proven_yes(shop: Shop) -> None:
    shop.publish(book(message("deal", "one", topic="deals")))
    yes = track("dbl", "Permission Granted", channel="email", topic="deals")
    shop.collect({"type": "identify", "userId": "dbl", "traits": {"email": mailbox("dbl")}}, yes)
    assert shop.profile("user:dbl")["permissions"]["email"]["deals"]["state"] == "pending"
    assert why(shop, "dbl", "One") == {"deal": "no-permission"}
    shop.collect({**yes, "context": {"userToken": token("dbl")}})
    assert why(shop, "dbl", "One") == {"deal": ""}


def test_the_first_channel_on_which_the_customer_can_and_may_be_reached(shop: Shop) -> None:
    shop.publish(book(message("rain", "one", channels="[push, sms, email]", topic="offers")))
    know(shop, "way", "email/offers")
    shop.collect({**track("way", "One"), "context": {"device": {"token": "t-1"}}})
    for channel in ("sms", "push"):
        shop.permit("way", channel, "offers")
        shop.collect(track("way", "One"))
    assert heard(shop, "way") == ["rain/email", "rain/sms", "rain/push"]


def test_a_stop_word_of_the_playbook_stops_sms(shop: Shop) -> None:
    shop.publish(book(message("text", "one", channels="[sms]")))
    know(shop, "stop")
    phone = shop.profile("user:stop")["traits"]["phone"]
    for word, reason in (("hola", ""), (" Baja. ", "no-permission")):
        shop.post("/local/inbound", {"channel": "sms", "from": phone, "text": word}, NOBODY)
        shop.settle()
        assert why(shop, "stop", "One") == {"text": reason}


def test_what_is_wrong_is_all_told_with_line_path_and_mend(shop: Shop) -> None:
    wrong = """\
playbook: 1
nmae: Wrong
timezone: America/Topeeka
topics: {offers: {label: Offers, default: ask}}
placements: {home: {channel: web}}
segments: {never: {did: X, below: 0}}
moments: {rain: {event: Rain}, bday: {date: traits.birthday}}
messages:
  one:
    topic: ofers
    moments: [rian]
    channels: [email]
    for: {segment: nobody}
    links: {shop: "{{ traits.site }}/x"}
    variants:
      plain: {email: {subject: "{{ traits.name | defualt: 'x' }}", mjml: "<mjml>"}}
  two: {topic: offers, moments: [rain], channels: [sms], variants: {plain: {email: {subject: s, text: t}}}}
policies: {caps: [{messages: 3}]}
"""
    told = faults(shop, wrong)
    assert [(one["line"], one["path"]) for one in told] == [
        (1, ""),
        (2, "nmae"),
        (3, "timezone"),
        (6, "segments.never"),
        (7, "moments.bday"),
        (10, "messages.one.topic"),
        (11, "messages.one.moments[0]"),
        (13, "messages.one.for.segment"),
        (14, "messages.one.links.shop"),
        (16, "messages.one.variants.plain.email.subject"),
        (17, "messages.two"),
        (18, "policies.caps[0]"),
    ]
    assert all(len(one["message"]) > len("Wrong.") for one in told)


def test_a_condition_that_can_never_hold_is_told_once(shop: Shop) -> None:
    never = message("x", "one", for_="{all: [{trait: a, is: b}, {trait: age, above: 2, below: 1}]}")
    assert [one["path"] for one in faults(shop, book(never))] == ["messages.x.for.all[1]"]


def test_the_playbook_is_answered_as_it_was_written(shop: Shop) -> None:
    shop.publish(book(message("kept", "one")))
    written: Any = shop.ask("GET", "/v1/playbook", headers=OPERATOR)
    assert written.body.decode() == book(message("kept", "one"))
