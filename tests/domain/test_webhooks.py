"""What a receiver can check: who sent it, that it is whole, and when."""

from __future__ import annotations

import base64
import hashlib
import hmac

from chalicelib.domain.keys import Secrets
from chalicelib.domain.webhooks import shown_secret, signed_headers

OLD, NEW = Secrets(b"old", b"door"), Secrets(b"new", b"door", previous=b"old")


def is_signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """What a receiver does, by the letter of the standard."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return f"v1,{expected}" in headers["webhook-signature"].split(" ")


def test_the_standards_own_example_is_signed_alike() -> None:
    """The example of the Standard Webhooks libraries' tests: secret, id, time, body and signature."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    assert is_signed(secret, headers, b'{"test": 2432232314}')


def test_a_receiver_with_the_shown_secret_finds_its_signature() -> None:
    headers = dict(signed_headers(OLD, "print", "m_1", 1_782_918_000_999, b"{}"))
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("m_1", "1782918000")
    assert is_signed(shown_secret(OLD, "print"), headers, b"{}")
    assert not is_signed(shown_secret(OLD, "print"), headers, b"{ }")
    assert not is_signed(shown_secret(OLD, "messenger"), headers, b"{}")


def test_while_secrets_rotate_receivers_with_either_find_theirs() -> None:
    headers = dict(signed_headers(NEW, "print", "m_1", 1, b"{}"))
    assert shown_secret(NEW, "print") != shown_secret(OLD, "print")
    assert is_signed(shown_secret(OLD, "print"), headers, b"{}")
    assert is_signed(shown_secret(NEW, "print"), headers, b"{}")
