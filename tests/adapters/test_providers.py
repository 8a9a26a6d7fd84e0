"""SES and SNS: what is handed over, and what each kind of failure says about the message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from chalicelib.adapters.email_ses import SesEmail
from chalicelib.adapters.providers import calling
from chalicelib.adapters.sms_sns import SnsSms
from chalicelib.domain.errors import Busy, NotTaken, Unanswered
from chalicelib.domain.mime import Letter, build
from chalicelib.domain.stored import Outgoing

URL = "https://email.us-east-2.amazonaws.com"
LETTER = Letter(
    "m_1",
    "Shop <hello@shop.example.com>",
    "ada@example.com",
    "Hi",
    "<p>Hi</p>",
    "Hi",
    0,
    "https://x.example.com/u/1",
)


def refused(status: int, code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "SendEmail")  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    "error",
    [
        refused(429, "TooManyRequestsException"),
        refused(400, "MessageRejected"),
        refused(400, "SendingPausedException"),
        refused(403, "AccessDeniedException"),
        EndpointConnectionError(endpoint_url=URL),
        ConnectTimeoutError(endpoint_url=URL),
        NoCredentialsError(),
    ],
    ids=lambda error: type(error).__name__ + str(error)[:40],
)
def test_what_was_certainly_not_taken_may_be_tried_again(error: Exception) -> None:
    with pytest.raises(NotTaken), calling():
        raise error


@pytest.mark.parametrize(
    ("error", "busy"),
    [
        (refused(429, "TooManyRequestsException"), True),
        (refused(400, "Throttling"), True),
        (refused(400, "SendingPausedException"), True),
        (refused(403, "AccessDeniedException"), True),
        (EndpointConnectionError(endpoint_url=URL), True),
        (NoCredentialsError(), True),
        (refused(400, "MessageRejected"), False),
        (refused(404, "NotFoundException"), False),
    ],
    ids=lambda error: str(error)[:40],
)
def test_a_provider_that_takes_nothing_is_told_from_one_that_refuses_a_message(
    error: Exception, busy: bool
) -> None:
    with pytest.raises(NotTaken) as told, calling():
        raise error
    assert isinstance(told.value, Busy) is busy


@pytest.mark.parametrize(
    "error",
    [
        refused(500, "InternalFailure"),
        refused(503, "ServiceUnavailable"),
        ReadTimeoutError(endpoint_url=URL),
        ConnectionClosedError(endpoint_url=URL),
    ],
    ids=lambda error: type(error).__name__ + str(error)[:40],
)
def test_what_may_have_been_taken_is_never_blindly_repeated(error: Exception) -> None:
    with pytest.raises(Unanswered), calling():
        raise error


class Recorder:
    """A client that notes its calls."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def _note(self, **request: Any) -> dict[str, str]:
        self.calls.append(request)
        return {"MessageId": "id-1"}

    send_email = publish = _note


def test_an_e_mail_carries_its_delivery_as_a_tag() -> None:
    client: Any = Recorder()
    sent = Outgoing("m_1", "umbrella offer!", "ada@example.com", "Shop <hello@shop.example.com>", mime=b"raw")
    assert SesEmail(client, "topeka-test").send(sent) == "id-1"
    assert client.calls == [
        {
            "ConfigurationSetName": "topeka-test",
            "Destination": {"ToAddresses": ["ada@example.com"]},
            "Content": {"Raw": {"Data": b"raw"}},
            "EmailTags": [
                {"Name": "delivery", "Value": "m_1"},
                {"Name": "message", "Value": "umbrella_offer_"},
            ],
        }
    ]


@pytest.mark.parametrize(
    ("sender", "kind", "attributes"),
    [
        (
            "+17855550100",
            "offer",
            {"AWS.SNS.SMS.SMSType": "Promotional", "AWS.MM.SMS.OriginationNumber": "+17855550100"},
        ),
        (
            "12345",
            "offer",
            {"AWS.SNS.SMS.SMSType": "Promotional", "AWS.MM.SMS.OriginationNumber": "12345"},
        ),
        ("Shop", "service", {"AWS.SNS.SMS.SMSType": "Transactional", "AWS.SNS.SMS.SenderID": "Shop"}),
        ("", "", {"AWS.SNS.SMS.SMSType": "Transactional"}),
    ],
)
def test_an_sms_says_who_it_is_from(sender: str, kind: str, attributes: dict[str, str]) -> None:
    client: Any = Recorder()
    assert (
        SnsSms(client).send(Outgoing("m_1", "umbrella", "+17855550123", sender, text="Rain!", kind=kind))
        == "id-1"
    )
    (call,) = client.calls
    assert (call["PhoneNumber"], call["Message"]) == ("+17855550123", "Rain!")
    assert {name: value["StringValue"] for name, value in call["MessageAttributes"].items()} == attributes


def test_the_services_themselves_take_both(aws: Callable[[str], Any]) -> None:
    ses = aws("sesv2")
    ses.create_email_identity(EmailIdentity="shop.example.com")
    mail = Outgoing("m_1", "umbrella", "ada@example.com", LETTER.sender, mime=build(LETTER))
    assert SesEmail(ses, "").send(mail)
    sms = Outgoing("m_1", "umbrella", "+17855550123", "+17855550100", text="Rain!", kind="offer")
    assert SnsSms(aws("sns")).send(sms)
