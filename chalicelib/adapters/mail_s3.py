"""Direct mail in S3: a letter is an object of its own until its day is over, then a line of the day's file.

mail/2026-07-01/<delivery>.json     a letter of that day (UTC)
mail/2026-07-01.csv                 the day's file, for the print house
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError

from chalicelib.adapters.faults import asking
from chalicelib.adapters.providers import calling
from chalicelib.domain.errors import Conflict
from chalicelib.domain.letters import Letter, day_of, letter_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from chalicelib.domain.stored import Outgoing

PREFIX = "mail/"
#: How many letters are read at once, and how many S3 lists or removes in one call.
READERS = 16
IN_ONE_CALL = 1000


class S3Mail:
    """One bucket's `mail/`."""

    def __init__(self, client: S3Client, bucket: str, clock: Callable[[], int]) -> None:
        self._client = client
        self._bucket = bucket
        self._clock = clock

    def send(self, outgoing: Outgoing) -> str:
        """Keep one letter for today's file; its key. Raises `NotTaken` or `Unanswered`."""
        key = _key(day_of(self._clock()), outgoing.delivery)
        with calling():
            self._put(key, msgspec.json.encode(letter_of(outgoing)), "application/json")
        return key

    def letters(self, day: str) -> list[Letter]:
        """The letters of a day that are not removed yet."""
        with asking("s3"), ThreadPoolExecutor(READERS) as pool:
            read = list(pool.map(self._read, self._keys(day)))
        return [msgspec.json.decode(each, type=Letter) for each in read if each is not None]

    def keep(self, letters: Iterable[Letter]) -> None:
        """Keep letters for today's file."""
        today = day_of(self._clock())
        with asking("s3"):
            for letter in letters:
                self._put(_key(today, letter.delivery), msgspec.json.encode(letter), "application/json")

    def make_file(self, day: str, file: bytes) -> bytes:
        """Make the day's file if it isn't there; what it then is."""
        key = f"{PREFIX}{day}.csv"
        try:
            with asking("s3", [key]):
                self._put(key, file, "text/csv; charset=utf-8", IfNoneMatch="*")
        except Conflict:
            with asking("s3"):
                return self._read(key) or file
        return file

    def remove(self, day: str, deliveries: Sequence[str]) -> None:
        """Take away letters of a day. Repeats are harmless."""
        with asking("s3"):
            for start in range(0, len(deliveries), IN_ONE_CALL):
                gone: Any = [{"Key": _key(day, each)} for each in deliveries[start : start + IN_ONE_CALL]]
                self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": gone, "Quiet": True})

    def _put(self, key: str, body: bytes, kind: str, **conditions: Any) -> None:
        self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=kind, **conditions)

    def _keys(self, day: str) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"{PREFIX}{day}/", PaginationConfig={"PageSize": IN_ONE_CALL}
        )
        for page in pages:
            yield from (each["Key"] for each in page.get("Contents", ()))

    def _read(self, key: str) -> bytes | None:
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise


def _key(day: str, delivery: str) -> str:
    return f"{PREFIX}{day}/{delivery}.json"
