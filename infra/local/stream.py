"""The stream of the profiles table, carried to relay as Lambda's event source mapping does.

Records keep their order; a batch that fails is halved until the bad record stands alone, is tried again
up to the mapping's retries, and then leaves its position in relay-dead while the stream moves on.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from typing import Any

from infra.local.functions import Function
from infra.local.moto_locks import dynamodb_lock
from infra.local.resources import ACCOUNT, REGION

log = logging.getLogger("topeka.local")
Record = dict[str, Any]


class StreamPump:
    """One thread reads the one shard moto has. `give_up` takes a record that kept failing."""

    threads = 1

    def __init__(self, table: str, function: Function, give_up: Callable[[str], None]) -> None:
        from moto.dynamodb.models import dynamodb_backends

        self.name = table
        self._table: Any = dynamodb_backends[ACCOUNT][REGION].get_table(table)
        self._function, self._give_up = function, give_up
        mapping = function.mapping()
        self._batch, self._retries = int(mapping["BatchSize"]), int(mapping["MaximumRetryAttempts"])
        self._patterns = [json.loads(each["Pattern"]) for each in mapping["FilterCriteria"]["Filters"]]
        self._position = 0

    def ready(self) -> bool:
        return len(self._table.stream_shard.items) > self._position

    def next_due(self) -> None:
        return None

    def step(self) -> None:
        with dynamodb_lock():  # a transaction that is being cancelled never shows
            fresh = self._table.stream_shard.items[self._position :]
            self._position += len(fresh)
        records = [each.to_json() for each in fresh]
        wanted = [_as_lambda_sends(r) for r in records if any(matches(p, r) for p in self._patterns)]
        for start in range(0, len(wanted), self._batch):
            self._carry(wanted[start : start + self._batch], self._retries)

    def _carry(self, records: list[Record], retries: int) -> None:
        failed_at = self._failed_at(records)
        if failed_at is None:
            return
        rest = records[failed_at:]
        if len(rest) == 1:
            self._retry(rest, retries)
        else:
            half = len(rest) // 2
            self._carry(rest[:half], retries)
            self._carry(rest[half:], retries)

    def _retry(self, records: list[Record], retries: int) -> None:
        if retries:
            self._carry(records, retries - 1)
        else:
            log.error("relay-gave-up", extra={"function": self._function.handler})
            self._give_up(json.dumps(_position_of(records[0], self._table.table_arn)))

    def _failed_at(self, records: list[Record]) -> int | None:
        """Where to go on from: the first record the function names, 0 if it died, None if all are done."""
        try:
            answer = self._function.invoke({"Records": records})
        except BaseException:
            log.exception("function-died", extra={"function": self._function.handler})
            return 0
        named = {each["itemIdentifier"] for each in (answer or {}).get("batchItemFailures", ())}
        places = [i for i, each in enumerate(records) if each["dynamodb"]["SequenceNumber"] in named]
        return min(places, default=None)


def matches(pattern: Any, value: Any) -> bool:
    """Lambda's filter patterns, as far as they are in use: nested objects, `exists`, literals.

    Source: AWS Lambda Developer Guide, "Control which events Lambda sends to your function".
    """
    if isinstance(pattern, dict):
        inside = value if isinstance(value, dict) else {}
        return all(matches(each, inside.get(name)) for name, each in pattern.items())
    return any(_satisfies(rule, value) for rule in pattern)


def _satisfies(rule: Any, value: Any) -> bool:
    if isinstance(rule, dict):
        return (value is not None) is bool(rule["exists"])
    return bool(rule == value)


def _as_lambda_sends(record: Record) -> Record:
    """The record as JSON: binary attributes as base64, instants as seconds."""
    sent: Record = json.loads(json.dumps(record, default=_plain))
    return sent


def _plain(value: Any) -> str | int:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else int(value.timestamp())


def _position_of(record: Record, table_arn: str) -> dict[str, Any]:
    """What Lambda leaves in an on-failure queue: where the record is, not what it holds."""
    number = record["dynamodb"]["SequenceNumber"]
    return {
        "requestContext": {"condition": "RetryAttemptsExhausted", "approximateInvokeCount": 1},
        "version": "1.0",
        "DDBStreamBatchInfo": {
            "shardId": "shardId-00000001541626099285-f35f62ef",
            "startSequenceNumber": number,
            "endSequenceNumber": number,
            "batchSize": 1,
            "streamArn": f"{table_arn}/stream",
        },
    }
