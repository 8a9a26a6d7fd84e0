"""What every agenda promises."""

from __future__ import annotations

from itertools import count, islice
from typing import Any
from zlib import crc32

from chalicelib.services.ports import Agenda
from tests.adapters.contract.conftest import SHARDS
from tests.adapters.contract.listing import all_items
from tests.fakes.clock import MONDAY_NOON as NOON

MINUTE = 60_000


def ring(agenda: Agenda, minute: int) -> list[dict[str, Any]]:
    shards = range(SHARDS)
    return [e for shard in shards for e in all_items(lambda cursor: agenda.due(minute, shard, cursor))]  # noqa: B023


class TestEntries:
    def test_are_due_in_their_minute(self, agenda: Agenda) -> None:
        agenda.put(NOON + 30_000, "w_1", {"ring": "p_1"})
        agenda.put(NOON + MINUTE, "w_2", {"ring": "p_2"})
        assert ring(agenda, NOON) == [{"due": NOON + 30_000, "id": "w_1", "job": {"ring": "p_1"}}]
        assert [entry["id"] for entry in ring(agenda, NOON + MINUTE)] == ["w_2"]
        assert ring(agenda, NOON - MINUTE) == []

    def test_are_held_by_their_minute_and_shard_alone(self, agenda: Agenda) -> None:
        agenda.put(NOON + 30_000, "w_1", {})
        own = crc32(b"w_1") % SHARDS
        held = {
            (m, s) for m in (NOON - MINUTE, NOON, NOON + MINUTE) for s in range(SHARDS) if agenda.holds(m, s)
        }
        assert held == {(NOON, own)}
        agenda.remove([(NOON + 30_000, "w_1")])
        assert not agenda.holds(NOON, own)

    def test_put_again_are_replaced(self, agenda: Agenda) -> None:
        agenda.put(NOON, "w_1", {"try": 1})
        agenda.put(NOON, "w_1", {"try": 2})
        assert [entry["job"] for entry in ring(agenda, NOON)] == [{"try": 2}]

    def test_are_spread_over_shards_and_each_is_in_one(self, agenda: Agenda) -> None:
        ids = {f"w_{number}" for number in range(60)}
        for id in ids:
            agenda.put(NOON, id, {})
        parts = [{e["id"] for e in agenda.due(NOON, shard).items} for shard in range(SHARDS)]
        assert set.union(*parts) == ids
        assert sum(map(len, parts)) == len(ids)
        assert all(parts)

    def test_of_a_busy_minute_come_in_pages_and_may_go_in_between(self, agenda: Agenda) -> None:
        ids = list(
            islice((id for id in map("w_{}".format, count()) if crc32(id.encode()) % SHARDS == 0), 505)
        )
        for id in ids:
            agenda.put(NOON, id, {})
        first = agenda.due(NOON, 0)
        second = agenda.due(NOON, 0, first.cursor)
        assert sorted(entry["id"] for entry in (*first.items, *second.items)) == sorted(ids)
        assert (len(first.items), second.cursor) == (500, "")
        agenda.remove([(entry["due"], entry["id"]) for entry in first.items])
        assert agenda.due(NOON, 0, first.cursor) == second

    def test_that_are_removed_are_gone(self, agenda: Agenda) -> None:
        for id in ("w_1", "w_2", "w_3"):
            agenda.put(NOON, id, {})
        agenda.remove([(NOON, "w_1"), (NOON, "w_3"), (NOON, "w_3"), (NOON, "w_9")])
        assert [entry["id"] for entry in ring(agenda, NOON)] == ["w_2"]

    def test_may_have_any_id(self, agenda: Agenda) -> None:
        agenda.put(NOON, "wait#p_1#rain", {})
        assert [entry["id"] for entry in ring(agenda, NOON)] == ["wait#p_1#rain"]


class TestCursor:
    def test_starts_at_nothing(self, agenda: Agenda) -> None:
        assert agenda.cursor() == 0

    def test_moves_from_where_it_stands(self, agenda: Agenda) -> None:
        assert agenda.advance(0, NOON)
        assert agenda.advance(NOON, NOON + MINUTE)
        assert agenda.cursor() == NOON + MINUTE

    def test_is_moved_by_one_of_two(self, agenda: Agenda) -> None:
        agenda.advance(0, NOON)
        assert agenda.advance(NOON, NOON + MINUTE)
        assert not agenda.advance(NOON, NOON + MINUTE)
        assert agenda.cursor() == NOON + MINUTE

    def test_is_started_by_one_of_two(self, agenda: Agenda) -> None:
        assert agenda.advance(0, NOON)
        assert not agenda.advance(0, NOON)
