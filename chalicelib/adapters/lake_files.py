"""The lake's files in S3, as Firehose delivered them: JSON lines, packed by gzip or plain.

Rewriting one puts it back under its key, and in its form. It relies on the bucket keeping no versions: in a bucket
that does, what was taken out would still be there.
"""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from chalicelib.adapters.faults import asking
from chalicelib.domain.stored import LakeFile, Page

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "lake/"
_GZIP = b"\x1f\x8b"
_KEPT_AS_THEY_WERE = ("ContentType", "ContentEncoding", "Metadata")


class S3LakeFiles:
    """One bucket's `lake/`."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def page(self, after: str = "", limit: int = 100) -> Page:
        """Files in the order of their keys, each (key, stored bytes); the cursor is the last key."""
        with asking("s3"):
            answer = self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=PREFIX, StartAfter=after or PREFIX, MaxKeys=limit
            )
        found = tuple((each["Key"], each["Size"]) for each in answer.get("Contents", ()))
        return Page(found, found[-1][0] if answer.get("IsTruncated") and found else "")

    def read(self, key: str) -> LakeFile | None:
        """One file unpacked; None if it is gone."""
        with asking("s3"):
            try:
                answer: Any = self._client.get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if error.response["Error"]["Code"] == "NoSuchKey":
                    return None
                raise
            data: bytes = answer["Body"].read()
        form = {name: answer[name] for name in _KEPT_AS_THEY_WERE if answer.get(name)}
        packed = data.startswith(_GZIP)
        return LakeFile(key, answer["ETag"], _unpacked(data) if packed else data, packed, form)

    def replace(self, file: LakeFile, lines: bytes) -> None:
        """Put these lines in the file's place, none: remove it. Raises `Conflict` if it has changed.

            pass 1   read F: x, y ................. put F: y, if still what was read: refused, F is read again
            pass 2         read F: x, y ... put F: x

        Removing needs no condition: files only ever lose lines.
        """
        with asking("s3", [file.key]):
            if not lines:
                self._client.delete_object(Bucket=self._bucket, Key=file.key)
                return
            # The same lines are the same bytes: no time of packing in them.
            data = gzip.compress(lines, mtime=0) if file.packed else lines
            self._client.put_object(
                Bucket=self._bucket, Key=file.key, Body=data, IfMatch=file.version, **file.form
            )


def _unpacked(data: bytes) -> bytes | None:
    """What was packed; Firehose may have joined several packed parts into one file."""
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return None
