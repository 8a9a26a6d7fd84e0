"""Calls a handler as Lambda does, where nothing is loaded yet: `python -m tests.fresh_handler STRING`.

Takes a JSON list of events on stdin; tells what the handler returned for each, and what it asked of AWS. AWS is moto,
made from the template that is deployed. An event `{"before": [service, operation, request]}` is a call to AWS
instead, made before any event; `{Bucket}` in it is the bucket's name. Samples of SNS's notifications are signed first.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack
from typing import Any


def main(handler: str) -> None:
    """Every event in turn, through one load of the handler."""
    from moto import mock_aws

    from infra.local.environment import aws_environment, function_environment
    from infra.local.functions import Function
    from infra.local.moto_signing import notices_signed
    from infra.local.resources import make_resources

    events = json.load(sys.stdin)
    with ExitStack() as stack:
        for part in (aws_environment(), mock_aws(), notices_signed()):
            stack.enter_context(part)
        stack.enter_context(function_environment(make_resources(), "http://127.0.0.1:8000"))
        for each in events:
            if "before" in each:
                _prepare(*each["before"])
        calls = _listen()
        function = Function(handler, handler)
        answers = [function.invoke(_signed(event)) for event in events if "before" not in event]
    json.dump({"answers": answers, "calls": calls, "app": "app" in sys.modules}, sys.stdout)


def _signed(event: dict[str, Any]) -> dict[str, Any]:
    from infra.local.moto_signing import signed_envelope

    for record in event.get("Records", ()):
        if "SigningCertURL" in record.get("body", ""):
            notice = json.loads(record["body"])
            record["body"] = json.dumps(
                signed_envelope(notice["TopicArn"], notice["Message"], notice["MessageId"])
            )
    return event


def _prepare(service: str, operation: str, request: dict[str, Any]) -> None:
    import boto3

    if request.get("Bucket") == "{Bucket}":
        request["Bucket"] = os.environ["TOPEKA_LAKE_BUCKET"]
    make: Any = boto3.client
    getattr(make(service), operation)(**request)


def _listen() -> list[list[str]]:
    """From now on, every call to AWS as service, operation and what it is about."""
    import botocore.client

    from tests.granted import named_by

    calls: list[list[str]] = []
    base: Any = botocore.client.BaseClient
    make = base._make_api_call

    def listening(client: Any, operation: str, request: dict[str, Any]) -> Any:
        calls.append([client.meta.service_model.service_name, operation, named_by(request)])
        return make(client, operation, request)

    base._make_api_call = listening
    return calls


if __name__ == "__main__":
    main(sys.argv[1])
