"""The table `deliveries`: one row per intended contact and its state.

`mark` is a value of one attempt alone: it tells a write whose answer was lost from one that lost a race.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.adapters.faults import Item
from chalicelib.adapters.tables import Put, Table
from chalicelib.domain.deliveries import insist
from chalicelib.domain.errors import Conflict
from chalicelib.domain.squeezing import EFFECTS
from chalicelib.domain.stored import Delivery

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEPT_SECONDS = 400 * 86_400
"""As long as the timeline tells of it: a link in an old message is still recognized for a year."""

ABSENT = "attribute_not_exists(#id)"
PRESENT = "attribute_exists(#id)"
IN_STATE = "#state IN ({})"
FREE_OR_OURS = "(attribute_not_exists(#claim) OR #claim = :owner)"

_encode = msgspec.json.Encoder().encode
_body = msgspec.json.Decoder(dict[str, Any])
_NUMBERS = frozenset({"at", "claimed_at"})
_FOLLOWED = "followed_"
_TEXTS = frozenset({"profile", "state", "claim", "provider_id", "reason", "address_hash"})


class DynamoDeliveries:
    """Rows of intended contacts in DynamoDB."""

    def __init__(
        self, client: DynamoDBClient, table: str, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._table = Table(client, table, pause)

    def create(self, delivery: Delivery) -> bool:
        """Put the row if absent; whether it was."""
        item = to_item(delivery) | {"mark": {"S": uuid.uuid4().hex}}
        try:
            self._table.put([Put(item, ABSENT, ("id",))], ids=[delivery.id])
        except Conflict:
            return False
        return True

    def read(self, ids: Sequence[str]) -> dict[str, Delivery]:
        """Rows by id (strongly consistent)."""
        keys = [{"id": {"S": id}} for id in dict.fromkeys(ids)]
        rows = map(from_item, self._table.read(keys, consistent=True))
        return {row.id: row for row in rows}

    def move(self, id: str, *, come_from: Sequence[str], to: str, claim: str = "", **fields: Any) -> bool:
        """Change state if it is one of `come_from` (and, with `claim`, if that owns it); whether it did.

        A claim takes a row nobody has claimed, and from then on owns it; a row that moves back to `due` is
        nobody's again. Raises ValueError for a move that isn't legal.
        """
        insist(come_from, to)
        expected: Item = {f":from{place}": {"S": state} for place, state in enumerate(come_from)}
        clause = IN_STATE.format(", ".join(expected))
        if claim:
            clause += f" AND {FREE_OR_OURS}"
            expected[":owner"] = {"S": claim}
            fields["claim"] = claim
        freed = ("claim", "claimed_at") if to == "due" else ()
        changed = {name: value for name, value in fields.items() if name not in freed}
        return self._change(id, clause, expected, {"state": to, **changed}, freed)

    def note_followed(self, id: str, mark: str, at: int) -> bool:
        """Note when a link was followed last (ms); whether there is such a row. Each link is an attribute."""
        name = _FOLLOWED + mark
        return self._table.update(
            {"id": {"S": id}},
            f"SET #{name} = :at, #mark = :mark",
            clause=PRESENT,
            names={"id", "mark", name},
            values={":at": {"N": str(at)}, ":mark": {"S": uuid.uuid4().hex}},
        )

    def erase(self, ids: Sequence[str]) -> int:
        """Remove rows; how many there were."""
        known = list(self.read(ids))
        self._table.delete({"id": {"S": id}} for id in known)
        return len(known)

    def _change(
        self, id: str, clause: str, expected: Item, fields: dict[str, Any], freed: Sequence[str]
    ) -> bool:
        attributes = {name: _attribute(name, value) for name, value in fields.items()}
        attributes["mark"] = {"S": uuid.uuid4().hex}
        change = "SET " + ", ".join(f"#{name} = :{name}" for name in attributes)
        if freed:
            change += " REMOVE " + ", ".join(f"#{name}" for name in freed)
        return self._table.update(
            {"id": {"S": id}},
            change,
            clause=clause,
            names={"state", *attributes, *freed} | ({"claim"} if ":owner" in expected else set()),
            values=expected | {f":{name}": value for name, value in attributes.items()},
        )


def to_item(delivery: Delivery) -> Item:
    """The stored form of a row; empty values are left out."""
    given = {name: getattr(delivery, name) for name in delivery.__struct_fields__ if name != "followed"}
    item = {name: _attribute(name, value) for name, value in given.items() if value}
    followed = {_FOLLOWED + mark: {"N": str(at)} for mark, at in delivery.followed.items()}
    return {**item, **followed} | {
        "at": {"N": str(delivery.at)},
        "expires": {"N": str(delivery.at // 1000 + KEPT_SECONDS)},
    }


def from_item(item: Item) -> Delivery:
    """A row from its stored form."""
    fields: dict[str, Any] = {name: item[name]["S"] for name in ("id", *_TEXTS) if name in item}
    fields |= {name: int(item[name]["N"]) for name in _NUMBERS if name in item}
    body = _body.decode(EFFECTS.text_of(item["body"]["B"])) if "body" in item else {}
    followed = {
        name.removeprefix(_FOLLOWED): int(value["N"])
        for name, value in item.items()
        if name.startswith(_FOLLOWED)
    }
    return Delivery(**fields, body=body, followed=followed)


def _attribute(name: str, value: Any) -> Item:
    if name in _NUMBERS:
        return {"N": str(value)}
    if name == "body":
        return {"B": EFFECTS.squeeze(_encode(value))}
    if name not in _TEXTS and name != "id":
        raise TypeError(f"a delivery has no field {name}")
    return {"S": value}
