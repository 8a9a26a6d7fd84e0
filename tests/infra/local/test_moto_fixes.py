"""What moto gets wrong without the repairs; each of these fails when its repair is taken out."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws

from infra.local import moto_fixes

CONFIG = Config(account_id_endpoint_mode="disabled", region_name="us-east-1")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    moto_fixes.apply()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    switch = sys.getswitchinterval()
    with mock_aws():
        sys.setswitchinterval(1e-6)
        yield
        sys.setswitchinterval(switch)


@pytest.fixture
def table(aws: None) -> Any:
    client = boto3.client("dynamodb", config=CONFIG)
    client.create_table(
        TableName="homes",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    return client


def together(*calls: Callable[[], Any]) -> list[Any]:
    """What each call answered or raised when all started at once."""
    start = threading.Barrier(len(calls))
    answers: list[Any] = [None] * len(calls)

    def run(index: int) -> None:
        start.wait()
        try:
            answers[index] = calls[index]()
        except ClientError as error:
            answers[index] = error.response["Error"]["Code"]

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_a_put_if_absent_has_one_winner(table: Any) -> None:
    def claim(number: int, who: str) -> Any:
        return table.put_item(
            TableName="homes",
            Item={"id": {"S": f"p_{number}"}, "owner": {"S": who}},
            ConditionExpression="attribute_not_exists(id)",
        )

    for number in range(40):
        answers = together(*(lambda n=number, w=who: claim(n, w) for who in "abcd"))
        assert answers.count("ConditionalCheckFailedException") == 3


def test_a_message_sent_while_another_is_deleted_stays(aws: None) -> None:
    sqs = boto3.client("sqs", config=CONFIG)
    url = sqs.create_queue(QueueName="events")["QueueUrl"]
    for number in range(60):
        sqs.send_message(QueueUrl=url, MessageBody=f"old {number}")

    def delete_all() -> None:
        while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                if message["Body"].startswith("old"):
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def send_new() -> None:
        for number in range(40):
            sqs.send_message(QueueUrl=url, MessageBody=f"new {number}")

    together(delete_all, send_new, delete_all)
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    waiting = int(counts["ApproximateNumberOfMessages"]) + int(
        counts["ApproximateNumberOfMessagesNotVisible"]
    )
    assert waiting == 40


def put(id: str, **clauses: Any) -> dict[str, Any]:
    return {"Put": {"TableName": "homes", "Item": {"id": {"S": id}, "by": {"S": "transaction"}}, **clauses}}


def cancelled(table: Any) -> None:
    absent = {"ConditionExpression": "attribute_not_exists(id)"}
    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        table.transact_write_items(TransactItems=[put("fresh"), put("second"), put("taken", **absent)])


def test_a_cancelled_transaction_leaves_nothing(table: Any) -> None:
    table.put_item(TableName="homes", Item={"id": {"S": "taken"}})
    table.put_item(TableName="homes", Item={"id": {"S": "second"}})
    cancelled(table)
    items = table.scan(TableName="homes")["Items"]
    assert sorted(items, key=str) == [{"id": {"S": "second"}}, {"id": {"S": "taken"}}]


def test_a_cancelled_transaction_never_shows_in_an_open_stream(table: Any) -> None:
    streams = boto3.client("dynamodbstreams", config=CONFIG)
    arn = table.describe_table(TableName="homes")["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    table.put_item(TableName="homes", Item={"id": {"S": "taken"}})
    iterator = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    cancelled(table)
    table.put_item(TableName="homes", Item={"id": {"S": "later"}})
    records = streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    assert [record["dynamodb"]["Keys"]["id"]["S"] for record in records] == ["taken", "later"]


def cpu_of_transaction(table: Any) -> float:
    started = time.thread_time()
    table.transact_write_items(TransactItems=[put("one"), put("two")])
    return time.thread_time() - started


def test_a_transaction_costs_the_same_in_a_large_table(table: Any) -> None:
    small = min(cpu_of_transaction(table) for _ in range(5))
    for number in range(600):
        table.put_item(TableName="homes", Item={"id": {"S": str(number)}, "doc": {"S": "x"}})
    large = min(cpu_of_transaction(table) for _ in range(5))
    assert large < 5 * small
