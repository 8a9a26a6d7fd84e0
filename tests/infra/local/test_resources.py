"""What the template declares exists in the local AWS."""

from __future__ import annotations

import json

import boto3

from infra.local.queues import LocalQueue

from .conftest import Aws

TABLES = "agenda deliveries groups keys playbooks profiles quarantine rejected stops tallies timeline"
QUEUES = "deliveries events feedback jobs"


def test_every_table_is_made_and_profiles_has_its_stream(aws: Aws) -> None:
    dynamodb = boto3.client("dynamodb")
    assert sorted(dynamodb.list_tables()["TableNames"]) == [f"topeka-local-{name}" for name in TABLES.split()]
    profiles = dynamodb.describe_table(TableName=aws.made["ProfilesTable"])["Table"]
    assert profiles["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"


def test_every_queue_has_a_dead_letter_queue_after_five_receives(aws: Aws) -> None:
    sqs = boto3.client("sqs")
    for name in QUEUES.split():
        url = sqs.get_queue_url(QueueName=f"topeka-local-{name}")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        policy = json.loads(attributes["RedrivePolicy"])
        assert policy["maxReceiveCount"] == 5
        assert policy["deadLetterTargetArn"].endswith(f"topeka-local-{name}-dead")


def test_both_topics_fill_the_feedback_queue_in_snss_envelope(aws: Aws) -> None:
    for topic in ("FeedbackTopic", "InboundTopic"):
        boto3.client("sns").publish(TopicArn=aws.made[topic], Message='{"said": 1}')
    envelopes = [json.loads(body) for body in LocalQueue("topeka-local-feedback").bodies()]
    assert [each["TopicArn"] for each in envelopes] == [aws.made["FeedbackTopic"], aws.made["InboundTopic"]]
    assert {(each["Type"], each["Message"]) for each in envelopes} == {("Notification", '{"said": 1}')}


def test_the_lake_takes_records(aws: Aws) -> None:
    boto3.client("firehose").put_record(DeliveryStreamName="topeka-local-lake", Record={"Data": b"{}\n"})
    stored = boto3.client("s3").list_objects_v2(Bucket=aws.made["Bucket"])["Contents"]
    assert [each["Key"].split("/")[0] for each in stored] == ["lake"]
