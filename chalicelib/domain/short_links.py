"""The tokens in an SMS's links, in which every character is paid for: 32 characters and the link's own name.

| bits | what |
| --- | --- |
| 100 | the delivery's id, whose row keeps where the link leads, and whom it went to |
| 12 | the week after which it is read no more, of 4096 |
| 80 | HMAC-SHA256 over both and the link's name, under a key of its purpose alone |

The name is that of a declared link (`click`); tokens for our own pages (`unsubscribe`, `preferences`) have none.

A truncated HMAC is guessed as often as its length says, and each guess is a request to us: NIST SP 800-107 rev. 1,
5.3.3, takes 64 bits for enough. It is checked before anything is read.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re

from chalicelib.domain.keys import Secrets, purpose_key

LENGTH = 32
_WEEK = 7 * 86_400_000
_WEEKS = 1 << 12
#: No token is made for longer, so that one of 4096 weeks ago is not read as one of the future.
_LONGEST = 15
_HEAD_BYTES = 14
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_DELIVERY = re.compile(r"m_([a-z2-7]{20})")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def mint(secrets: Secrets, purpose: str, delivery: str, link: str, expires: int) -> str:
    """A token of a delivery for `purpose`, read until the end of the week in which `expires` (ms) lies.

    "" where there is no short one: for an id or a name that is of another form.
    """
    found = _DELIVERY.fullmatch(delivery)
    if found is None or not _names(purpose, link):
        return ""
    head = (_number(found[1]) << 12 | (expires // _WEEK + 1) % _WEEKS).to_bytes(_HEAD_BYTES, "big")
    return base64.urlsafe_b64encode(head + _signature(secrets.current, purpose, head, link)).decode() + link


def read(secrets: Secrets, purpose: str, token: str, now: int) -> dict[str, str] | None:
    """{"d": delivery, "l": link}; None where the token is tampered with, expired, for another purpose, or a long one.

    The signature is compared in constant time, under the current secret and the one before it.
    """
    text, link = token[:LENGTH], token[LENGTH:]
    if not _names(purpose, link):
        return None
    try:
        raw = base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    head, signature = raw[:_HEAD_BYTES], raw[_HEAD_BYTES:]
    accepted = [s for s in (secrets.current, secrets.previous) if s]
    if not any(hmac.compare_digest(_signature(s, purpose, head, link), signature) for s in accepted):
        return None
    number = int.from_bytes(head, "big")
    left = (number % _WEEKS - now // _WEEK) % _WEEKS
    return {"d": "m_" + _letters(number >> 12), "l": link} if 0 < left <= _LONGEST else None


def _names(purpose: str, link: str) -> bool:
    return bool(_NAME.fullmatch(link)) if purpose == "click" else not link


def _signature(secret: bytes, purpose: str, head: bytes, link: str) -> bytes:
    return hmac.digest(purpose_key(secret, f"short-{purpose}"), head + link.encode(), "sha256")[:10]


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number << 5 | _LETTERS.index(letter)
    return number


def _letters(number: int) -> str:
    return "".join(_LETTERS[number >> shift & 31] for shift in range(95, -1, -5))
