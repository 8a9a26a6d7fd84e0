"""What DynamoDB's own limits ask of the store of counts."""

from __future__ import annotations

import random
from typing import Any

import pytest

from chalicelib.adapters import packing
from chalicelib.adapters.tallies import KEPT, DynamoTallies
from chalicelib.domain.effects import Count
from chalicelib.domain.errors import TooLarge, Unavailable
from chalicelib.domain.learning import Learned
from chalicelib.domain.periods import LOG_KEPT, SLOT, slot_of, start_of
from chalicelib.domain.tallies import Latest
from tests.adapters.conftest import MakeTable
from tests.adapters.flaky import FlakyClient

NOON = 1_782_993_600_000  # 2026-07-02T12:00:00Z


@pytest.fixture
def client(dynamodb: Any) -> FlakyClient:
    return FlakyClient(dynamodb)


@pytest.fixture
def tallies(client: FlakyClient, table: MakeTable) -> DynamoTallies:
    return DynamoTallies(client, table("key", "part"), pause=lambda _: None)  # type: ignore[arg-type]


def items(tallies: DynamoTallies) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tallies._table.client.scan(TableName=tallies._table.name)["Items"]
    return found


def many_cells(count: int, seed: int = 1) -> dict[str, list[float]]:
    chance = random.Random(seed)
    return {f'["m","message-{chance.random()}"]': [chance.random(), chance.random()] for _ in range(count)}


def test_a_batch_costs_one_write_and_a_slot_one_mark_while_it_is_open(
    tallies: DynamoTallies, client: FlakyClient
) -> None:
    for number in range(10):
        tallies.append([Count(f"{number}-{n}", NOON, {"c": [1.0]}) for n in range(100)], NOON + number)
    assert client.calls == {"put_item": 11}


def test_the_mark_is_made_after_the_log(tallies: DynamoTallies, client: FlakyClient) -> None:
    """Else a fold could take the mark away before the log is there."""
    client.fail("put_item", TimeoutError())
    with pytest.raises(TimeoutError):
        tallies.append([Count("a", NOON, {})], NOON)
    assert (tallies.marked(), client.calls["put_item"]) == ({}, 1)
    keys: list[str] = []
    client.answer("put_item", *[lambda request: keys.append(request["Item"]["key"]["S"])] * 2)
    tallies.append([Count("a", NOON, {})], NOON)
    assert keys == [slot_of(NOON), "marks"]


def test_once_a_slot_is_past_each_append_marks_it(tallies: DynamoTallies, client: FlakyClient) -> None:
    tallies.append([Count("a", NOON, {"c": [1.0]})], NOON)
    for _ in range(3):
        tallies.append([Count("a", NOON, {"c": [1.0]})], NOON + 2 * SLOT)
    assert client.calls == {"put_item": 8}


def test_a_mark_that_could_not_be_made_is_made_by_the_next_append(
    tallies: DynamoTallies, client: FlakyClient
) -> None:
    client.answer("put_item", {})
    client.fail("put_item", TimeoutError())
    with pytest.raises(TimeoutError):
        tallies.append([Count("a", NOON, {})], NOON)
    tallies.append([Count("a", NOON, {})], NOON)
    assert list(tallies.marked()) == [slot_of(NOON)]


def test_a_log_too_large_for_an_item_is_several(tallies: DynamoTallies) -> None:
    counts = [Count(str(number), NOON, many_cells(3_000, number)) for number in range(8)]
    tallies.append(counts, NOON)
    parts = [item for item in items(tallies) if "data" in item]
    assert len(parts) > 1
    assert max(len(item["data"]["B"]) for item in parts) <= packing.LARGEST
    assert dict(tallies.log(slot_of(NOON))) == {count.id: count.cells for count in counts}


def test_a_sum_too_large_for_an_item_is_whole_or_not_there(tallies: DynamoTallies) -> None:
    large, larger = many_cells(20_000), many_cells(40_000, 2)
    tallies.put_sum("2026-07-02", large, 0)
    tallies.put_sum("2026-07-02", larger, 1)
    tallies.put_sum("2026-07-02", large, 2)
    tallies.put_sum("2026-07-03", {"c": [1.0]}, 0)
    assert tallies.sum("2026-07-02").cells == large
    assert [found.cells for found in tallies.sums("2026-07").values()] == [large, {"c": [1.0]}]


def test_chunks_of_two_writes_are_read_again_and_never_put_together(
    tallies: DynamoTallies, client: FlakyClient
) -> None:
    tallies.put_sum("2026-07-02", many_cells(20_000), 0)
    older = client._client.query(
        TableName=tallies._table.name,
        KeyConditionExpression="#key = :key",
        ExpressionAttributeNames={"#key": "key"},
        ExpressionAttributeValues={":key": {"S": "2026-07"}},
    )
    newer = many_cells(20_000, 2)
    tallies.put_sum("2026-07-02", newer, 1)
    (first, *_), (_, *rest) = older["Items"], tallies._table.query(("key", "2026-07"))
    torn = {"Items": [first, *rest]}
    client.answer("query", torn, torn)
    assert tallies.sum("2026-07-02").cells == newer
    client.answer("query", *[torn] * 4)
    with pytest.raises(Unavailable):
        tallies.sum("2026-07-02")


def test_what_no_transaction_takes_is_refused(
    tallies: DynamoTallies, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.adapters.tallies.MOST_CHUNKS", 1)
    with pytest.raises(TooLarge):
        tallies.put_sum("2026-07-02", many_cells(20_000), 0)


def test_a_snapshot_may_be_larger_than_an_item(tallies: DynamoTallies) -> None:
    learned = Learned(
        version=1, best={"web.home": {"known": {k: v[0] for k, v in many_cells(30_000).items()}}}
    )
    assert tallies.store(learned, Latest(1, 1, NOON), Latest())
    assert tallies.load(1) == learned


def test_a_retry_of_the_client_is_taken_for_the_same_write(
    tallies: DynamoTallies, client: FlakyClient
) -> None:
    client.lose_and_retry("transact_write_items")
    assert tallies.store(Learned(version=1), Latest(1, 1, NOON), Latest())
    client.lose_and_retry("put_item")
    tallies.put_sum("2026-07", {"c": [1.0]}, 0)
    client.lose_and_retry("put_item")
    tallies.append([Count("a", NOON, {"c": [1.0]})], NOON)
    assert len(list(tallies.log(slot_of(NOON)))) == 1


def test_parts_are_kept_until_their_whole_stands(tallies: DynamoTallies) -> None:
    tallies.append([Count("a", NOON, {"c": [1.0]})], NOON)
    for period in ("2026-07-02T12:00", "2026-07-02T12", "2026-07-02", "2026-07"):
        tallies.put_sum(period, {"c": [1.0]}, 0)
        (row,) = [item for item in items(tallies) if item["part"]["S"] == f"{period}#00"]
        assert int(row["expires"]["N"]) * 1000 == start_of(period) + KEPT[len(period)]
    (log,) = [item for item in items(tallies) if item["key"]["S"] == slot_of(NOON)]
    assert int(log["expires"]["N"]) * 1000 == NOON + LOG_KEPT
