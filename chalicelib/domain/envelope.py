"""What a queue's message carries: plain JSON, or packed where that is large or has characters SQS refuses.

Packed is `z:` and the base64 of the zlib stream. So what one request sent is always one message, taken whole or
not at all. A batch has at most 500 KB, but repeats its `context` in every event, and each event gains our
stamps: plain, it can pass SQS's 1 MiB. Packed, repeats weigh next to nothing, and the rest was under 500 KB.
"""

from __future__ import annotations

import base64
import re
import zlib
from typing import Any

import msgspec

from chalicelib.domain.errors import TooLarge
from chalicelib.domain.events import EventBatch

LARGEST = 1_048_576
"""Bytes of one message, and of one call's messages together (SQS quotas, message size)."""

PLAIN_UP_TO = 65_536
"""Bytes up to which a message stays plain: SQS bills each 64 KB as a request of its own."""

_PACKED = "z:"

#: What SQS refuses and JSON does not escape (SQS, SendMessage: a body is made of XML 1.0's characters).
_REFUSED = re.compile("[\ufffe\uffff]")

_encode = msgspec.json.Encoder().encode
_batch = msgspec.json.Decoder(EventBatch)
_job = msgspec.json.Decoder(dict[str, Any])


def body_of(value: EventBatch | dict[str, Any]) -> str:
    """The body of the message for a batch or a job. Raises `TooLarge`."""
    data = _encode(value)
    body = data.decode()
    if len(data) > PLAIN_UP_TO or _REFUSED.search(body):
        body = _PACKED + base64.b64encode(zlib.compress(data)).decode()
    if len(body) > LARGEST:
        raise TooLarge("batch-too-large", "Send fewer events in one request.")
    return body


def batch_of(body: str) -> EventBatch:
    """The batch in a message's body. Raises `ValueError` if it is none of ours."""
    return _batch.decode(_json(body))


def job_of(body: str) -> dict[str, Any]:
    """The job in a message's body. Raises `ValueError` if it is none of ours."""
    return _job.decode(_json(body))


def _json(body: str) -> bytes:
    if not body.startswith(_PACKED):
        return body.encode()
    try:
        return zlib.decompress(base64.b64decode(body[len(_PACKED) :], validate=True))
    except zlib.error as error:
        raise ValueError("a packed message that does not unpack") from error
