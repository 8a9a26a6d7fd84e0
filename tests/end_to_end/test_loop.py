"""The whole loop over HTTP: what customers do, what is decided, what reaches them, and what comes back."""

from __future__ import annotations

import email
import itertools
import json
import os
import re
from collections.abc import Iterator
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.instants import from_text, to_text
from tests.end_to_end.shop import NOBODY, OPERATOR, WRITE, Shop, opened, token, track

PLAYBOOK = (Path(__file__).parent / "loop.yaml").read_text()
RAIN = {"weather": {"rain_mm": 12}}
TOPEKA = {"location": {"city": "Topeka", "region": "Kansas", "country": "United States"}}
HOUR, DAY = 3_600_000, 86_400_000
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with opened(PLAYBOOK, at="2026-04-01T15:00:00Z") as running:
        yield running
        assert set(map(tuple, running.stack.dead_letters().values())) == {()}


@pytest.fixture(autouse=True)
def morning(shop: Shop) -> None:
    """Each test begins at ten in the morning in Topeka, on a day of its own."""
    today = shop.stack.now() // DAY * DAY
    shop.move_clock(set=to_text(today + DAY + 15 * HOUR))


class Customer:
    """A customer our server knows by e-mail and phone, who takes offers on the channels named."""

    def __init__(self, shop: Shop, *channels: str, **traits: Any) -> None:
        number = next(numbers)
        self.shop, self.id = shop, f"customer-{number}"
        self.email, self.phone = f"customer{number}@example.com", f"+1785555{number:04}"
        reached = {"email": self.email, "phone": self.phone}
        shop.know(
            self.id, tuple(f"{each}/offers" for each in channels), **{**reached, "firstName": "Ann", **traits}
        )

    def does(self, event: str, **properties: Any) -> None:
        self.shop.collect(track(self.id, event, **properties))

    def is_rained_on(self) -> None:
        self.shop.announce("Rain Started", identifiers=[f"user:{self.id}"], facts=RAIN)

    @property
    def subjects(self) -> list[str]:
        return [letter["subject"] for letter in self.shop.mail(self.email)]

    @property
    def texts(self) -> list[str]:
        return [letter["text"] for letter in self.shop.mail(self.phone)]

    @property
    def contacts(self) -> list[tuple[str, str, str]]:
        return self.shop.contacts(self.id)

    @property
    def profile(self) -> Any:
        return self.shop.profile(f"user:{self.id}")


def link(text: str, page: str) -> str:
    """The address of a page (`c`, `o`, `u`, `p`) in a text."""
    found = re.search(rf"http://[\w.:]+/{page}/[\w-]+", text)
    assert found is not None
    return found[0]


def items_of(table: str) -> list[Any]:
    """Every item of a table, as a backup holds it."""
    import boto3

    scan = boto3.client("dynamodb").get_paginator("scan")
    return [item for page in scan.paginate(TableName=f"topeka-local-{table}") for item in page["Items"]]


def put_back(backup: dict[str, list[Any]]) -> None:
    """Tables as a backup has them. A restored table's stream is new: no commit of before comes by it."""
    import boto3

    dynamodb = boto3.client("dynamodb")
    for table, items in backup.items():
        for item in items:
            kept = {name: value for name, value in item.items() if name != "outbox"}
            dynamodb.put_item(TableName=f"topeka-local-{table}", Item=kept)


def lake() -> Iterator[bytes]:
    """What the lake's files hold."""
    import boto3

    s3, bucket = boto3.client("s3"), os.environ["TOPEKA_LAKE_BUCKET"]
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="lake/"):
        for each in page.get("Contents", ()):
            yield s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()


def lake_kinds(profile: str) -> set[str]:
    """The kinds of lines the lake holds of a profile."""
    lines = (json.loads(line) for file in lake() for line in file.splitlines())
    return {line["kind"] for line in lines if line["profile"] == profile}


def umbrella() -> dict[str, Any]:
    return {"total": 40, "products": [{"category": "umbrella"}]}


class TestFromAnEventToALetter:
    def test_a_visitor_who_logs_in_where_it_rains_gets_a_letter(self, shop: Shop) -> None:
        device, user = {"anonymousId": "device-1"}, {"userId": "visitor"}
        shop.collect(
            {"type": "page", **device, "context": TOPEKA},
            {"type": "track", **device, "event": "Product Viewed"},
        )
        shop.collect({"type": "identify", **device, **user, "traits": {"email": "Visitor@Example.com"}})
        shop.know("visitor", ("email/offers",), email="visitor@example.com", firstName="Žofia")
        profile = shop.profile("anonymous:device-1")
        assert profile == shop.profile("user:visitor") == shop.profile("email:visitor@example.com")
        assert profile["activity"]["Product Viewed"]["total"] == 1
        assert profile["place"]["slug"] == "us-ks-topeka"
        shop.announce("Rain Started", place="us-ks-topeka", facts=RAIN)
        (letter,) = shop.mail("visitor@example.com")
        assert letter["subject"] == "Dry in Topeka, Žofia?"
        assert letter["text"].startswith("12 mm, Žofia ☂ http")
        assert shop.contacts("visitor") == [("umbrella", "email", "delivered")]

    def test_the_letter_is_what_mail_programs_want(self, shop: Shop) -> None:
        ann = Customer(shop, "email", firstName="<b>Ann</b>")
        ann.is_rained_on()
        sent = next(each for each in shop.stack.post.sent() if each.taken.to == ann.email)
        assert sent.taken.mime is not None
        message: Any = email.message_from_bytes(sent.taken.mime, policy=default)
        assert message.get_content_type() == "multipart/alternative"
        assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
        assert message["From"] == "Umbrella Shop <hello@shop.example.com>"
        assert message["To"] == ann.email
        assert re.fullmatch(r"<\S+@shop\.example\.com>", message["Message-ID"])
        assert re.fullmatch(rf"<{shop.url}/u/[\w-]+>", message["List-Unsubscribe"])
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert message["Date"].datetime.timestamp() * 1000 == pytest.approx(sent.at, abs=1_000)
        html = message.get_body(("html",)).get_content()
        assert "&lt;b&gt;Ann&lt;/b&gt;" in html and "<b>Ann" not in html and "<mj-" not in html
        assert "<b>Ann</b> ☂" in message.get_body(("plain",)).get_content()

    def test_an_sms_is_written_to_who_takes_sms(self, shop: Shop) -> None:
        ann = Customer(shop, "sms", "email")
        ann.is_rained_on()
        (text,) = ann.texts
        assert text.startswith("It's raining, Ann. 20% off umbrellas: http")
        assert ann.subjects == []
        assert ann.contacts == [("umbrella", "sms", "delivered")]

    @pytest.mark.parametrize("why", ["no permission", "has an umbrella", "hardly any rain", "denied since"])
    def test_the_others_hear_nothing(self, shop: Shop, why: str) -> None:
        ann = Customer(shop, *() if why == "no permission" else ("email",))
        if why == "has an umbrella":
            ann.does("Order Completed", **umbrella())
        if why == "denied since":
            shop.permit(ann.id, "email", "offers", "denied")
        facts = {"weather": {"rain_mm": 1}} if why == "hardly any rain" else RAIN
        shop.announce("Rain Started", identifiers=[f"user:{ann.id}"], facts=facts)
        assert ann.subjects == ann.texts == [] and ann.contacts == []

    def test_a_service_message_needs_no_permission(self, shop: Shop) -> None:
        ann = Customer(shop)
        ann.does("Order Shipped", order=7)
        assert ann.texts == ["Order 7 is on its way."]


class TestWhatComesBack:
    def test_a_click_leads_to_the_shop_and_is_remembered(self, shop: Shop) -> None:
        ann = Customer(shop, "email")
        ann.is_rained_on()
        click = link(shop.mail(ann.email)[0]["text"], "c")
        assert shop.ask("HEAD", click, headers=NOBODY).status == 302
        shop.move_clock(advance="1m")
        assert ann.contacts == [("umbrella", "email", "delivered")]
        answer = shop.ask("GET", f"{click}?u=https://evil.example.com", headers=NOBODY)
        assert (answer.status, answer.headers["location"]) == (
            302,
            "https://shop.example.com/umbrellas?from=crm",
        )
        shop.settle()
        assert ann.contacts == [("umbrella", "email", "clicked")]

    def test_a_click_in_an_sms_leads_on_by_a_link_of_39_characters(self, shop: Shop) -> None:
        ann = Customer(shop, "sms")
        ann.is_rained_on()
        click = link(ann.texts[0], "c")
        assert len(click) == len(shop.url) + 39 and len(ann.texts[0]) <= 160
        assert shop.ask("GET", click.removesuffix("shop") + "cart", headers=NOBODY).status == 404
        answer = shop.ask("GET", click, headers=NOBODY)
        assert answer.headers["location"] == "https://shop.example.com/umbrellas?from=crm"
        shop.settle()
        assert ann.contacts == [("umbrella", "sms", "clicked")]

    def test_an_open_is_remembered(self, shop: Shop) -> None:
        ann = Customer(shop, "email")
        ann.is_rained_on()
        shop.move_clock(advance="1m")
        answer = shop.ask("GET", link(shop.mail(ann.email)[0]["html"], "o"), headers=NOBODY)
        assert (answer.status, answer.headers["content-type"]) == (200, "image/gif")
        assert answer.body.startswith(b"GIF89a")
        shop.settle()
        assert ann.contacts == [("umbrella", "email", "opened")]

    def test_what_a_message_was_for_is_remembered(self, shop: Shop) -> None:
        ann = Customer(shop, "sms")
        ann.is_rained_on()
        ann.does("Order Completed", total=5)
        assert ann.contacts == [("umbrella", "sms", "converted")]

    def test_one_click_unsubscribes_and_looking_does_not(self, shop: Shop) -> None:
        ann = Customer(shop, "email")
        ann.is_rained_on()
        leave = shop.mail(ann.email)[0]["headers"]["List-Unsubscribe"].strip("<>")
        page = shop.ask("GET", leave, headers=NOBODY)
        assert page.status == 200 and b"<form" in page.body and b"Offers" in page.body
        assert ann.profile["permissions"]["email"]["offers"]["state"] == "granted"
        answer = shop.ask(
            "POST",
            leave,
            b"List-Unsubscribe=One-Click",
            {"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert answer.status == 200
        assert ann.profile["permissions"]["email"]["offers"]["state"] == "denied"
        ann.is_rained_on()
        assert len(ann.subjects) == 1

    def test_the_preference_centre_takes_back_and_gives_again(self, shop: Shop) -> None:
        ann = Customer(shop, "email")
        ann.is_rained_on()
        unsubscribe = link(shop.mail(ann.email)[0]["headers"]["List-Unsubscribe"], "u")
        done = shop.ask("POST", unsubscribe, b"", NOBODY)
        preferences = link(done.body.decode(), "p")
        page = shop.ask("GET", preferences, headers=NOBODY).body.decode()
        assert ann.email not in page and "c***@example.com" in page
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert shop.ask("POST", preferences, b"topic=email/offers&topic=email/news", form).status == 200
        shop.settle()
        ann.is_rained_on()
        assert len(ann.subjects) == 2

    @pytest.mark.parametrize("event", ["Email Bounced", "Email Marked as Spam"])
    def test_an_address_that_fails_is_written_to_no_more(self, shop: Shop, event: str) -> None:
        ann = Customer(shop, "email", phone=None)
        ann.is_rained_on()
        shop.post(
            "/local/feedback", {"delivery": shop.mail(ann.email)[0]["delivery"], "event": event}, NOBODY
        )
        shop.settle()
        assert ann.contacts[0][2] in ("bounced", "complained")
        ann.is_rained_on()
        ann.does("Order Shipped", order=8)
        assert len(ann.subjects) == 1

    def test_an_address_that_fails_for_now_is_written_to_again(self, shop: Shop) -> None:
        ann = Customer(shop, "email")
        ann.is_rained_on()
        told = {
            "delivery": shop.mail(ann.email)[0]["delivery"],
            "event": "Email Bounced",
            "type": "Transient",
        }
        shop.post("/local/feedback", told, NOBODY)
        shop.settle()
        ann.is_rained_on()
        assert len(ann.subjects) == 2

    def test_stop_stops_all_sms_and_start_starts_them_again(self, shop: Shop) -> None:
        ann = Customer(shop, "sms", email=None)
        for word, texts in (("Stop", 0), ("START", 1), ("¡Alto!", 1), ("Inicio", 2)):
            shop.post("/local/inbound", {"channel": "sms", "from": ann.phone, "text": word}, NOBODY)
            shop.settle()
            ann.does("Order Shipped", order=9)
            assert len([text for text in ann.texts if "on its way" in text]) == texts

    @pytest.mark.parametrize(("word", "answer"), [("HELP", "reply STOP"), ("¿Ayuda?", "responda BAJA")])
    def test_help_is_answered_in_its_language(self, shop: Shop, word: str, answer: str) -> None:
        ann = Customer(shop, email=None)
        shop.post("/local/inbound", {"channel": "sms", "from": ann.phone, "text": word}, NOBODY)
        shop.settle()
        (text,) = ann.texts
        assert answer in text and "hello@shop.example.com" in text


class TestTime:
    def night(self, shop: Shop) -> None:
        """Ten in the evening in Topeka."""
        shop.move_clock(advance="12h")

    def test_what_is_decided_at_night_is_sent_in_the_morning(self, shop: Shop) -> None:
        ann = Customer(shop, "sms", "email")
        self.night(shop)
        ann.is_rained_on()
        assert ann.contacts == [("umbrella", "sms", "reserved")] and ann.texts == ann.subjects == []
        shop.move_clock(advance="9h")
        assert ann.texts == []
        shop.move_clock(advance="70m")
        assert len(ann.texts) == 1 and ann.subjects == []
        assert shop.mail(ann.phone)[0]["at"][11:16] in ("13:00", "13:01")
        assert ann.contacts == [("umbrella", "sms", "delivered")]

    @pytest.mark.parametrize("why", ["bought one", "said no", "switched off"])
    def test_what_no_longer_holds_in_the_morning_is_dropped(self, shop: Shop, why: str) -> None:
        ann = Customer(shop, "sms")
        self.night(shop)
        ann.is_rained_on()
        assert ann.contacts == [("umbrella", "sms", "reserved")]
        if why == "bought one":
            ann.does("Order Completed", **umbrella())
        elif why == "said no":
            shop.permit(ann.id, "sms", "offers", "denied")
        else:
            shop.switch(messages={"umbrella": False})
        shop.move_clock(advance="12h")
        shop.switch()
        assert ann.texts == [] and [state for _, _, state in ann.contacts] in ([], ["dropped"])

    def test_a_zone_of_the_customers_own_is_heeded(self, shop: Shop) -> None:
        """Ten in the evening in Topeka is noon in Tokyo."""
        ann = Customer(shop, "sms")
        self.night(shop)
        shop.collect(track(ann.id, "Seen") | {"context": {"timezone": "Asia/Tokyo"}})
        ann.is_rained_on()
        assert len(ann.texts) == 1

    def test_a_cart_that_is_left_is_recalled_after_an_hour(self, shop: Shop) -> None:
        ann = Customer(shop)
        ann.does("Cart Updated", item="a hat")
        shop.move_clock(advance="59m")
        assert ann.subjects == []
        shop.move_clock(advance="2m")
        assert ann.subjects == ["You left a hat"]

    def test_a_cart_that_is_bought_is_not(self, shop: Shop) -> None:
        ann = Customer(shop)
        ann.does("Cart Updated", item="a hat")
        shop.move_clock(advance="30m")
        ann.does("Order Completed", total=1)
        shop.move_clock(advance="2h")
        assert ann.subjects == []

    def test_an_order_before_the_cart_does_not_count_and_another_item_starts_the_hour_again(
        self, shop: Shop
    ) -> None:
        ann = Customer(shop)
        ann.does("Order Completed", total=1)
        shop.move_clock(advance="5m")
        ann.does("Cart Updated", item="a hat")
        shop.move_clock(advance="40m")
        ann.does("Cart Updated", item="a scarf")
        shop.move_clock(advance="40m")
        assert ann.subjects == []
        shop.move_clock(advance="30m")
        assert ann.subjects == ["You left a scarf"]

    def test_a_customer_enters_a_segment_by_an_event_and_leaves_it_by_time(self, shop: Shop) -> None:
        ann = Customer(shop)
        for _ in range(3):
            ann.does("Product Viewed")
        assert ann.subjects == ["Good to see you"]
        assert ann.profile["segments"] == ["regular"]
        assert ann.profile["id"] in members(shop, "regular")
        shop.move_clock(advance="6d")
        shop.move_clock(advance="23h")
        assert ann.profile["segments"] == ["regular"] and len(ann.subjects) == 1
        shop.move_clock(advance="65m")
        assert ann.subjects == ["Good to see you", "Where are you?"]
        assert ann.profile["segments"] == []
        assert ann.profile["id"] not in members(shop, "regular")


def members(shop: Shop, segment: str) -> set[str]:
    page = shop.ask("GET", f"/v1/segments/{segment}/members?limit=1000").json
    assert page["cursor"] == ""
    return {one["id"] for one in page["members"]}


class TestMoments:
    def test_a_place_reaches_who_is_there_now(self, shop: Shop) -> None:
        there, left, lives = Customer(shop, "email"), Customer(shop, "email"), Customer(shop, "email", address={
            "city": "Tampa", "state": "FL", "country": "US"})  # fmt: skip
        tampa = {"location": {"city": "Tampa", "region": "Florida", "country": "US"}}
        shop.collect(track(left.id, "Seen") | {"context": tampa})
        shop.move_clock(advance="11h")
        shop.collect(track(there.id, "Seen") | {"context": tampa})
        shop.move_clock(advance="2h")
        shop.announce("Rain Started", place="us-fl-tampa", facts=RAIN)
        assert [len(one.subjects) for one in (there, left, lives)] == [1, 0, 1]

    def test_a_segment_reaches_its_members(self, shop: Shop) -> None:
        member, other = Customer(shop, "email"), Customer(shop, "email")
        for _ in range(3):
            member.does("Product Viewed")
        shop.announce("Rain Started", segment="regular", facts=RAIN)
        assert (len(member.subjects), len(other.subjects)) == (2, 0)

    def test_identifiers_reach_whom_they_name(self, shop: Shop) -> None:
        by_user, by_email, by_phone, other = (Customer(shop, "email") for _ in range(4))
        named = [
            f"user:{by_user.id}",
            f"email:{by_email.email}",
            f"phone:{by_phone.phone}",
            "user:nobody-yet",
            "x",
        ]
        shop.announce("Rain Started", identifiers=named, facts=RAIN)
        assert [len(one.subjects) for one in (by_user, by_email, by_phone, other)] == [1, 1, 1, 0]
        assert shop.profile("user:nobody-yet") is None

    def test_the_same_id_is_the_same_moment(self, shop: Shop) -> None:
        ann = Customer(shop, "email")
        for _ in range(3):
            shop.announce("Rain Started", id=f"storm {ann.id}", identifiers=[f"user:{ann.id}"], facts=RAIN)
        assert len(ann.subjects) == 1
        assert ann.profile["activity"]["Rain Started"]["total"] == 1

    def test_what_is_over_reaches_nobody(self, shop: Shop) -> None:
        ann = Customer(shop, "email")
        until = {"until": "2026-01-01T00:00:00Z"}
        shop.announce("Rain Started", identifiers=[f"user:{ann.id}"], facts=RAIN, **until)
        assert ann.subjects == []


class TestDeciding:
    HERO = "web.home.hero"

    def shown(self, shop: Shop, ann: Customer, **asked: Any) -> Any:
        who = {"userId": ann.id, "userToken": token(ann.id)}
        return shop.decide(WRITE, placement=self.HERO, context=RAIN, **who, **asked)

    def test_a_page_shows_the_offer_and_its_click_comes_back(self, shop: Shop) -> None:
        ann = Customer(shop)
        shown = self.shown(shop, ann)
        (message,) = shown["messages"]
        assert (shown["outcome"], message["message"], message["kind"]) == ("offer", "umbrella", "offer")
        assert message["content"]["headline"] == "Stay dry, Ann"
        assert from_text(message["until"]) == pytest.approx(shop.stack.now() + 3 * DAY, abs=120_000)
        ann.does("Message Viewed", decision=shown["decision"])
        assert [state for _, _, state in ann.contacts] == ["opened"]
        assert shop.ask("GET", message["content"]["link"], headers=NOBODY).status == 302
        shop.settle()
        assert [state for _, _, state in ann.contacts] == ["clicked"]

    def test_an_offer_stands_on_every_channel_until_it_is_used(self, shop: Shop) -> None:
        ann = Customer(shop, "email")
        ann.is_rained_on()
        again = [self.shown(shop, ann) for _ in range(2)]
        assert [one["messages"][0]["message"] for one in again] == ["umbrella", "umbrella"]
        assert len(ann.contacts) == 1
        ann.does("Order Completed", **umbrella())
        assert self.shown(shop, ann)["outcome"] == "nothing"

    def test_an_unknown_customer_is_decided_for(self, shop: Shop) -> None:
        shown = shop.decide(WRITE, placement=self.HERO, context=RAIN, anonymousId="never seen")
        assert shown["messages"][0]["content"]["headline"] == "Stay dry, friend"
        nothing = shop.decide(WRITE, placement=self.HERO, anonymousId="never seen either")
        assert (nothing["outcome"], nothing["messages"]) == ("nothing", [])

    def test_caps_count_across_channels(self, shop: Shop) -> None:
        ann = Customer(shop, "sms", "email")
        assert self.shown(shop, ann)["outcome"] == "offer"
        ann.does("Order Completed", total=101)
        ann.is_rained_on()
        assert [(name, channel) for name, channel, _ in ann.contacts] == [
            ("umbrella", "web"), ("thanks", "email"), ("umbrella", "sms"),
        ]  # fmt: skip
        ann.does("Order Completed", total=102)
        ann.is_rained_on()
        assert len(ann.contacts) == 3
        ann.does("Order Shipped", order=1)
        assert ann.texts[-1] == "Order 1 is on its way."
        shop.move_clock(advance="25h")
        ann.does("Order Completed", total=103)
        assert ann.subjects == ["Thank you", "Thank you"]

    @pytest.mark.parametrize(
        "switches",
        [{"sending": False}, {"channels": {"email": False}}, {"messages": {"umbrella": False}}],
        ids=str,
    )
    def test_a_switch_turns_it_off_at_once_and_on_again(self, shop: Shop, switches: Any) -> None:
        ann = Customer(shop, "email")
        shop.switch(**switches)
        ann.is_rained_on()
        off = ann.subjects
        shop.switch()
        ann.is_rained_on()
        assert (off, len(ann.subjects)) == ([], 1)

    def test_a_trial_tells_why_and_writes_nothing(self, shop: Shop) -> None:
        ann, bob = Customer(shop, "email"), Customer(shop)
        ann.does("Order Completed", **umbrella())
        before = [one.profile for one in (ann, bob)]
        event = {"type": "track", "event": "Rain Started"}
        for asked, reason in (
            ({"identifier": f"user:{ann.id}"}, "not-for-them"),
            ({"identifier": f"user:{bob.id}"}, "no-permission"),
            ({"profile": {"traits": {}}}, "no-address"),
        ):
            moment = {"event": event, "context": RAIN}
            told = shop.post("/v1/simulate", {**asked, "moment": moment}).json
            (one,) = [one for one in told["explain"]["messages"] if one["message"] == "umbrella"]
            assert (told["outcome"], one["reason"]) == ("nothing", reason)
            if reason == "not-for-them":
                assert "has_umbrella" in str(one)
        hero = {"moment": {"placement": self.HERO, "context": RAIN}, "identifier": f"user:{bob.id}"}
        told = shop.post("/v1/simulate", hero).json
        assert told["messages"][0]["content"]["headline"] == "Stay dry, Ann"
        night = {"event": event, "context": RAIN}
        profile = {
            "traits": {"phone": "+17855559999"},
            "permissions": {"sms": {"offers": {"state": "granted"}}},
        }
        told = shop.post(
            "/v1/simulate", {"moment": night, "profile": profile, "at": "2026-12-01T05:00:00Z"}
        ).json
        assert told["messages"][0]["heldUntil"] == "2026-12-01T14:00:00.000Z"
        shop.settle()
        assert [one.profile for one in (ann, bob)] == before
        assert shop.mail("+17855559999") == [] and shop.profile("phone:+17855559999") is None

    def test_a_decision_is_explained_and_kept(self, shop: Shop) -> None:
        ann = Customer(shop)
        shown = shop.decide(OPERATOR, placement=self.HERO, context=RAIN, userId=ann.id, explain=True)
        assert [one["message"] for one in shown["explain"]["messages"]] == ["umbrella"]
        decisions = shop.ask("GET", f"/v1/profiles/user:{ann.id}/decisions").json["decisions"]
        assert shown["decision"] in str(decisions)


class TestWhateverTheOrder:
    def events(self, user: str, at: int) -> list[dict[str, Any]]:
        """A morning of a customer, each event with its own id and time."""
        calls: list[dict[str, Any]] = [
            {"type": "identify", "traits": {"plan": "silver", "city": "Topeka"}},
            {"type": "track", "event": "Product Viewed", "properties": {"sku": 1}},
            {"type": "track", "event": "Product Viewed", "properties": {"sku": 2}},
            {"type": "identify", "traits": {"plan": "gold"}},
            {"type": "track", "event": "Order Completed", "properties": {"total": 120}},
            {"type": "page", "name": "Home", "anonymousId": f"device of {user}"},
        ]
        return [
            {"userId": user, **call, "messageId": f"{user} {place}", "timestamp": to_text(at + place * 1_000)}
            for place, call in enumerate(calls)
        ]

    def facts(self, customer: Customer) -> Any:
        """What the profile holds of these events; not the addresses, nor when the letter came."""
        profile = customer.profile
        return {
            "traits": {name: profile["traits"][name] for name in ("plan", "city")},
            "activity": {
                name: profile["activity"][name]
                for name in ("Product Viewed", "Order Completed", "Page Viewed")
            },
            "segments": profile["segments"],
        }

    def test_repeated_late_or_out_of_order_they_give_the_same_facts_and_no_second_message(
        self, shop: Shop
    ) -> None:
        plain, repeated, backwards, late = (Customer(shop) for _ in range(4))
        at = shop.stack.now() - 60_000
        shop.collect(*self.events(plain.id, at))
        events = self.events(repeated.id, at)
        shop.collect(*events, *events)
        for event in [*events, *events[::-1]]:
            shop.collect(event)
        for event in self.events(backwards.id, at)[::-1]:
            shop.collect(event)
        early, rest = self.events(late.id, at)[4:], self.events(late.id, at)[:4]
        shop.collect(*early)
        shop.move_clock(advance="3h")
        shop.collect(*rest)
        shop.collect(*early, *rest)
        expected = self.facts(plain)
        assert expected["traits"]["plan"] == "gold"
        assert expected["activity"]["Product Viewed"]["total"] == 2
        for customer in (repeated, backwards, late):
            assert self.facts(customer) == expected
            assert customer.subjects == ["Thank you"]
        assert plain.subjects == ["Thank you"]

    def test_an_import_of_old_events_says_nothing(self, shop: Shop) -> None:
        ann = Customer(shop)
        shop.collect(track(ann.id, "Order Completed", total=500) | {"timestamp": "2026-01-01T00:00:00Z"})
        assert ann.subjects == []
        assert ann.profile["activity"]["Order Completed"]["total"] == 1


class TestForgetting:
    def test_an_erased_customer_is_gone_and_hears_nothing_more(self, shop: Shop) -> None:
        ann = Customer(shop, "sms", "email")
        shop.collect({"type": "page", "userId": ann.id, "anonymousId": f"device of {ann.id}"})
        for _ in range(3):
            ann.does("Product Viewed")
        ann.does("Cart Updated", item="a hat")
        letters, id = len(ann.subjects), ann.profile["id"]
        shop.move_clock(advance="12h")
        ann.is_rained_on()
        letters = len(ann.subjects)
        before = track(ann.id, "Order Completed") | {"timestamp": shop.move_clock(advance="1m")}
        shop.move_clock(advance="1m")
        answer = shop.ask("DELETE", f"/v1/profiles/user:{ann.id}")
        assert answer.status == 202
        named = (
            id,
            f"user:{ann.id}",
            f"anonymous:device of {ann.id}",
            f"email:{ann.email}",
            f"phone:{ann.phone}",
        )
        assert [shop.profile(name) for name in named] == [None] * 5
        assert shop.ask("GET", f"/v1/profiles/{id}/timeline").status == 404
        assert id not in members(shop, "regular")
        shop.collect(before)
        shop.move_clock(advance="2d")
        assert [shop.profile(name) for name in named] == [None] * 5
        assert (len(ann.subjects), ann.texts) == (letters, [])
        ann.does("Product Viewed")
        assert ann.profile["activity"] == {
            "Product Viewed": {**ann.profile["activity"]["Product Viewed"], "total": 1}
        }
        assert ann.profile["traits"] == {} and ann.profile["contacts"] == []

    def test_the_lake_forgets_an_erased_customer_by_the_date_that_was_stated(self, shop: Shop) -> None:
        ann, bob = Customer(shop, "email"), Customer(shop, "email")
        ann.is_rained_on()
        bob.is_rained_on()
        id, other = ann.profile["id"], bob.profile["id"]
        kinds = {"event", "decision"}
        assert lake_kinds(id) == lake_kinds(other) == kinds
        answer = shop.ask("DELETE", f"/v1/profiles/user:{ann.id}").json
        shop.move_clock(advance="1m")
        ann.does("Came Back")
        assert ann.profile["id"] == id
        shop.move_clock(set=answer["lakeRewrittenBy"])
        assert (lake_kinds(id), lake_kinds(other)) == ({"event"}, kinds)
        assert ann.email.encode() not in b"".join(lake())

    def test_a_backup_brings_an_erased_customer_back_only_until_she_is_erased_again(self, shop: Shop) -> None:
        from chalicelib import wiring
        from chalicelib.services.erase_again import first_job

        ann, bob = Customer(shop, "email"), Customer(shop, "email")
        ann.is_rained_on()
        bob.is_rained_on()
        id, delivery, held = ann.profile["id"], shop.mail(ann.email)[0]["delivery"], bob.profile
        backup = {table: items_of(table) for table in ("profiles", "timeline", "deliveries", "groups")}
        shop.ask("DELETE", f"/v1/profiles/user:{ann.id}")
        put_back(backup)
        assert ann.profile["id"] == id and wiring.deliveries().read([delivery])
        wiring.job_queue().send([first_job()])
        shop.settle()
        for name in (id, f"user:{ann.id}", f"email:{ann.email}", f"phone:{ann.phone}"):
            assert shop.profile(name) is None
        assert wiring.deliveries().read([delivery]) == {}
        assert not any(item["profile"]["S"] == id for item in items_of("timeline"))
        assert bob.profile == held

    def test_an_export_holds_what_is_held(self, shop: Shop) -> None:
        ann = Customer(shop, "email")
        ann.is_rained_on()
        held = shop.ask("GET", f"/v1/profiles/user:{ann.id}/export").body.decode()
        for known in (ann.email, ann.phone, "Rain Started", "umbrella", shop.mail(ann.email)[0]["delivery"]):
            assert known in held


class TestThePlaybook:
    def test_a_change_is_in_force_when_published_and_undone_by_going_back(self, shop: Shop) -> None:
        before = shop.ask("GET", "/health").json["playbook"]
        ann = Customer(shop, "email")
        after = shop.publish(PLAYBOOK.replace("Dry in", "Wet in"))
        assert shop.ask("GET", "/health").json["playbook"] == after > before
        ann.is_rained_on()
        assert shop.post("/v1/playbook/rollback", {"version": before}).json == {"version": before}
        shop.settle()
        ann.is_rained_on()
        assert ann.subjects == ["Wet in town, Ann?", "Dry in town, Ann?"]
        assert shop.ask("GET", "/v1/playbook").body.decode() == PLAYBOOK
        versions = shop.ask("GET", "/v1/playbook/versions").json["versions"]
        assert [one["version"] for one in versions] == list(range(after, 0, -1))

    def test_publishing_fills_a_segment_silently(self, shop: Shop) -> None:
        ann = Customer(shop)
        for _ in range(2):
            ann.does("Product Viewed")
        version = shop.ask("GET", "/health").json["playbook"]
        try:
            shop.publish(PLAYBOOK.replace("at_least: 3", "at_least: 2"))
            shop.settle()
            assert ann.profile["segments"] == ["regular"]
            assert ann.profile["id"] in members(shop, "regular")
            assert ann.subjects == []
        finally:
            shop.post("/v1/playbook/rollback", {"version": version})
            shop.settle()
        assert ann.profile["segments"] == []
        assert ann.subjects == []
