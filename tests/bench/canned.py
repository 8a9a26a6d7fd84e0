"""AWS that answers out of memory, under botocore: nothing is sent, and what answering costs is taken off the clock.

Homes are kept as the bytes they were put with, so that what is read is what was written; everything else is only
acknowledged. Both sides of a comparison run over it: the service, and botocore alone with the same requests.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

Request = tuple[str, str, dict[str, Any]]
"""Service, operation, and parameters as a client is given them."""


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._body


@dataclass(slots=True)
class Canned:
    """`requests` are those since last cleared; `answering` the seconds of CPU that answers have cost."""

    homes: dict[str, str] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    answering: float = 0.0
    recording: bool = True

    def client(self, service: str) -> Any:
        """A real client of boto3, as deployed, over this AWS."""
        import boto3
        from botocore.config import Config

        make: Any = boto3.client
        client = make(
            service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x",
            config=Config(parameter_validation=False, user_agent="bench", account_id_endpoint_mode="disabled"),
        )  # fmt: skip
        client.meta.events.register("before-send", self._answer)
        client.meta.events.register("provide-client-params", self._note)
        return client

    def _note(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if self.recording:
            self.requests.append((model.service_model.service_name, model.name, params))

    def _answer(self, event_name: str, request: Any, **_: Any) -> AWSResponse:
        started = time.thread_time()
        operation = event_name.rsplit(".", 1)[1]
        body = getattr(self, f"_{operation}", lambda _: "{}")(json.loads(request.body)).encode()
        headers = HTTPHeaders()
        headers["content-type"] = "application/x-amz-json-1.0"
        answer = AWSResponse(request.url, 200, headers, _Raw(body))
        self.answering += time.thread_time() - started
        return answer

    def _PutItem(self, asked: Any) -> str:  # noqa: N802 - named by its operation
        if "doc" in asked["Item"]:
            self.homes[asked["Item"]["id"]["S"]] = json.dumps(
                {name: asked["Item"][name] for name in ("id", "version", "doc")}
            )
        return "{}"

    def _TransactWriteItems(self, asked: Any) -> str:  # noqa: N802 - named by its operation
        for action in asked["TransactItems"]:
            if "Put" in action:
                item = action["Put"]["Item"]
                self.homes[item["id"]["S"]] = json.dumps({k: v for k, v in item.items() if k != "outbox"})
        return "{}"

    def _BatchGetItem(self, asked: Any) -> str:  # noqa: N802 - named by its operation
        ((table, wanted),) = asked["RequestItems"].items()
        ids = [key["id"]["S"] for key in wanted["Keys"]]
        items = ",".join(self.homes[id] for id in ids if id in self.homes)
        return f'{{"Responses": {{"{table}": [{items}]}}, "UnprocessedKeys": {{}}}}'

    def _BatchWriteItem(self, _asked: Any) -> str:  # noqa: N802 - named by its operation
        return '{"UnprocessedItems": {}}'

    def _Query(self, _asked: Any) -> str:  # noqa: N802 - named by its operation
        return '{"Items": [], "Count": 0, "ScannedCount": 0}'

    def _PutRecordBatch(self, asked: Any) -> str:  # noqa: N802 - named by its operation
        done = ",".join(['{"RecordId": "1"}'] * len(asked["Records"]))
        return f'{{"FailedPutCount": 0, "RequestResponses": [{done}]}}'
