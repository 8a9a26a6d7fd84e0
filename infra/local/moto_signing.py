"""SNS's notifications signed as AWS signs them, with a certificate of this process.

moto signs too, but makes a certificate for each message, leaves out the subject, and nobody serves its certificates.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from infra.local.replacing import replaced
from infra.local.resources import REGION

_HOST = f"sns.{REGION}.amazonaws.com"
CERTIFICATE_URL = f"https://{_HOST}/SimpleNotificationService-local.pem"


@contextmanager
def notices_signed() -> Iterator[None]:
    """While inside, topics' notifications are signed, and their certificate is there to fetch."""
    from moto.sns.models import Subscription

    from chalicelib.adapters.guarded_http import GuardedHttp, NeverConnected

    def envelope(
        subscription: Any,
        message: str,
        message_id: str,
        subject: str | None,
        message_attributes: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        made = signed_envelope(subscription.topic.arn, message, message_id, subject)
        return made | ({"MessageAttributes": message_attributes} if message_attributes else {})

    def get(_http: GuardedHttp, url: str, most: int) -> tuple[int, bytes]:
        if urlsplit(url).hostname != _HOST:
            raise NeverConnected
        return (200, certificate()[:most]) if url == CERTIFICATE_URL else (403, b"")

    with replaced(Subscription, get_post_data=envelope), replaced(GuardedHttp, get=get):
        yield


def signed_envelope(topic: str, message: str, message_id: str, subject: str | None = None) -> dict[str, Any]:
    """What SNS puts into a queue for a message to a topic."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    fields = {"Message": message, "MessageId": message_id, "Subject": subject}
    fields |= {"Timestamp": now, "TopicArn": topic, "Type": "Notification"}
    given = {name: value for name, value in fields.items() if value is not None}
    return given | {
        "SignatureVersion": "2",
        "Signature": _signature("".join(f"{name}\n{value}\n" for name, value in given.items())),
        "SigningCertURL": CERTIFICATE_URL,
        "UnsubscribeURL": f"https://{_HOST}/?Action=Unsubscribe",
    }


def certificate() -> bytes:
    """The certificate as PEM: the fields AWS's has, signed by its own key."""
    from cryptography.hazmat.primitives.serialization import Encoding

    made: bytes = _made()[1].public_bytes(Encoding.PEM)
    return made


def _signature(text: str) -> str:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    return base64.b64encode(_made()[0].sign(text.encode(), PKCS1v15(), SHA256())).decode()


@cache
def _made() -> tuple[Any, Any]:
    """The key and its certificate, made once in a process: it takes a tenth of a second."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.hashes import SHA256

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    dated = built.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=365))
    return key, dated.sign(key, SHA256())
