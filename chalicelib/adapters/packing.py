"""Several values as one compressed attribute, and as several where they would not fit an item."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

#: Bytes an item's packed part may have: an item's limit is 400 KB, and reading a huge one costs its size.
LARGEST = 300_000

_encode = msgspec.json.Encoder().encode


def pack(value: Any) -> bytes:
    """The value as compressed JSON."""
    return zlib.compress(_encode(value))


def unpack(data: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """What `pack` was given."""
    return decoder.decode(zlib.decompress(data))


def parts(values: Sequence[T]) -> Iterator[tuple[Sequence[T], bytes]]:
    """Runs of the values that each fit an item, with their packed form. Same values, same runs."""
    data = pack(values)
    if len(data) <= LARGEST or len(values) == 1:
        yield values, data
        return
    half = len(values) // 2
    yield from parts(values[:half])
    yield from parts(values[half:])
