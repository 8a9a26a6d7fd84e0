"""The calls to DynamoDB that every table's adapter makes: conditional puts, batches, ranges.

Batches go in parts of the size AWS allows, and what it leaves undone is tried again with growing pauses;
after that the table counts as unavailable.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.faults import Item, asking, was_ours
from chalicelib.domain.errors import Conflict, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

READ_PART = 100
WRITE_PART = 25
_ROUNDS = 6
_FIRST_PAUSE = 0.05


@dataclass(frozen=True, slots=True)
class Put:
    """A put of `item`, allowed only where `clause` holds; in it attribute names stand as `#name`."""

    item: Item
    clause: str = ""
    names: tuple[str, ...] = ()
    values: Mapping[str, Item] = field(default_factory=dict)

    def request(self, table: str) -> dict[str, Any]:
        """The arguments of PutItem, or of a transaction's Put."""
        request: dict[str, Any] = {"TableName": table, "Item": self.item}
        if self.clause:
            request["ConditionExpression"] = self.clause
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if self.names:
            request["ExpressionAttributeNames"] = {f"#{name}": name for name in self.names}
        if self.values:
            request["ExpressionAttributeValues"] = dict(self.values)
        return request


@dataclass(frozen=True, slots=True)
class Check:
    """The item at `key` is left as it is, and `clause` must hold of it, or nothing of a transaction happens."""

    key: Item
    clause: str
    names: tuple[str, ...] = ()
    values: Mapping[str, Item] = field(default_factory=dict)

    def request(self, table: str) -> dict[str, Any]:
        """The arguments of a transaction's ConditionCheck."""
        request: dict[str, Any] = {"TableName": table, "Key": self.key, "ConditionExpression": self.clause}
        request["ExpressionAttributeNames"] = {f"#{name}": name for name in self.names}
        if self.values:
            request["ExpressionAttributeValues"] = dict(self.values)
        return request


class Table:
    """One table. `pause` waits for a number of seconds between the rounds of a batch."""

    def __init__(
        self, client: DynamoDBClient, name: str, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self.client = client
        self.name = name
        self._pause = pause

    def get(self, key: Item, *, consistent: bool = False) -> Item | None:
        """One item, None if there is none."""
        with asking("dynamodb"):
            return self.client.get_item(TableName=self.name, Key=key, ConsistentRead=consistent).get("Item")

    def put(
        self,
        puts: Sequence[Put],
        *,
        ids: Sequence[str] = (),
        mark: str = "mark",
        checks: Sequence[Check] = (),
    ) -> None:
        """All of the puts or none: one as a conditional put, more (or any check) as one transaction.

        Raises `Conflict`. `ids` are those of the puts, then of the checks.

        `mark` is the attribute that holds a value only this attempt writes, so that a write whose answer was
        lost is not taken for a lost race.
        """
        if not puts:
            return
        requests: list[Any] = [put.request(self.name) for put in puts]
        try:
            with asking("dynamodb", ids):
                if len(requests) == 1 and not checks:
                    self.client.put_item(**requests[0])
                else:
                    actions: list[Any] = [{"Put": request} for request in requests]
                    actions += [{"ConditionCheck": check.request(self.name)} for check in checks]
                    self.client.transact_write_items(TransactItems=actions)
        except Conflict as conflict:
            if not was_ours(conflict, mark, [put.item.get(mark, {}).get("S", "") for put in puts]):
                raise

    def update(
        self,
        key: Item,
        change: str,
        *,
        clause: str = "",
        names: Iterable[str] = (),
        values: Mapping[str, Item],
    ) -> bool:
        """Update one item; whether `clause` held.

        `change` sets the attribute `mark` to `:mark`, a value of this attempt alone.
        """
        request: dict[str, Any] = {"TableName": self.name, "Key": key, "UpdateExpression": change}
        request["ExpressionAttributeNames"] = {f"#{name}": name for name in names}
        request["ExpressionAttributeValues"] = dict(values)
        if clause:
            request["ConditionExpression"] = clause
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        try:
            with asking("dynamodb"):
                self.client.update_item(**request)
        except Conflict as conflict:
            return was_ours(conflict, "mark", [values[":mark"]["S"]])
        return True

    def read(
        self, keys: Sequence[Item], *, consistent: bool = False, only: Sequence[str] = ()
    ) -> Iterator[Item]:
        """The items at any number of distinct keys, in no order; `only` names the attributes wanted."""
        wanted: dict[str, Any] = {"ConsistentRead": consistent}
        if only:
            wanted["ProjectionExpression"] = ", ".join(f"#{name}" for name in only)
            wanted["ExpressionAttributeNames"] = {f"#{name}": name for name in only}
        for start in range(0, len(keys), READ_PART):
            yield from self._read_part(list(keys[start : start + READ_PART]), wanted)

    def _read_part(self, keys: list[Item], wanted: dict[str, Any]) -> Iterator[Item]:
        for pause in _pauses():
            request: Any = {self.name: {"Keys": keys, **wanted}}
            with asking("dynamodb"):
                answer: Any = self.client.batch_get_item(RequestItems=request)
            yield from answer["Responses"].get(self.name, ())
            keys = answer.get("UnprocessedKeys", {}).get(self.name, {}).get("Keys", [])
            if not keys:
                return
            self._pause(pause)
        raise Unavailable("dynamodb")

    def write(self, items: Iterable[Item]) -> None:
        """Put any number of items with distinct keys, unconditionally."""
        puts = list(items)
        if len(puts) == 1:
            self.put([Put(puts[0])])
        else:
            self._write([{"PutRequest": {"Item": item}} for item in puts])

    def delete(self, keys: Iterable[Item]) -> None:
        """Delete any number of distinct keys."""
        gone = list(keys)
        if len(gone) == 1:
            with asking("dynamodb"):
                self.client.delete_item(TableName=self.name, Key=gone[0])
        else:
            self._write([{"DeleteRequest": {"Key": key}} for key in gone])

    def _write(self, requests: list[dict[str, Any]]) -> None:
        for start in range(0, len(requests), WRITE_PART):
            self._write_part(requests[start : start + WRITE_PART])

    def _write_part(self, requests: list[Any]) -> None:
        for pause in _pauses():
            with asking("dynamodb"):
                answer: Any = self.client.batch_write_item(RequestItems={self.name: requests})
            requests = answer.get("UnprocessedItems", {}).get(self.name, [])
            if not requests:
                return
            self._pause(pause)
        raise Unavailable("dynamodb")

    def query(
        self,
        home: tuple[str, str],
        span: tuple[str, str, str] | None = None,
        *,
        newest: bool = False,
        part: int = 0,
        only: Sequence[str] = (),
        consistent: bool = False,
    ) -> Iterator[Item]:
        """Items under the hash key `home` (name, value), by range key, read part by part as they are taken.

        `span` is (name, first, last) of the range key, both included; `newest` starts from the last.
        """
        request = self._query(home, span, only)
        request |= {"ScanIndexForward": not newest, "ConsistentRead": consistent}
        if part:
            request["Limit"] = part
        yield from self._pages(request)

    def scan(
        self,
        only: Sequence[str],
        clause: str,
        after: Item | None,
        part: int,
        values: Mapping[str, Item] | None = None,
    ) -> tuple[list[Item], Item | None]:
        """One part of the whole table: `only` these attributes of items where `clause` holds, and where it ended."""
        request: dict[str, Any] = {"TableName": self.name, "FilterExpression": clause, "Limit": part}
        request["ProjectionExpression"] = ", ".join(f"#{name}" for name in only)
        request["ExpressionAttributeNames"] = {f"#{name}": name for name in only}
        if values:
            request["ExpressionAttributeValues"] = dict(values)
        if after:
            request["ExclusiveStartKey"] = after
        with asking("dynamodb"):
            answer: Any = self.client.scan(**request)
        return answer["Items"], answer.get("LastEvaluatedKey")

    def count(self, home: tuple[str, str]) -> int:
        """How many items are under a hash key."""
        request = self._query(home, None, ()) | {"Select": "COUNT"}
        return sum(answer["Count"] for answer in self._answers(request))

    def _query(
        self, home: tuple[str, str], span: tuple[str, str, str] | None, only: Sequence[str]
    ) -> dict[str, Any]:
        names, values = {"#home": home[0]}, {":home": {"S": home[1]}}
        request: dict[str, Any] = {"TableName": self.name, "KeyConditionExpression": "#home = :home"}
        if span:
            request["KeyConditionExpression"] += " AND #span BETWEEN :first AND :last"
            names["#span"] = span[0]
            values |= {":first": {"S": span[1]}, ":last": {"S": span[2]}}
        if only:
            request["ProjectionExpression"] = ", ".join(f"#{name}" for name in only)
            names |= {f"#{name}": name for name in only}
        return request | {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}

    def _pages(self, request: dict[str, Any]) -> Iterator[Item]:
        for answer in self._answers(request):
            yield from answer["Items"]

    def _answers(self, request: dict[str, Any]) -> Iterator[Any]:
        while True:
            with asking("dynamodb"):
                answer: Any = self.client.query(**request)
            yield answer
            if "LastEvaluatedKey" not in answer:
                return
            request = request | {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _pauses() -> Iterator[float]:
    """Seconds to wait after each round: doubling, each up to a quarter shorter or longer by chance."""
    for turn in range(_ROUNDS):
        yield _FIRST_PAUSE * 2**turn * random.uniform(0.75, 1.25)  # noqa: S311 (spreading load, not a secret)
