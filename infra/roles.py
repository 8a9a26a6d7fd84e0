"""A least-privilege role and a log group for each function, made from `grants.yaml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]
Grants = Mapping[str, Mapping[str, Mapping[str, Sequence[str]]]]

LOG_RETENTION_DAYS = 30
#: Without Lambda's own lines at the start and end of each invocation: its metrics tell duration and memory, and the
#: lines would be most of what is logged, and of what logs cost. Failures and time-outs of its own still are.
LOGGED = {"LogFormat": "JSON", "ApplicationLogLevel": "INFO", "SystemLogLevel": "WARN"}
POLL_QUEUE = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
READ_STREAM = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")


def roles_and_logs(grants: Grants, functions: Json) -> Json:
    """The resources that let each granted function run, and what ties the function to them.

    `functions` are the packaged function resources by name; their event sources say what they poll.
    """
    resources: Json = {}
    for name, granted in grants.items():
        statements = [*_granted(granted), *_polls(functions[name]), _logs(name)]
        resources[f"{name}Role"] = _role(statements)
        resources[f"{name}Logs"] = _log_group(name)
        resources[name] = {
            "Properties": {
                "Role": {"Fn::GetAtt": [f"{name}Role", "Arn"]},
                "LoggingConfig": {"LogGroup": {"Ref": f"{name}Logs"}, **LOGGED},
            }
        }
    return resources


def _granted(granted: Mapping[str, Mapping[str, Sequence[str]]]) -> list[Json]:
    return [
        statement
        for service, targets in granted.items()
        for target, actions in targets.items()
        for statement in _ON[service](service, target, actions)
    ]


def _arn(service: str, target: str, actions: Sequence[str]) -> list[Json]:
    return [_allow(service, actions, {"Fn::GetAtt": [target, "Arn"]})]


def _secret(service: str, target: str, actions: Sequence[str]) -> list[Json]:
    return [_allow(service, actions, {"Ref": target})]


def _mail(service: str, target: str, actions: Sequence[str]) -> list[Json]:
    """Sending needs the configuration set and the sender's identity; senders are named by the playbook."""
    account = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}"
    arns = [{"Fn::Sub": f"{account}:configuration-set/${{{target}}}"}, {"Fn::Sub": f"{account}:identity/*"}]
    return [_allow(service, actions, arns)]


def _account(_service: str, _target: str, actions: Sequence[str]) -> list[Json]:
    """What is asked of the account as a whole knows no ARN (Service Authorization Reference, SES v2)."""
    return [_allow("ses", actions, "*")]


def _bucket(service: str, target: str, actions: Sequence[str]) -> list[Json]:
    """Listing is asked of the bucket, everything else of objects: those of the lake, which is all a function needs."""
    listing = [action for action in actions if action.startswith("List")]
    objects = [action for action in actions if action not in listing]
    return [
        _allow(service, listing, {"Fn::GetAtt": [target, "Arn"]}),
        _allow(service, objects, {"Fn::Sub": f"${{{target}.Arn}}/lake/*"}),
    ]


def _letters(_service: str, target: str, actions: Sequence[str]) -> list[Json]:
    """Objects of the bucket that are direct mail; listing is granted with the lake's."""
    return [_allow("s3", actions, {"Fn::Sub": f"${{{target}.Arn}}/mail/*"})]


def _sms(_service: str, _target: str, actions: Sequence[str]) -> list[Json]:
    """A phone number has no ARN: what is allowed is everything but what has one, topics and devices."""
    allowed = _allow("sns", actions, {"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"})
    return [{"NotResource" if name == "Resource" else name: value for name, value in allowed.items()}]


def _push(_service: str, target: str, actions: Sequence[str]) -> list[Json]:
    """Platform applications are the owner's, made outside of the stack; endpoints are theirs, one for each device.

    IAM's refusals name the endpoint for some of these actions and its application for others.
    """
    own = "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}"
    kinds = ("app",) if target == "Applications" else ("endpoint", "app")
    return [_allow("sns", actions, [{"Fn::Sub": f"{own}:{kind}/*"} for kind in kinds])]


def _text(service: str, _target: str, actions: Sequence[str]) -> list[Json]:
    """Whatever the account may send from, and the configuration set: senders are named by the playbook."""
    account = "arn:${AWS::Partition}:sms-voice:${AWS::Region}:${AWS::AccountId}"
    kinds = ("phone-number", "sender-id", "pool", "configuration-set")
    return [_allow(service, actions, [{"Fn::Sub": f"{account}:{kind}/*"} for kind in kinds])]


_ON = {
    "dynamodb": _arn,
    "sqs": _arn,
    "firehose": _arn,
    "s3": _bucket,
    "secretsmanager": _secret,
    "ses": _mail,
    "ses-account": _account,
    "sms": _sms,
    "sms-voice": _text,
    "push": _push,
    "mail": _letters,
}


def _polls(function: Json) -> list[Json]:
    statements = []
    for source in function["Properties"].get("Events", {}).values():
        if source["Type"] == "SQS":
            statements.append(_allow("sqs", POLL_QUEUE, source["Properties"]["Queue"]))
        if source["Type"] == "DynamoDB":
            table, _ = source["Properties"]["Stream"]["Fn::GetAtt"]
            statements.append(_allow("dynamodb", READ_STREAM, {"Fn::Sub": f"${{{table}.Arn}}/stream/*"}))
    return statements


def _logs(name: str) -> Json:
    return _allow("logs", ("CreateLogStream", "PutLogEvents"), {"Fn::GetAtt": [f"{name}Logs", "Arn"]})


def _allow(service: str, actions: Sequence[str], resource: Any) -> Json:
    return {"Effect": "Allow", "Action": [f"{service}:{action}" for action in actions], "Resource": resource}


def _role(statements: list[Json]) -> Json:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": statements}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [{"PolicyName": "granted", "PolicyDocument": document}],
        },
    }


def _log_group(name: str) -> Json:
    return {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {
            "LogGroupName": {"Fn::Sub": f"/topeka/${{Stage}}/{name}"},
            "RetentionInDays": LOG_RETENTION_DAYS,
        },
    }
