"""Who is asking: a write key (public), an operator key (secret) with scopes, or nobody we know."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Literal

from chalicelib.domain.errors import NotAuthenticated
from chalicelib.domain.keys import key_hash
from chalicelib.services.ports import Clock, Keys

_REMEMBERED_FOR = 30_000
_MOST_REMEMBERED = 1_000
_WRITE_SCOPES = frozenset({"collect", "decide"})


@dataclass(frozen=True, slots=True)
class Caller:
    """A known key. `scopes` are what it may do: collect, read, decide, operate."""

    kind: Literal["write", "operator"]
    scopes: frozenset[str]

    @property
    def operator(self) -> bool:
        """Whether the key is a secret one, so that its bearer is believed about who a customer is."""
        return self.kind == "operator"


class Authenticate:
    """Looks keys up by hash; a known key is remembered for 30 seconds, so a withdrawn one works no longer."""

    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._remembered: dict[str, tuple[Caller, int]] = {}

    def __call__(self, authorization: str, body_key: object = None) -> Caller:
        """The caller named by the `Authorization` header, else by a `writeKey` in the body.

        Raises `NotAuthenticated` for no key and for an unknown one.
        """
        key = key_in(authorization) if authorization else body_key
        caller = self._find(key) if isinstance(key, str) and key else None
        if caller is None:
            raise NotAuthenticated("unknown-key", "Send a key of this workspace.")
        return caller

    def _find(self, key: str) -> Caller | None:
        hash, now = key_hash(key), self._clock()
        caller, until = self._remembered.get(hash, (None, 0))
        if caller is not None and now < until:
            return caller
        row = self._keys.find(hash)
        if row is None:
            self._remembered.pop(hash, None)
            return None
        caller = _caller(row["kind"], frozenset(row["scopes"]))
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered[hash] = (caller, now + _REMEMBERED_FOR)
        return caller


def _caller(kind: str, scopes: frozenset[str]) -> Caller:
    """A write key may collect and decide, whatever its row says; an operator key that may act may collect."""
    if kind != "operator":
        return Caller("write", _WRITE_SCOPES)
    may_collect = {"collect"} if scopes & {"decide", "operate"} else set()
    return Caller("operator", scopes | may_collect)


def key_in(authorization: str) -> str:
    """The key in a header: `Bearer <key>`, or Basic with the key as user name; "" where there is none."""
    scheme, _, value = authorization.strip().partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value.strip(), validate=True).decode().partition(":")[0]
    except (binascii.Error, ValueError):
        return ""
