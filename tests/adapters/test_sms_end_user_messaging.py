"""End User Messaging, whose service model (botocore's) checks each request and answer: moto has none of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from chalicelib.adapters.sms_end_user_messaging import EndUserMessagingSms
from chalicelib.domain.errors import NotTaken, Unanswered
from chalicelib.domain.stored import Outgoing

TO, FROM = "+17855550123", "+17855550100"
OFFER = Outgoing("m_abcdefghij0123456789", "umbrella", TO, FROM, text="Rain!", kind="offer")
REQUEST: dict[str, Any] = {
    "DestinationPhoneNumber": TO,
    "OriginationIdentity": FROM,
    "MessageBody": "Rain!",
    "MessageType": "PROMOTIONAL",
    "ConfigurationSetName": "topeka-test",
    "TimeToLive": 3_600,
    "Context": {"delivery": "m_abcdefghij0123456789"},
}


@pytest.fixture
def stub() -> Iterator[Stubber]:
    client = boto3.client(
        "pinpoint-sms-voice-v2",
        region_name="us-east-2",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def send(stub: Stubber, outgoing: Outgoing, configuration_set: str = "topeka-test") -> str:
    return EndUserMessagingSms(stub.client, configuration_set).send(outgoing)


def test_an_offer_says_who_it_is_from_and_which_delivery_it_is(stub: Stubber) -> None:
    stub.add_response("send_text_message", {"MessageId": "eum-1"}, REQUEST)
    assert send(stub, OFFER) == "eum-1"


def test_what_isn_t_promotional_may_come_later(stub: Stubber) -> None:
    service = {**REQUEST, "MessageType": "TRANSACTIONAL", "TimeToLive": 86_400}
    stub.add_response("send_text_message", {"MessageId": "eum-2"}, service)
    assert send(stub, Outgoing(OFFER.delivery, "receipt", TO, FROM, text="Rain!", kind="service")) == "eum-2"


def test_without_a_sender_or_a_configuration_set_aws_chooses(stub: Stubber) -> None:
    bare = {
        name: value
        for name, value in REQUEST.items()
        if name not in ("OriginationIdentity", "ConfigurationSetName")
    }
    stub.add_response("send_text_message", {"MessageId": "eum-3"}, bare)
    assert send(stub, Outgoing(OFFER.delivery, "umbrella", TO, "", text="Rain!", kind="offer"), "") == "eum-3"


def test_an_answer_to_help_is_a_request_that_the_service_takes(stub: Stubber) -> None:
    helped = {
        **REQUEST,
        "MessageType": "TRANSACTIONAL",
        "TimeToLive": 86_400,
        "Context": {"delivery": "help-in-1"},
    }
    stub.add_response("send_text_message", {"MessageId": "eum-4"}, helped)
    assert send(stub, Outgoing("help-in-1", "help", TO, FROM, text="Rain!")) == "eum-4"


@pytest.mark.parametrize(
    ("code", "status", "raised"),
    [
        ("ThrottlingException", 400, NotTaken),
        ("ValidationException", 400, NotTaken),
        ("ConflictException", 400, NotTaken),
        ("ServiceQuotaExceededException", 400, NotTaken),
        ("InternalServerException", 500, Unanswered),
    ],
)
def test_what_is_refused_was_not_taken_and_of_a_failure_nobody_knows(
    stub: Stubber, code: str, status: int, raised: type[Exception]
) -> None:
    stub.add_client_error("send_text_message", code, http_status_code=status, expected_params=REQUEST)
    with pytest.raises(raised):
        send(stub, OFFER)


def test_a_message_longer_than_the_service_takes_is_found_before_it_is_sent(stub: Stubber) -> None:
    with pytest.raises(NotTaken):
        send(stub, Outgoing(OFFER.delivery, "umbrella", TO, FROM, text="", kind="offer"))
