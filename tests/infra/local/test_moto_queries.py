"""A query of a table looks at one partition; without the repair each walks, and sorts, the whole table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws
from moto.dynamodb.models import dynamodb_backends

from infra.local import moto_fixes
from infra.local.resources import ACCOUNT, REGION

CONFIG = Config(account_id_endpoint_mode="disabled", region_name=REGION)


@pytest.fixture
def client() -> Iterator[Any]:
    moto_fixes.apply()
    with mock_aws():
        client = boto3.client("dynamodb", config=CONFIG)
        client.create_table(
            TableName="timeline",
            KeySchema=[
                {"AttributeName": "profile", "KeyType": "HASH"},
                {"AttributeName": "at", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("profile", "at", "day")
            ],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by_day",
                    "KeySchema": [{"AttributeName": "day", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        for profile, at in (("ada", "3"), ("ada", "1"), ("ben", "2"), ("ada", "2")):
            item = {"profile": {"S": profile}, "at": {"S": at}, "day": {"S": "monday"}}
            client.put_item(TableName="timeline", Item=item)
        yield client


def times(client: Any, name: str, value: str, **options: Any) -> list[str]:
    found = client.query(
        TableName="timeline",
        KeyConditionExpression="#name = :value",
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues={":value": {"S": value}},
        **options,
    )
    return [item["at"]["S"] for item in found["Items"]]


def test_a_query_gives_its_partition_in_order(client: Any) -> None:
    assert times(client, "profile", "ada") == ["1", "2", "3"]
    assert times(client, "profile", "ada", ScanIndexForward=False, Limit=2) == ["3", "2"]
    assert times(client, "profile", "nobody") == []


def test_it_does_not_look_at_other_partitions(client: Any) -> None:
    table = dynamodb_backends[ACCOUNT][REGION].get_table("timeline")
    ben = next(partition for key, partition in table.items.items() if key.value == "ben")
    ben[next(iter(ben))] = None  # whoever looks at it stumbles
    assert times(client, "profile", "ada") == ["1", "2", "3"]


def test_an_index_still_finds_items_of_every_partition(client: Any) -> None:
    assert sorted(times(client, "day", "monday", IndexName="by_day")) == ["1", "2", "2", "3"]


def test_a_scan_still_sees_everything(client: Any) -> None:
    assert len(client.scan(TableName="timeline")["Items"]) == 4
