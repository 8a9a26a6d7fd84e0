"""Each channel from an event to what its receiver saw, through a running stack."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.adapters.receiving import Receiver, received
from tests.domain.test_webhooks import is_signed
from tests.end_to_end.shop import OPERATOR, Shop, opened, track

BOOK = """
playbook: 1
name: Umbrella Shop
topics:
  offers: {default: ask}
webhooks:
  messenger: {url: "http://MESSENGER"}
  inside: {url: "http://169.254.169.254/latest/meta-data/"}
moments:
  asked: {event: Umbrella Asked}
messages:
  messenger_offer:
    kind: offer
    topic: offers
    moments: [asked]
    channels: [webhook.messenger]
    for: {trait: likes, is: messenger}
    links: {shop: "https://shop.example.com/umbrellas"}
    variants:
      plain:
        webhook.messenger: {to: "{{ traits.psid }}", text: "Grüße {{ traits.firstName }}", url: "{{ link.shop }}"}
  push_offer:
    kind: offer
    topic: offers
    moments: [asked]
    channels: [push]
    for: {trait: likes, is: push}
    links: {shop: "https://shop.example.com/umbrellas"}
    variants:
      plain: {push: {title: "Rain, {{ traits.firstName }}", body: "20 % off — ☂", link: shop}}
  letter_offer:
    kind: offer
    topic: offers
    moments: [asked]
    channels: [mail]
    for: {trait: likes, is: letters}
    variants:
      plain: {mail: {greeting: "Dear {{ traits.firstName }}", code: A7}}
  inside_offer:
    kind: offer
    topic: offers
    moments: [asked]
    channels: [webhook.inside]
    for: {trait: likes, is: inside}
    variants:
      plain: {webhook.inside: {text: Hello}}
"""


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with received() as one:
        yield one


@pytest.fixture(scope="module")
def shop(receiver: Receiver) -> Iterator[Shop]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TOPEKA_WEBHOOK_ALLOW", receiver.at)
        with opened(BOOK.replace("http://MESSENGER", receiver.url)) as one:
            yield one


def asks(shop: Shop, user_id: str, *topics: str, **traits: Any) -> None:
    """A customer who agreed to these topics asks for an umbrella."""
    shop.know(user_id, topics, firstName="Ann", **traits)
    shop.collect(track(user_id, "Umbrella Asked"))


def test_a_webhooks_receiver_sees_one_signed_request_with_what_the_template_says(
    shop: Shop, receiver: Receiver
) -> None:
    asks(shop, "messaged", "webhook.messenger/offers", likes="messenger", psid="7", email="ann@example.com")
    ((_, headers, body),) = receiver.got
    (known,) = [
        one for one in shop.ask("GET", "/v1/playbook/webhooks").json["webhooks"] if one["name"] == "messenger"
    ]
    assert is_signed(known["secret"], headers, body)
    data = json.loads(body)["data"]
    link = data["content"].pop("url")
    assert data["content"] == {"to": "7", "text": "Grüße Ann"}
    assert (data["delivery"], data["message"]) == (headers["webhook-id"], "messenger_offer")
    assert b"ann@example.com" not in body
    followed = shop.ask("GET", link, headers={})
    assert (followed.status, followed.headers["location"]) == (302, "https://shop.example.com/umbrellas")
    shop.settle()
    assert shop.contacts("messaged") == [("messenger_offer", "webhook.messenger", "clicked")]


def test_without_a_yes_to_it_no_webhook_is_sent(shop: Shop, receiver: Receiver) -> None:
    before = len(receiver.got)
    asks(shop, "silent", "email/offers", likes="messenger", psid="8")
    assert (shop.contacts("silent"), len(receiver.got)) == ([], before)


def test_a_receiver_that_was_down_gets_it_later_under_the_same_id(shop: Shop, receiver: Receiver) -> None:
    before = len(receiver.got)
    receiver.answers = [(503, {}), (200, {})]
    asks(shop, "patient", "webhook.messenger/offers", likes="messenger", psid="9")
    shop.move_clock(advance="5m")
    ids = [headers["webhook-id"] for _, headers, _ in receiver.got[before:]]
    assert len(ids) == 2 and len(set(ids)) == 1
    assert shop.contacts("patient") == [("messenger_offer", "webhook.messenger", "sent")]


def test_a_webhook_to_an_address_inside_is_refused_and_its_contact_given_back(shop: Shop) -> None:
    asks(shop, "lured", "webhook.inside/offers", likes="inside")
    assert shop.contacts("lured") == [("inside_offer", "webhook.inside", "dropped")]


def test_a_push_reaches_every_device_of_a_customer_as_one_contact(shop: Shop) -> None:
    """Two Android phones by Firebase's payload, an iPhone by Apple's; the mailbox shows what each would show."""
    android, iphone = ("fcm-1:APA91b", "fcm-2:APA91b"), "0a" * 32
    shop.know("pushed", ("push/offers",), firstName="Ann", likes="push")
    for token in (*android, iphone):
        device = {"device": {"token": token, "type": "android"}}
        shop.collect({**track("pushed", "App Opened"), "context": device}, headers=OPERATOR)
    shop.collect(track("pushed", "Umbrella Asked"))
    pushes = [shop.mail(token) for token in (*android, iphone)]
    assert [len(each) for each in pushes] == [1, 1, 1]
    for (push,) in pushes:
        assert (push["channel"], push["subject"]) == ("push", "Rain, Ann")
        body, link = push["text"].split("\n")
        assert body == "20 % off — ☂"
        assert shop.ask("GET", link, headers={}).headers["location"] == "https://shop.example.com/umbrellas"
    assert len({push["delivery"] for (push,) in pushes}) == 1
    shop.settle()
    assert shop.contacts("pushed") == [("push_offer", "push", "clicked")]
    page = shop.ask("GET", "/local/mailbox", headers={"Accept": "text/html"}).body.decode()
    assert page.count("Rain, Ann") == 3


def test_nothing_is_pushed_without_a_device(shop: Shop) -> None:
    asks(shop, "deviceless", "push/offers", likes="push")
    assert shop.contacts("deviceless") == []


HOME = {"street": "12 SW 6th Ave", "city": "Topeka", "state": "KS", "postalCode": "66603", "country": "US"}


def test_a_letter_is_a_line_in_its_days_file_and_only_with_a_yes(shop: Shop) -> None:
    """One who agreed, one who did not, one with no address: the print house finds one line, after midnight, once."""
    asks(shop, "written", "mail/offers", likes="letters", address=HOME, lastName="Lee")
    asks(shop, "unasked", likes="letters", address=HOME)
    asks(shop, "homeless", "mail/offers", likes="letters", address={"city": "Topeka"})
    day = shop.move_clock(advance="1m")[:10]
    assert shop.contacts("written") == [("letter_offer", "mail", "sent")]
    shop.move_clock(advance="25h")
    shop.move_clock(advance="24h")
    assert list(files()) == [f"mail/{day}.csv"]
    (line,) = csv.DictReader(io.StringIO(files()[f"mail/{day}.csv"], newline=""))
    assert line.pop("delivery").startswith("m_")
    assert line == {
        "message": "letter_offer", "name": "Ann Lee", **HOME, "code": "A7", "greeting": "Dear Ann",
    }  # fmt: skip


def files() -> dict[str, str]:
    """What a print house finds in the bucket."""
    s3, bucket = boto3.client("s3"), os.environ["TOPEKA_LAKE_BUCKET"]
    found = s3.list_objects_v2(Bucket=bucket, Prefix="mail/").get("Contents", ())
    return {
        each["Key"]: s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read().decode() for each in found
    }
