"""The stage's tables, queues, topics and bucket in moto, made from the template that is deployed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STAGE = "local"
REGION = "us-east-1"
ACCOUNT = "123456789012"
PREFIX = f"topeka-{STAGE}"
_TEMPLATE = Path(__file__).parent.parent / "resources.yaml"

#: What moto's CloudFormation makes. It skips subscriptions with a warning and has no Firehose; those two are
#: made by call below. Policies, alarms and secrets have no part in a process that asks nobody for leave.
_MADE = frozenset({"AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::SNS::Topic", "AWS::S3::Bucket"})


@dataclass(frozen=True, slots=True)
class Resources:
    """Names and addresses of what was made, by logical id of the template: a queue's URL, a topic's ARN."""

    ids: dict[str, str]

    def __getitem__(self, logical_id: str) -> str:
        return self.ids[logical_id]


def make_resources() -> Resources:
    """Create everything in the running moto."""
    import boto3

    template = _read()
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(
        StackName=PREFIX,
        TemplateBody=json.dumps(_reduced(template)),
        Parameters=[{"ParameterKey": "Stage", "ParameterValue": STAGE}],
    )
    found = cloudformation.describe_stack_resources(StackName=PREFIX)["StackResources"]
    made = Resources({each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found})
    _subscribe(boto3.client("sns"), template, made)
    _make_lake(boto3.client("firehose"), made)
    return Resources(made.ids | _make_push(boto3.client("sns")))


def _read() -> dict[str, Any]:
    import yaml

    template: dict[str, Any] = yaml.load(_TEMPLATE.read_text(), Loader=yaml.CSafeLoader)
    return template


def _reduced(template: dict[str, Any]) -> dict[str, Any]:
    kept = {name: each for name, each in template["Resources"].items() if each["Type"] in _MADE}
    return {"AWSTemplateFormatVersion": "2010-09-09", "Parameters": template["Parameters"], "Resources": kept}


def _subscribe(sns: Any, template: dict[str, Any], made: Resources) -> None:
    for each in template["Resources"].values():
        if each["Type"] == "AWS::SNS::Subscription":
            wanted = each["Properties"]
            queue = made[wanted["Endpoint"]["Fn::GetAtt"][0]].rsplit("/", 1)[1]
            sns.subscribe(
                TopicArn=made[wanted["TopicArn"]["Ref"]],
                Protocol=wanted["Protocol"],
                Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}",
            )


def _make_push(sns: Any) -> dict[str, str]:
    """The platform applications that an owner brings."""

    def made(platform: str) -> str:
        key = {"PlatformCredential": "local"}
        arn: str = sns.create_platform_application(Name=PREFIX, Platform=platform, Attributes=key)[
            "PlatformApplicationArn"
        ]
        return arn

    return {"PushFirebase": made("GCM"), "PushApple": made("APNS")}


def _make_lake(firehose: Any, made: Resources) -> None:
    firehose.create_delivery_stream(
        DeliveryStreamName=f"{PREFIX}-lake",
        ExtendedS3DestinationConfiguration={
            "BucketARN": f"arn:aws:s3:::{made['Bucket']}",
            "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/lake",
            "Prefix": "lake/",
        },
    )
