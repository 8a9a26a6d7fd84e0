"""Standard Webhooks: the secret of each webhook, and the signature of what is sent to it.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping

from chalicelib.domain.keys import Secrets, purpose_key

PREFIX = "whsec_"


def shown_secret(secrets: Secrets, name: str) -> str:
    """The secret of a webhook as its receiver is told it: `whsec_` and 32 bytes in base64."""
    return PREFIX + base64.b64encode(_key(secrets.current, name)).decode()


def signed_headers(secrets: Secrets, name: str, id: str, at: int, body: bytes) -> Mapping[str, str]:
    """`webhook-id`, `webhook-timestamp` (s; `at` is in ms) and `webhook-signature`.

    A signature is `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`. While the workspace secret is being
    rotated there are two of them, and a receiver that still has the old secret finds its own.
    """
    stamp = str(at // 1000)
    signed = b".".join((id.encode(), stamp.encode(), body))
    keys = [_key(secret, name) for secret in (secrets.current, secrets.previous) if secret]
    marks = [base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys]
    return {
        "webhook-id": id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{mark}" for mark in marks),
    }


def _key(secret: bytes, name: str) -> bytes:
    return purpose_key(secret, f"webhook/{name}")
