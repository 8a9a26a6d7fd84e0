"""What is sent is kept and announced as its provider would announce it; the mailbox reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import boto3
import pytest

from chalicelib.domain.feedback import notices_of
from infra.local.mailbox import letter, page
from infra.local.moto_providers import providers_tell
from infra.local.post import Post
from infra.local.queues import LocalQueue

from .conftest import NOON, Aws


@pytest.fixture
def post(aws: Aws) -> Iterator[Post]:
    office = Post(aws.clock.now, aws.made)
    with providers_tell(office.take):
        yield office


def send_email(delivery: str = "m_1") -> None:
    message = EmailMessage(policy=SMTP)
    message["From"] = "Topeka Outfitters <hello@shop.example>"
    message["To"] = "ann@example.com"
    message["Subject"] = "Grüße: ☂ for you"
    message.set_content("Dry feet, Ann.")
    message.add_alternative("<p>Dry feet, <b>Ånn</b>.</p>", subtype="html", cte="quoted-printable")
    boto3.client("sesv2").send_email(
        Destination={"ToAddresses": ["ann@example.com"]},
        Content={"Raw": {"Data": message.as_bytes()}},
        EmailTags=[{"Name": "delivery", "Value": delivery}],
    )


def send_sms(delivery: str = "m_2") -> None:
    from chalicelib.adapters.sms_sns import SnsSms
    from chalicelib.domain.stored import Outgoing

    SnsSms(boto3.client("sns")).send(
        Outgoing(
            delivery=delivery, message="umbrella", to="+17855550123", sender="+17855550100", text="Rain at 5."
        )
    )


def told() -> list[dict[str, Any]]:
    """What lies in the feedback queue, out of SNS's envelope."""
    return [json.loads(json.loads(body)["Message"]) for body in LocalQueue("topeka-local-feedback").bodies()]


def test_an_email_is_read_as_its_receiver_reads_it(post: Post) -> None:
    send_email()
    (sent,) = post.sent()
    shown = letter(sent)
    assert shown["headers"]["From"] == "Topeka Outfitters <hello@shop.example>"
    assert {name: shown[name] for name in ("channel", "to", "subject", "text", "html", "delivery", "at")} == {
        "channel": "email",
        "to": "ann@example.com",
        "subject": "Grüße: ☂ for you",
        "text": "Dry feet, Ann.\n",
        "html": "<p>Dry feet, <b>Ånn</b>.</p>\n",
        "delivery": "m_1",
        "at": "2026-07-02T12:00:00.000Z",
    }


def test_an_sms_is_shown_with_its_delivery(post: Post) -> None:
    send_sms()
    shown = letter(post.sent()[0])
    assert (shown["channel"], shown["to"], shown["text"]) == ("sms", "+17855550123", "Rain at 5.")
    assert shown["delivery"] == "m_2"


def test_the_page_shows_newest_first_and_escapes(post: Post) -> None:
    send_email()
    send_sms()
    html = page([letter(each) for each in post.sent()], NOON)
    assert html.index("Rain at 5.") < html.index("Grüße")
    assert "&lt;p&gt;Dry feet, &lt;b&gt;Ånn" in html and "<p>Dry feet" not in html
    assert "&lt;base target=_blank&gt;" in html and "img-src https: data:" in html


def test_an_email_is_followed_by_send_and_delivery_with_its_tag(post: Post) -> None:
    send_email()
    notices = [notice for payload in told() for notice in notices_of(payload)]
    assert [(n.row, n.title, n.delivery, n.at) for n in notices] == [
        ("sent", "", "m_1", NOON),
        ("delivered", "Email Delivered", "m_1", NOON),
    ]


def test_an_sms_is_followed_by_its_delivery(post: Post) -> None:
    send_sms()
    notices = [notice for payload in told() for notice in notices_of(payload)]
    assert [(n.row, n.title, n.delivery) for n in notices] == [("delivered", "Sms Delivered", "m_2")]


def test_withheld_notices_do_not_come(post: Post) -> None:
    post.withheld = frozenset({"Email Sent", "Email Delivered"})
    send_email()
    assert told() == []


@pytest.mark.parametrize(
    ("event", "bounce_type", "row", "stops"),
    [
        ("Email Bounced", "Permanent", "bounced", "bounced"),
        ("Email Bounced", "Transient", "bounced", ""),
        ("Email Marked as Spam", "Permanent", "complained", "complained"),
    ],
)
def test_feedback_on_an_email_is_what_ses_publishes(
    post: Post, event: str, bounce_type: str, row: str, stops: str
) -> None:
    send_email()
    assert post.tell("m_1", event, bounce_type)
    (notice,) = notices_of(told()[-1])
    assert (notice.title, notice.row, notice.stops, notice.address) == (event, row, stops, "ann@example.com")


def test_feedback_on_an_sms_names_its_delivery(post: Post) -> None:
    send_sms()
    assert post.tell("m_2", "Sms Bounced", "Permanent")
    (notice,) = notices_of(told()[-1])
    assert (notice.title, notice.delivery, notice.stops) == ("Sms Bounced", "m_2", "bounced")


def test_there_is_no_feedback_on_what_was_not_sent(post: Post) -> None:
    send_sms()
    assert not post.tell("m_9", "Sms Bounced", "Permanent")
    assert not post.tell("m_2", "Email Bounced", "Permanent")


def test_an_answer_goes_to_the_number_that_wrote(post: Post) -> None:
    send_sms()
    post.answer("+17855550123", post.number_for("+17855550123"), "STOP")
    answer = told()[-1]
    assert (answer["originationNumber"], answer["destinationNumber"]) == ("+17855550123", "+17855550100")
    assert answer["messageBody"] == "STOP"
