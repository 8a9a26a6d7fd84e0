"""Rows of intended contacts in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from chalicelib.domain.deliveries import insist
from chalicelib.domain.stored import Delivery
from tests.fakes.faulty import Faulty, port


class FakeDeliveries(Faulty):
    """Deliveries by id."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, Delivery] = {}

    @port
    def create(self, delivery: Delivery) -> bool:
        if delivery.id in self.rows:
            return False
        self.rows[delivery.id] = _copy(delivery)
        return True

    @port
    def read(self, ids: Sequence[str]) -> dict[str, Delivery]:
        return {id: _copy(self.rows[id]) for id in ids if id in self.rows}

    @port
    def move(self, id: str, *, come_from: Sequence[str], to: str, claim: str = "", **fields: Any) -> bool:
        insist(come_from, to)
        row = self.rows.get(id)
        if row is None or row.state not in come_from or (claim and row.claim not in {"", claim}):
            return False
        changed = {"state": to, "claim": claim or row.claim, **fields}
        if to == "due":
            changed |= {"claim": "", "claimed_at": 0}
        self.rows[id] = _copy(msgspec.structs.replace(row, **changed))
        return True

    @port
    def note_followed(self, id: str, mark: str, at: int) -> bool:
        if id in self.rows:
            self.rows[id].followed[mark] = at
        return id in self.rows

    @port
    def erase(self, ids: Sequence[str]) -> int:
        return len([self.rows.pop(id) for id in dict.fromkeys(ids) if id in self.rows])


def _copy(delivery: Delivery) -> Delivery:
    return msgspec.json.decode(msgspec.json.encode(delivery), type=Delivery)
