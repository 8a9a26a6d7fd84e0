"""SMS through Amazon SNS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.adapters.providers import calling

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

    from chalicelib.domain.stored import Outgoing


class SnsSms:
    """A sender in digits is one of our numbers or short codes; another is a sender id (SNS: SMS message attributes)."""

    def __init__(self, client: SNSClient) -> None:
        self._client = client

    def send(self, outgoing: Outgoing) -> str:
        """Hand an SMS over once; SNS's message id. Raises `NotTaken` or `Unanswered`."""
        promotional = outgoing.kind in {"offer", "brand"}
        attributes = {"AWS.SNS.SMS.SMSType": "Promotional" if promotional else "Transactional"}
        if outgoing.sender:
            number = outgoing.sender.removeprefix("+").isdigit()
            attributes["AWS.MM.SMS.OriginationNumber" if number else "AWS.SNS.SMS.SenderID"] = outgoing.sender
        with calling():
            answer = self._client.publish(
                PhoneNumber=outgoing.to,
                Message=outgoing.text,
                MessageAttributes={name: _text(value) for name, value in attributes.items()},
            )
        return answer["MessageId"]


def _text(value: str) -> Any:
    return {"DataType": "String", "StringValue": value}
