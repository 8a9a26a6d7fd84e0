"""SNS's notifications: what of one is signed, and whose certificate may have signed it.

By Amazon SNS's Developer Guide, "Verifying the signatures of Amazon SNS messages": the signature is over a few fields,
each its name and its value on lines of their own; the certificate comes from SNS's host over HTTPS.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from chalicelib.domain.errors import Malformed

#: Those that are signed, in this order; `Subject` only where there is one.
SIGNED = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_REQUIRED = {*SIGNED} - {"Subject"}
#: RSA with SHA-256, which our topics ask for (`SignatureVersion` in `resources.yaml`); "1" is SHA-1's.
VERSION = "2"
_CERTIFICATE_PATH = re.compile(r"/[A-Za-z0-9_-]{1,100}\.pem")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]+")


class Forged(Malformed):
    """A notification that SNS did not sign for a topic of ours; `reason` is a static word such as `topic`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not a notification of our topics ({reason})")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Signed:
    """A notification that claims to be signed: `text` by the key of the certificate at `certificate` (its URL)."""

    message: str
    text: bytes
    signature: bytes
    certificate: str
    timestamp: str


def signed_of(envelope: Mapping[str, Any], topics: Collection[str]) -> Signed:
    """What must be proved of an envelope. Raises `Forged` if nothing could prove that it is from one of `topics`."""
    if envelope.get("Type") != "Notification":
        raise Forged("type")
    fields = {name: envelope[name] for name in SIGNED if envelope.get(name) is not None}
    if not all(isinstance(value, str) for value in fields.values()) or _REQUIRED - fields.keys():
        raise Forged("fields")
    if fields["TopicArn"] not in topics:
        raise Forged("topic")
    if envelope.get("SignatureVersion") != VERSION:
        raise Forged("version")
    text = "".join(f"{name}\n{value}\n" for name, value in fields.items())
    return Signed(
        fields["Message"],
        _bytes(text),
        _signature(envelope.get("Signature")),
        _certificate(envelope.get("SigningCertURL"), fields["TopicArn"]),
        fields["Timestamp"],
    )


def host_of(topic: str) -> str:
    """SNS's host in the region of a topic (its ARN)."""
    _, partition, _, region, *_ = topic.split(":")
    if not _REGION.fullmatch(region):
        raise ValueError(f"{topic!r} is no ARN of a topic")
    return f"sns.{region}.amazonaws.com" + (".cn" if partition == "aws-cn" else "")


def _bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:  # half a surrogate pair: JSON can say it, SNS does not sign it
        raise Forged("fields") from error


def _signature(given: object) -> bytes:
    try:
        return base64.b64decode(given, validate=True) if isinstance(given, str) else b""
    except (ValueError, binascii.Error) as error:
        raise Forged("signature") from error


def _certificate(given: object, topic: str) -> str:
    """Only from SNS's own host: whoever may name another signs whatever they like."""
    try:
        parts = urlsplit(given) if isinstance(given, str) else urlsplit("")
    except ValueError as error:
        raise Forged("certificate-url") from error
    if (parts.scheme, parts.netloc) != ("https", host_of(topic)) or not _CERTIFICATE_PATH.fullmatch(
        parts.path
    ):
        raise Forged("certificate-url")
    return f"https://{parts.netloc}{parts.path}"
