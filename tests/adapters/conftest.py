"""moto with its repairs, and tables that look like the deployed ones, a new one for each test."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

MakeTable = Callable[..., str]
"""Makes a table with these key attributes (hash, range) and returns its name."""

_numbers = itertools.count(1)


@pytest.fixture(scope="package")
def aws() -> Iterator[Callable[[str], Any]]:
    """Makes clients of an AWS that runs in this process."""
    import boto3
    from botocore.config import Config
    from moto import mock_aws

    from infra.local import moto_fixes

    moto_fixes.apply()
    never_twice = Config(retries={"total_max_attempts": 1})
    with mock_aws():
        yield lambda service: boto3.client(
            service,  # type: ignore[call-overload]
            region_name="us-east-2",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=never_twice,
        )


@pytest.fixture(scope="package")
def dynamodb(aws: Callable[[str], Any]) -> DynamoDBClient:
    client: DynamoDBClient = aws("dynamodb")
    return client


@pytest.fixture(scope="package")
def sqs(aws: Callable[[str], Any]) -> SQSClient:
    client: SQSClient = aws("sqs")
    return client


@pytest.fixture
def table(dynamodb: DynamoDBClient) -> Iterator[MakeTable]:
    made: list[str] = []

    def make(*keys: str, numbers: tuple[str, ...] = ()) -> str:
        name = f"table-{next(_numbers)}"
        request: Any = {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": key, "AttributeType": "N" if key in numbers else "S"} for key in keys
            ],
            "KeySchema": [
                {"AttributeName": key, "KeyType": kind}
                for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ],
        }
        dynamodb.create_table(**request)
        made.append(name)
        return name

    yield make
    for name in made:
        dynamodb.delete_table(TableName=name)


@pytest.fixture
def queue(sqs: SQSClient) -> str:
    return sqs.create_queue(QueueName=f"queue-{next(_numbers)}")["QueueUrl"]
