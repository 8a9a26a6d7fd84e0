"""Signatures of SNS's notifications, by the certificates that SNS publishes.

A certificate is fetched once by each worker: SNS signs everything of a region with one, for months.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from chalicelib.adapters.guarded_http import Forbidden, NeverConnected, NoAnswer
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.instants import from_text

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from chalicelib.domain.sns_messages import Signed

#: A certificate is about 2 KB.
MOST_BYTES = 65_536
#: A year has two or three.
MOST_CERTIFICATES = 8


class Http(Protocol):
    """What fetches: `GuardedHttp`."""

    def get(self, url: str, most: int) -> tuple[int, bytes]: ...


class SnsSignatures:
    """`http` fetches certificates; whether their host is SNS's was looked at before (`sns_messages.py`)."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._known: dict[str, Certificate] = {}

    def genuine(self, signed: Signed) -> bool:
        """Whether the key of its certificate signed it while the certificate was valid. Raises `Unavailable`."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.hazmat.primitives.hashes import SHA256

        certificate = self._certificate(signed.certificate)
        key = certificate.public_key() if certificate else None
        if certificate is None or not isinstance(key, RSAPublicKey):
            return False
        try:
            key.verify(signed.signature, signed.text, PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return _valid_at(certificate, signed.timestamp)

    def _certificate(self, url: str) -> Certificate | None:
        """None for what is no certificate."""
        from cryptography.x509 import load_pem_x509_certificate

        if url not in self._known:
            fetched = self._fetched(url)
            try:
                certificate = load_pem_x509_certificate(fetched)
            except ValueError:
                return None
            if len(self._known) >= MOST_CERTIFICATES:
                self._known.clear()
            self._known[url] = certificate
        return self._known[url]

    def _fetched(self, url: str) -> bytes:
        try:
            status, content = self._http.get(url, MOST_BYTES)
        except (Forbidden, NeverConnected, NoAnswer) as error:
            raise Unavailable("sns-certificates") from error
        if status != 200:
            raise Unavailable("sns-certificates")
        return content


def _valid_at(certificate: Certificate, timestamp: str) -> bool:
    try:
        at = datetime.fromtimestamp(from_text(timestamp) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return False
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc
