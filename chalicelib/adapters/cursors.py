"""Cursors of listings: where a page ended, as one opaque word that a later call opens."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, TypeVar

import msgspec

from chalicelib.domain.errors import BadRequest

T = TypeVar("T")


def seal(place: Any) -> str:
    """A cursor for a place in a listing: anything JSON can hold."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def unseal(cursor: str, shape: type[T]) -> T:
    """The place a cursor stands for. Raises `BadRequest` for anything that is not one of ours."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        return msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True), type=shape)
    except (UnicodeEncodeError, binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise BadRequest("bad-cursor", "Use the cursor of the page before, unchanged.", "cursor") from error


def cut(found: Iterable[T], limit: int, place: Callable[[T], Any]) -> tuple[tuple[T, ...], str]:
    """The first `limit` things, and the cursor behind the last of them; "" if nothing follows."""
    ahead = list(islice(found, limit + 1))
    if len(ahead) <= limit:
        return tuple(ahead), ""
    return tuple(ahead[:limit]), seal(place(ahead[limit - 1]))
