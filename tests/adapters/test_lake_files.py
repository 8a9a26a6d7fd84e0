"""The lake's files in S3: the form in which they are stored, and what S3 answers."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.adapters.lake_files import S3LakeFiles
from chalicelib.domain.errors import Conflict, Unavailable
from tests.adapters.flaky import FlakyClient, aws_error

KEY = "lake/2026/03/02/a.jsonl.gz"


@pytest.fixture
def s3(aws: Callable[[str], Any]) -> FlakyClient:
    client = aws("s3")
    if "lake" not in {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}:
        client.create_bucket(Bucket="lake", CreateBucketConfiguration={"LocationConstraint": "us-east-2"})
    return FlakyClient(client)


def stored(s3: FlakyClient) -> Any:
    return s3.get_object(Bucket="lake", Key=KEY)


def test_a_packed_file_is_put_back_packed(s3: FlakyClient) -> None:
    """Also one that was packed in several parts."""
    s3.put_object(Bucket="lake", Key=KEY, Body=gzip.compress(b"a\n") + gzip.compress(b"b\n"))
    files = S3LakeFiles(s3, "lake")  # type: ignore[arg-type]
    file = files.read(KEY)
    assert file is not None and file.lines == b"a\nb\n"
    files.replace(file, b"b\n")
    body = stored(s3)["Body"].read()
    assert body.startswith(b"\x1f\x8b") and gzip.decompress(body) == b"b\n"


def test_a_plain_file_stays_plain_and_keeps_its_type(s3: FlakyClient) -> None:
    s3.put_object(Bucket="lake", Key=KEY, Body=b"a\nb\n", ContentType="application/jsonl")
    files = S3LakeFiles(s3, "lake")  # type: ignore[arg-type]
    file = files.read(KEY)
    assert file is not None
    files.replace(file, b"b\n")
    answer = stored(s3)
    assert (answer["Body"].read(), answer["ContentType"]) == (b"b\n", "application/jsonl")


def test_a_torn_file_is_there_but_has_no_lines(s3: FlakyClient) -> None:
    s3.put_object(Bucket="lake", Key=KEY, Body=gzip.compress(b"a\n" * 1_000)[:-9])
    file = S3LakeFiles(s3, "lake").read(KEY)  # type: ignore[arg-type]
    assert file is not None and file.lines is None


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict"])
def test_another_writer_is_a_conflict(s3: FlakyClient, code: str) -> None:
    s3.put_object(Bucket="lake", Key=KEY, Body=b"a\nb\n")
    files = S3LakeFiles(s3, "lake")  # type: ignore[arg-type]
    file = files.read(KEY)
    assert file is not None
    s3.fail("put_object", aws_error(code))
    with pytest.raises(Conflict):
        files.replace(file, b"b\n")


@pytest.mark.parametrize("code", ["SlowDown", "InternalError", "AccessDenied"])
def test_a_bucket_that_does_not_answer_is_unavailable(s3: FlakyClient, code: str) -> None:
    s3.fail("list_objects_v2", aws_error(code))
    s3.fail("get_object", aws_error(code))
    files = S3LakeFiles(s3, "lake")  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        files.page()
    with pytest.raises(Unavailable):
        files.read(KEY)
