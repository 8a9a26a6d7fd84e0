"""The signed tokens in links: short, URL-safe, bound to one purpose, each purpose under a key of its own.

A token is `1`, the base64url of its JSON claims, and 16 bytes (128 bits) of HMAC-SHA256 over both. It says
what it is for and until when; it hides nothing, so no address and no trait may go into one.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Any

import msgspec

from chalicelib.domain.keys import Secrets, purpose_key

_VERSION = "1"
_SIGNATURE_BYTES = 16
_MAX_LENGTH = 2048


def mint(secrets: Secrets, purpose: str, payload: dict[str, Any], expires: int) -> str:
    """A token for `purpose` that carries `payload` and is read until `expires` (ms; kept to the second)."""
    claims = msgspec.json.encode([expires // 1000, payload])
    return _VERSION + _text(claims + _signature(secrets.current, purpose, claims))


def read(secrets: Secrets, purpose: str, token: str, now: int) -> dict[str, Any] | None:
    """What a token carries, or None where it is tampered with, expired, or for another purpose.

    The signature is compared in constant time, under the current secret and the one before it.
    """
    raw = _bytes(token)
    if raw is None:
        return None
    claims, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
    accepted = [s for s in (secrets.current, secrets.previous) if s]
    if not any(hmac.compare_digest(_signature(s, purpose, claims), signature) for s in accepted):
        return None
    expires, payload = msgspec.json.decode(claims, type=tuple[int, dict[str, Any]])
    return payload if now // 1000 <= expires else None


def _signature(secret: bytes, purpose: str, claims: bytes) -> bytes:
    message = _VERSION.encode() + claims
    return hmac.digest(purpose_key(secret, purpose), message, "sha256")[:_SIGNATURE_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(token: str) -> bytes | None:
    """The signed bytes; None unless the text is exactly what `mint` would have written for them."""
    if not token.startswith(_VERSION) or len(token) > _MAX_LENGTH:
        return None
    body = token[len(_VERSION) :]
    try:
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) > _SIGNATURE_BYTES and _text(raw) == body else None
