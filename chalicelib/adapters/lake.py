"""The lake: JSON lines through Firehose to S3, for analytics.

Several lines go in one record: Firehose bills each rounded up to 5 KB, and an event is a tenth of that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.adapters.faults import asking
from chalicelib.domain.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_firehose import FirehoseClient

#: Bytes of a record (at most 1,000 KiB, kept small so that a retry repeats little), and of one call (4 MiB).
RECORD = 256 * 1024
CALL = 4 * 1024 * 1024
CALL_RECORDS = 500
_ROUNDS = 5
_FIRST_PAUSE = 0.05

_encode = msgspec.json.Encoder().encode


class FirehoseLake:
    """JSON lines with their kind, appended at least once. `pause` waits for seconds between tries."""

    def __init__(
        self, client: FirehoseClient, stream: str, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._stream = stream
        self._pause = pause

    def put(self, kind: str, records: Sequence[Mapping[str, Any] | msgspec.Struct]) -> None:
        """Append the records (none empty), each as a line that starts with its kind. A line may come twice."""
        opening = b'{"kind":%b,' % _encode(kind)
        lines = (opening + _encode(record)[1:] + b"\n" for record in records)
        for part in _runs(_joined(lines), CALL, CALL_RECORDS):
            self._put_part([{"Data": record} for record in part])

    def _put_part(self, records: list[Any]) -> None:
        for turn in range(_ROUNDS):
            with asking("firehose"):
                answer = self._client.put_record_batch(DeliveryStreamName=self._stream, Records=records)
            if not answer["FailedPutCount"]:
                return
            results = zip(records, answer["RequestResponses"], strict=True)
            records = [record for record, result in results if "ErrorCode" in result]
            self._pause(_FIRST_PAUSE * 2**turn)
        raise Unavailable("firehose")


class NoLake:
    """Where no stream is set up: nothing is kept for analytics."""

    def put(self, kind: str, records: Sequence[Mapping[str, Any] | msgspec.Struct]) -> None:
        """Keep nothing."""


def _joined(lines: Iterable[bytes]) -> Iterator[bytes]:
    return (b"".join(run) for run in _runs(lines, RECORD, CALL_RECORDS * 1000))


def _runs(pieces: Iterable[bytes], most_bytes: int, most: int) -> Iterator[list[bytes]]:
    """The pieces in order, in runs of limited size; a piece that is too large alone is a run of its own."""
    run: list[bytes] = []
    size = 0
    for piece in pieces:
        if run and (len(run) == most or size + len(piece) > most_bytes):
            yield run
            run, size = [], 0
        run.append(piece)
        size += len(piece)
    if run:
        yield run
