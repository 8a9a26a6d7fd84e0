"""Whether a packaged role allows the calls that were made: every call to AWS, by service, operation and resource."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from infra.package import overlay

#: What IAM calls an operation that it doesn't call by its name (service authorization reference).
_ACTIONS = {
    ("dynamodb", "TransactWriteItems"): "dynamodb:PutItem",
    ("sqs", "SendMessageBatch"): "sqs:SendMessage",
    ("sesv2", "SendEmail"): "ses:SendEmail",
    ("sesv2", "GetAccount"): "ses:GetAccount",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("s3", "DeleteObjects"): "s3:DeleteObject",
}


def refused(function: str, calls: Iterable[list[str]]) -> set[tuple[str, str]]:
    """The actions, with what they were made on, that the function's role does not allow."""
    (policy,) = overlay()["Resources"][f"{function}Role"]["Properties"]["Policies"]
    allowed = {
        (action, name)
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
        for name in _names(statement.get("Resource", "*"))
    }
    made = {(_ACTIONS.get((service, name), f"{service}:{name}"), on) for service, name, on in calls}
    return made - allowed


def _names(resource: Any) -> Iterable[str]:
    """What a call names of this resource: the table, queue or stream without prefix, `*` for a phone number.

    Of a platform application or endpoint of SNS it is `app/*` or `endpoint/*`, whichever it is.

    Of objects in the bucket, it is their folder: `lake/*`, `mail/*`.
    """
    for each in resource if isinstance(resource, list) else [resource]:
        if isinstance(each, dict) and each.get("Fn::Sub", "").startswith("${Bucket.Arn}/"):
            yield each["Fn::Sub"].removeprefix("${Bucket.Arn}/")
            continue
        if isinstance(each, dict) and each.get("Fn::Sub", "").startswith("arn:${AWS::Partition}:sns:"):
            yield each["Fn::Sub"].rpartition(":")[2]
            continue
        logical = each if isinstance(each, str) else (each.get("Fn::GetAtt") or [each.get("Ref", "")])[0]
        yield resource_name(logical)


def resource_name(logical: str) -> str:
    """`ProfilesTable` -> `profiles`, `RelayDeadQueue` -> `relay-dead`."""
    for kind in ("Table", "Queue", "Stream"):
        logical = logical.removesuffix(kind)
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in logical).lstrip("-")


def named_by(request: dict[str, Any]) -> str:
    """What a request to AWS is about, in the same words."""
    if "Bucket" in request:
        removed = request["Delete"]["Objects"] if "Delete" in request else [{}]
        key: str = request.get("Key") or removed[0].get("Key", "")
        return f"{key.partition('/')[0]}/*" if key else "bucket"
    if "EndpointArn" in request or "TargetArn" in request:
        return "endpoint/*"
    if "PlatformApplicationArn" in request:
        return "app/*"
    tables = request.get("RequestItems") or {
        action["TableName"]: action for each in request.get("TransactItems", ()) for action in each.values()
    }
    whole = request.get("TableName") or next(iter(tables), "") or request.get("DeliveryStreamName", "")
    whole = whole or request.get("QueueUrl", "").rsplit("/", 1)[-1]
    return whole.removeprefix("topeka-local-") or "*"
