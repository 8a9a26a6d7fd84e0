"""What senders share about channels: the lanes of `domain/pacing.py`, as items of the table `deliveries`.

id       lane#email#service, ...
free     when the lane's next slot is free (microseconds)
mark     a value of one attempt alone

A write whose answer was lost, done again, leaves a slot empty: never more than the rate.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from chalicelib.adapters.faults import Item, asking, standing
from chalicelib.adapters.tables import Table
from chalicelib.domain.errors import Conflict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

IN_LINE = "#free BETWEEN :now AND :last"
IDLE = "(attribute_not_exists(#free) OR #free < :now)"
_TRIES = 5


class DynamoTurns:
    """Lanes in DynamoDB."""

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
