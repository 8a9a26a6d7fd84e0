"""Keys and ids derived from the workspace's secrets: doors, tokens, address hashes, short ids.

Every purpose has a key of its own, so that a value made for one is worth nothing for another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache


def user_token(secret: bytes, user_id: str) -> str:
    """Proof of a user id for a public key: hex HMAC-SHA256 of the id's UTF-8 bytes under the workspace secret."""
    return hmac.digest(secret, user_id.encode(), "sha256").hex()


@lru_cache(maxsize=64)
def purpose_key(secret: bytes, purpose: str) -> bytes:
    """The key for one purpose (`door`, `address`, `click`, ...): HMAC-SHA256 of its name under the secret."""
    return hmac.digest(secret, b"topeka/" + purpose.encode(), "sha256")


@lru_cache(maxsize=16_384)
def door_id(secret: bytes, kind: str, value: str) -> str:
    """The home id of an identifier: `p_` and 26 characters (130 bits) of a keyed hash."""
    return "p_" + _letters(hmac.digest(purpose_key(secret, "door"), f"{kind}:{value}".encode(), "sha256"), 26)


def address_hash(secret: bytes, kind: str, address: str) -> str:
    """The keyed hash under which an address is stopped; `kind` is `email` or `phone`."""
    return _letters(hmac.digest(purpose_key(secret, "address"), f"{kind}:{address}".encode(), "sha256"), 24)


def cause_id(prefix: str, *cause: str) -> str:
    """An id that follows from its cause: the same parts give the same id (100 bits)."""
    digest = hashlib.blake2b("\x1f".join(cause).encode(), digest_size=16).digest()
    return prefix + _letters(digest, 20)


@lru_cache(maxsize=8_192)
def short_id(message_id: str) -> str:
    """Eight characters (48 bits) that stand for a message id inside one profile."""
    digest = hashlib.blake2b(message_id.encode(), digest_size=6).digest()
    return base64.urlsafe_b64encode(digest).decode()


def key_hash(key: str) -> str:
    """What is stored of a write or operator key: SHA-256, hex. Keys are random, so no salt is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


def _letters(digest: bytes, count: int) -> str:
    return base64.b32encode(digest).decode().lower()[:count]


@dataclass(frozen=True, slots=True)
class Secrets:
    """The workspace secret, the one before it, and the key of the doors, which is never rotated.

    Rotating the workspace secret moves no customer: doors and address hashes hang on `door` alone.
    """

    current: bytes
    door: bytes
    previous: bytes | None = None

    def proves(self, user_id: str, token: str) -> bool:
        """Whether the token proves the user id, under the current or the previous secret; in constant time."""
        accepted = [s for s in (self.current, self.previous) if s]
        sound = [hmac.compare_digest(user_token(s, user_id).encode(), token.encode()) for s in accepted]
        return any(sound)

    def home(self, kind: str, value: str) -> str:
        """The home id of an identifier."""
        return door_id(self.door, kind, value)

    def stop_hash(self, kind: str, address: str) -> str:
        """The hash an address is stopped under."""
        return address_hash(self.door, kind, address)
