"""What senders share about channels: lanes (`domain/pacing.py`) and breakers, as items of the table `deliveries`.

    id                   holds
    lane#email#service   free: when the lane's next slot is free (microseconds)
    breaker#email        until (ms), step, as in `domain/breaker.py`

Each has a `mark`, a value of one attempt alone.

A write whose answer was lost, done again, leaves a slot empty: never more than the rate.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from chalicelib.adapters.faults import Item, asking, standing
from chalicelib.adapters.tables import Table
from chalicelib.domain.breaker import CLOSED, Breaker
from chalicelib.domain.errors import Conflict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

IN_LINE = "#free BETWEEN :now AND :last"
IDLE = "(attribute_not_exists(#free) OR #free < :now)"
UNCHANGED = "#until = :old_until AND #step = :old_step"
ABSENT = "attribute_not_exists(#id)"
_TRIES = 5


class DynamoTurns:
    """Lanes and breakers in DynamoDB."""

    def __init__(
        self, client: DynamoDBClient, table: str, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._table = Table(client, table, pause)

    def take(self, lane: str, now: int, width: int, line: int) -> int | None:
        """The lane's next slot (ms, rounded up); None where it is more than `line` ms ahead. Raises `Conflict`."""
        start, last = now * 1_000, (now + line) * 1_000
        for _ in range(_TRIES):
            try:
                return _ms(self._move(lane, "#free + :width", IN_LINE, start, last, width) - width)
            except Conflict as refused:
                if _free(refused) > last:
                    return None
            try:
                self._move(lane, ":next", IDLE, start, start + width)
            except Conflict:  # somebody else was first: it isn't idle any more
                continue
            return now
        raise Conflict((lane,))

    def breaker(self, channel: str) -> Breaker:
        """The channel's breaker as it stands."""
        item = self._table.get({"id": {"S": f"breaker#{channel}"}}, consistent=True)
        return Breaker(int(item["until"]["N"]), int(item["step"]["N"])) if item else CLOSED

    def move_breaker(self, channel: str, old: Breaker, new: Breaker) -> bool:
        """Put `new` in the place of `old`; whether that was what stood. One that was never opened is absent."""
        values: dict[str, Item] = {":mark": {"S": uuid.uuid4().hex}}
        values |= {":until": {"N": str(new.until)}, ":step": {"N": str(new.step)}}
        values |= {":old_until": {"N": str(old.until)}, ":old_step": {"N": str(old.step)}}
        clause = f"({ABSENT} OR {UNCHANGED})" if old == CLOSED else UNCHANGED
        names = {"until", "step", "mark"} | ({"id"} if old == CLOSED else set())
        key: Item = {"id": {"S": f"breaker#{channel}"}}
        change = "SET #until = :until, #step = :step, #mark = :mark"
        return self._table.update(key, change, clause=clause, names=names, values=values)

    def _move(self, lane: str, to: str, clause: str, start: int, other: int, width: int = 0) -> int:
        """Where the lane stands afterwards (microseconds)."""
        values: dict[str, Item] = {":now": {"N": str(start)}, ":mark": {"S": uuid.uuid4().hex}}
        values |= (
            {":last": {"N": str(other)}, ":width": {"N": str(width)}}
            if width
            else {":next": {"N": str(other)}}
        )
        with asking("dynamodb", [lane]):
            answer = self._table.client.update_item(
                TableName=self._table.name,
                Key={"id": {"S": f"lane#{lane}"}},
                UpdateExpression=f"SET #free = {to}, #mark = :mark",
                ConditionExpression=clause,
                ExpressionAttributeNames={"#free": "free", "#mark": "mark"},
                ExpressionAttributeValues=values,
                ReturnValues="UPDATED_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        return int(answer["Attributes"]["free"]["N"])


def _free(refused: Conflict) -> int:
    item = next(iter(standing(refused)), None) or {}
    return int(item.get("free", {}).get("N", "0"))


def _ms(micros: int) -> int:
    return -(-micros // 1_000)
