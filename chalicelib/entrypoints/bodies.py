"""Request bodies: gzip opened under a limit, UTF-8, JSON of bounded depth; every fault is a 400."""

from __future__ import annotations

import re
import zlib
from typing import Any, TypeVar

import msgspec

from chalicelib.domain.errors import BadRequest, TooLarge
from chalicelib.domain.segment_calls import BATCH_BYTES, LEVELS, Batch, too_deep

T = TypeVar("T")

_GZIP = 31
#: Clients send one; each more copies what is left of the body.
_MOST_MEMBERS = 100
_DEEPEST = 4 * LEVELS
_TOKENS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(.+)`", re.DOTALL)
_BATCH = msgspec.json.Decoder(Batch)
#: Half a surrogate: what the decoder of each event refuses.
_NO_TEXT = "\ud800"


def opened(raw: bytes, encoding: str, limit: int = BATCH_BYTES) -> bytes:
    """The decoded body; reading stops at `limit` bytes after decompression. Raises `BadRequest`."""
    if encoding in ("", "identity"):
        body = raw
    elif encoding in ("gzip", "x-gzip"):
        body = _gunzip(raw, limit)
    else:
        raise BadRequest("unknown-encoding", "Send the body as it is, or with `Content-Encoding: gzip`.")
    if len(body) > limit:
        raise TooLarge("body-too-large", f"Keep the body within {limit // 1024} KB, decompressed.")
    return body


def _gunzip(raw: bytes, limit: int) -> bytes:
    """At most `limit` + 1 bytes, across the members of the file (RFC 1952, section 2.2)."""
    body, members = bytearray(), 0
    try:
        while raw and len(body) <= limit:
            members += 1
            if members > _MOST_MEMBERS:
                raise BadRequest("invalid-gzip", "Send one gzip file, not many behind each other.")
            member = zlib.decompressobj(_GZIP)
            body += member.decompress(raw, limit + 1 - len(body))
            if not member.eof and len(body) <= limit:
                raise BadRequest("invalid-gzip", "Send the whole gzip file: this one breaks off.")
            raw = member.unused_data
    except zlib.error as error:
        raise BadRequest("invalid-gzip", "Send a gzip file, or no `Content-Encoding`.") from error
    return bytes(body)


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object in a body. Raises `BadRequest`."""
    try:
        value = msgspec.json.decode(body)
    except RecursionError as error:
        raise _deep() from error
    except (msgspec.DecodeError, ValueError) as error:
        raise _malformed() from error
    if not isinstance(value, dict):
        raise BadRequest("invalid-type", "Send a JSON object.")
    if too_deep(value):
        raise _deep()
    return value


def typed(value: Any, shape: type[T]) -> T:
    """A JSON value as a shape of ours. Raises `BadRequest` that names the member at fault."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise _wrong_type(error) from error


def json_batch(body: bytes) -> Batch:
    """The batch in a body, its events still raw. Raises `BadRequest` where the batch as a whole is at fault."""
    try:
        try:
            return _BATCH.decode(body)
        except RecursionError:
            return _BATCH.decode(_clipped(body))
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            return _BATCH.decode(_split(body))
    except RecursionError as error:
        raise _deep() from error
    except msgspec.ValidationError as error:
        raise _wrong_type(error) from error
    except (msgspec.DecodeError, ValueError) as error:
        raise _malformed() from error


def _split(body: bytes) -> bytes:
    """The body as a more lenient reader takes it, so that its events can be judged one by one.

    Clients that cut a text in the middle of an emoji write half a surrogate: well-formed by RFC 8259
    (section 8.2) and yet no text. And Python's write `NaN`. Either is the fault of its own event.
    """
    import json

    batch = json.loads(body, parse_constant=lambda _: _NO_TEXT)
    return json.dumps(batch, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")


def _clipped(body: bytes) -> bytes:
    """The body with a `0` for whatever nests deeper than four times what is allowed.

    One event of a batch is at fault for its depth, not its neighbours: what is left of it is still too deep,
    and is refused alone.
    """
    kept, depth, start = bytearray(), 0, 0
    for token in _TOKENS.finditer(body):
        mark = token.group()
        if mark in (b"[", b"{"):
            depth += 1
            if depth == _DEEPEST:
                kept += body[start : token.start()] + b"0"
        elif mark in (b"]", b"}"):
            if depth == _DEEPEST:
                start = token.end()
            depth -= 1
    return bytes(kept + body[start:])


def _wrong_type(error: msgspec.ValidationError) -> BadRequest:
    words, _, path = str(error).partition(" - at `$")
    path = path.strip("`.")
    if missing := _MISSING.fullmatch(words):
        return BadRequest("missing-field", f"Set `{missing[1]}`.", f"{path}.{missing[1]}".strip("."))
    if unknown := _UNKNOWN.fullmatch(words):
        field = f"{path}.{unknown[1]}".strip(".")
        return BadRequest(
            "unknown-field", "Leave this out, or correct its name: it is not known here.", field
        )
    return BadRequest("invalid-type", f"{words}.", path)


def _malformed() -> BadRequest:
    return BadRequest("invalid-json", "Send well-formed JSON in UTF-8.")


def _deep() -> BadRequest:
    return BadRequest("too-deep", f"Nest objects and lists at most {LEVELS} levels deep.")
