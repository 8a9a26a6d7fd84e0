"""Push through Amazon SNS: an endpoint for each device, made when it is first sent to.

    endpoint enabled                     published
    disabled, the first time             enabled once more (the app may be back under its token), marked, published
    disabled again                       the device is dead: the endpoint is removed, its token stopped
    the token is none of the platform's  dead from the start

SNS disables an endpoint after the platform has said that its token is no longer valid, some time after a publish that
it took (Amazon SNS Developer Guide, "Create a platform endpoint and manage device tokens").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.adapters.providers import calling
from chalicelib.domain.errors import NotTaken, Unanswered, Undeliverable
from chalicelib.domain.pushes import is_apples, message_of

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

    from chalicelib.domain.stored import Outgoing

#: What an endpoint carries (`CustomUserData`) once it was enabled again.
REFRESHED = "refreshed"
_ARN = re.compile(r"arn:[^\s]*:endpoint/[^\s]+")


@dataclass(frozen=True, slots=True)
class Applications:
    """ARNs of SNS platform applications, "" for none.

    Tokens in Apple's form go to Apple's where that is named; all others, and all where it isn't, to Firebase's, which
    delivers to Apple's devices too.
    """

    firebase: str = ""
    apple: str = ""

    def of(self, token: str) -> str:
        """The application that a token belongs to."""
        if self.apple and (is_apples(token) or not self.firebase):
            return self.apple
        return self.firebase


class SnsPush:
    """`forget` is told each token that is dead."""

    def __init__(self, client: SNSClient, applications: Applications, forget: Callable[[str], None]) -> None:
        self._client = client
        self._applications = applications
        self._forget = forget

    def send(self, outgoing: Outgoing) -> str:
        """Push to every device, once each; SNS's message id of the first that took it.

        Where none did: `Unanswered` if one may have, `NotTaken` if one may yet, else `Undeliverable`.
        """
        message = message_of(outgoing)
        taken: list[str] = []
        dead: list[str] = []
        faults: list[NotTaken | Unanswered] = []
        for token in (outgoing.to, *outgoing.others):
            try:
                pushed = self._push(token, message)
            except (NotTaken, Unanswered) as fault:
                faults.append(fault)
                continue
            (taken if pushed else dead).append(pushed or token)
        for token in dead:
            self._forget(token)
        if taken:
            return taken[0]
        if faults:
            raise next((fault for fault in faults if isinstance(fault, Unanswered)), faults[0])
        raise Undeliverable("no-device")

    def _push(self, token: str, message: str) -> str:
        """SNS's message id; "" if the device is dead."""
        with calling():
            endpoint = self._endpoint(token)
            if not endpoint:
                return ""
            try:
                return self._publish(endpoint, message)
            except ClientError as error:
                if _code(error) != "EndpointDisabled":
                    raise
            if not self._refresh(endpoint, token):
                self._client.delete_endpoint(EndpointArn=endpoint)
                return ""
            return self._publish(endpoint, message)

    def _endpoint(self, token: str) -> str:
        """The device's endpoint, made if it isn't there; "" where the platform has no such tokens.

        One that has changed since it was made (disabled, marked) is refused with its ARN.
        """
        application = self._applications.of(token)
        try:
            made = self._client.create_platform_endpoint(PlatformApplicationArn=application, Token=token)
        except ClientError as error:
            said = error.response["Error"].get("Message", "")
            if _code(error) != "InvalidParameter" or "Token" not in said:
                raise
            known = _ARN.search(said)
            return known[0] if known else ""
        return made["EndpointArn"]

    def _publish(self, endpoint: str, message: str) -> str:
        answer = self._client.publish(TargetArn=endpoint, MessageStructure="json", Message=message)
        return answer["MessageId"]

    def _refresh(self, endpoint: str, token: str) -> bool:
        """Enable it, if that was not done before; whether it was done now."""
        attributes = self._client.get_endpoint_attributes(EndpointArn=endpoint)["Attributes"]
        if attributes.get("CustomUserData") == REFRESHED:
            return False
        fresh = {"Token": token, "Enabled": "true", "CustomUserData": REFRESHED}
        self._client.set_endpoint_attributes(EndpointArn=endpoint, Attributes=fresh)
        return True


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]
