"""moto's SES and SNS as providers: whatever is handed to them is told, with what moto itself forgets.

moto keeps no tags of an e-mail and asks that its sender be a verified identity; here every sender is one.
SNS has nowhere to write which delivery an SMS belongs to, so that is noted as our adapter hands it over.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from infra.local.replacing import replaced

_delivery: ContextVar[str] = ContextVar("delivery", default="")


@dataclass(frozen=True, slots=True)
class Taken:
    """What a provider took: `channel` is `email` (then `mime` is set), `sms` or `push` (then `text` is)."""

    channel: str
    provider_id: str
    to: str
    sender: str
    mime: bytes = b""
    text: str = ""
    subject: str = ""
    tags: dict[str, str] = field(default_factory=dict)


@contextmanager
def providers_tell(taken: Callable[[Taken], None]) -> Iterator[None]:
    """While inside, `taken` hears of each e-mail, SMS and push."""
    from moto.ses.models import SESBackend
    from moto.sesv2.responses import SESV2Response
    from moto.sns.models import SNSBackend

    from chalicelib.adapters.sms_sns import SnsSms

    hand_over, send_raw, publish = SnsSms.send, SESV2Response.send_email, SNSBackend.publish

    def send_sms(sender: Any, outgoing: Any) -> str:
        token = _delivery.set(outgoing.delivery)
        try:
            return hand_over(sender, outgoing)
        finally:
            _delivery.reset(token)

    def send_email(response: Any) -> str:
        answer = send_raw(response)
        taken(_email(json.loads(response.body), json.loads(answer)["MessageId"]))
        return answer

    def publish_and_tell(backend: Any, message: str, *args: Any, **named: Any) -> str:
        provider_id = publish(backend, message, *args, **named)
        if named.get("phone_number"):
            taken(_sms(message, named, provider_id))
        device = backend.platform_endpoints.get(named.get("arn"))
        if device is not None:
            taken(_push(json.loads(message), device, provider_id))
        return provider_id

    with (
        replaced(SnsSms, send=send_sms),
        replaced(SESV2Response, send_email=send_email),
        replaced(SNSBackend, publish=publish_and_tell),
        replaced(SESBackend, _is_verified_address=lambda *_: True),
    ):
        yield


def _email(request: dict[str, Any], provider_id: str) -> Taken:
    return Taken(
        channel="email",
        provider_id=provider_id,
        to=", ".join(request.get("Destination", {}).get("ToAddresses", [])),
        sender=request.get("FromEmailAddress", ""),
        mime=base64.b64decode(request["Content"]["Raw"]["Data"]),
        tags={tag["Name"]: tag["Value"] for tag in request.get("EmailTags", [])},
    )


def _sms(text: str, named: dict[str, Any], provider_id: str) -> Taken:
    attributes = {name: str(each["Value"]) for name, each in (named.get("message_attributes") or {}).items()}
    return Taken(
        channel="sms",
        provider_id=provider_id,
        to=named["phone_number"],
        sender=attributes.get("AWS.MM.SMS.OriginationNumber", attributes.get("AWS.SNS.SMS.SenderID", "")),
        text=text,
        tags={"delivery": _delivery.get()},
    )


def _push(payloads: dict[str, str], device: Any, provider_id: str) -> Taken:
    """What the device's own platform would be handed, and what its app would show of that."""
    platform = device.application.platform
    payload = json.loads(payloads[platform])
    if platform == "GCM":
        shown, data = (
            payload["fcmV1Message"]["message"]["notification"],
            payload["fcmV1Message"]["message"]["data"],
        )
    else:
        shown, data = payload["aps"]["alert"], payload
    link = [data["link"]] if "link" in data else []
    return Taken(
        channel="push",
        provider_id=provider_id,
        to=device.token,
        sender=platform,
        subject=shown["title"],
        text="\n".join([shown["body"], *link]),
        tags={"delivery": data["delivery"]},
    )
