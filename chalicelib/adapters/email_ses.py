"""E-mail through Amazon SES (API v2), as raw MIME."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chalicelib.adapters.providers import calling

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

    from chalicelib.domain.stored import Outgoing

#: What SES takes in a message tag (SES API v2, MessageTag), and how much of it.
_NOT_IN_TAGS = re.compile(r"[^A-Za-z0-9_.@-]")
_LONGEST_TAG = 256


class SesEmail:
    """Every message carries its delivery id as a tag, which comes back with each of SES's events about it."""

    def __init__(self, client: SESV2Client, configuration_set: str) -> None:
        self._client = client
        self._configuration_set = configuration_set

    def send(self, outgoing: Outgoing) -> str:
        """Hand an e-mail over once; SES's message id. Raises `NotTaken` or `Unanswered`."""
        tags = {"delivery": outgoing.delivery, "message": outgoing.message}
        request = {"ConfigurationSetName": self._configuration_set} if self._configuration_set else {}
        with calling():
            answer = self._client.send_email(
                Destination={"ToAddresses": [outgoing.to]},
                Content={"Raw": {"Data": outgoing.mime}},
                EmailTags=[{"Name": name, "Value": _tag(value)} for name, value in tags.items()],
                **request,  # type: ignore[arg-type]
            )
        return answer["MessageId"]


def _tag(value: str) -> str:
    return _NOT_IN_TAGS.sub("_", value)[:_LONGEST_TAG] or "_"
