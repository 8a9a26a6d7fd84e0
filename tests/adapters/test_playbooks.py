"""What only the playbooks in DynamoDB have to prove: their items, their calls, their limits."""

from __future__ import annotations

import random
import zlib
from typing import Any

import pytest

from chalicelib.adapters import playbooks as adapter
from chalicelib.adapters.playbooks import PART, DynamoPlaybooks
from chalicelib.domain.errors import TooLarge, Unavailable
from tests.adapters.conftest import MakeTable
from tests.adapters.flaky import LOST, FlakyClient
from tests.granted import refused

BIG = random.Random(2).randbytes(2 * PART + 1)
#: The operations behind the client's methods, as a role grants them.
OPERATIONS = {
    "get_item": "GetItem",
    "put_item": "PutItem",
    "query": "Query",
    "transact_write_items": "TransactWriteItems",
}


@pytest.fixture
def client(dynamodb: Any) -> FlakyClient:
    return FlakyClient(dynamodb)


@pytest.fixture
def playbooks(client: Any, table: MakeTable) -> DynamoPlaybooks:
    return DynamoPlaybooks(
        client, table("name", "version", numbers=("version",)), pause=lambda _seconds: None
    )


def stored(playbooks: DynamoPlaybooks) -> list[tuple[str, int]]:
    """What is in the table: kind and number, in order."""
    items = playbooks._table.client.scan(TableName=playbooks._table.name)["Items"]
    return sorted((item["name"]["S"].partition("#")[0], int(item["version"]["N"])) for item in items)


def test_a_version_of_usual_size_is_one_item_read_once(
    playbooks: DynamoPlaybooks, client: FlakyClient
) -> None:
    playbooks.publish("text", b"compiled", 5)
    assert stored(playbooks) == [("live", 0), ("version", 1)]
    client.calls.clear()
    assert playbooks.compiled(1) == b"compiled"
    assert client.calls == {"get_item": 1}


def test_a_big_version_is_in_parts_of_which_a_worker_reads_only_its_own(
    playbooks: DynamoPlaybooks, client: FlakyClient
) -> None:
    playbooks.publish("text", BIG, 5)
    assert stored(playbooks) == [("live", 0), *(("part", n) for n in (0, 0, 1, 2)), ("version", 1)]
    client.calls.clear()
    assert playbooks.compiled(1) == BIG
    assert client.calls == {"get_item": 1 + 3}


@pytest.mark.parametrize("failing", [1, 2, 3, 4, 5])
def test_a_publication_that_ends_anywhere_shows_nothing_and_can_be_repeated(
    playbooks: DynamoPlaybooks, client: FlakyClient, failing: int
) -> None:
    playbooks.publish("before", b"before", 5)
    writes = [*["put_item"] * 4, "transact_write_items"]
    call = writes[failing - 1]
    passing = lambda request: getattr(client._client, call)(**request)  # noqa: E731
    client.answer(call, *[passing] * writes[: failing - 1].count(call))
    client.fail(call, LOST)
    with pytest.raises(Unavailable):
        playbooks.publish("text", BIG, 6)
    assert (playbooks.live(), len(playbooks.versions())) == (1, 1)
    assert playbooks.publish("text", BIG, 7) == 2
    assert (playbooks.source(2), playbooks.compiled(2)) == ("text", BIG)
    assert len(stored(playbooks)) == 1 + 4 + 2


def test_equal_content_is_kept_once(playbooks: DynamoPlaybooks) -> None:
    playbooks.publish("one", BIG, 5)
    before = len(stored(playbooks))
    playbooks.publish("one", BIG, 6)
    assert len(stored(playbooks)) == before + 1
    assert playbooks.compiled(1) == playbooks.compiled(2) == BIG


def test_versions_that_were_kept_before_there_were_parts_are_read(playbooks: DynamoPlaybooks) -> None:
    data = random.Random(3).randbytes(350_000)
    row = adapter._row("version", 1, at={"N": "5"}, source={"B": zlib.compress(b"text")})
    playbooks._table.write([row | {"compiled": {"B": zlib.compress(data)}}])
    assert (playbooks.source(1), playbooks.compiled(1)) == ("text", data)


def test_there_is_an_end_to_it(playbooks: DynamoPlaybooks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "MOST_PARTS", 2)
    with pytest.raises(TooLarge):
        playbooks.publish("text", BIG, 5)
    assert stored(playbooks) == []


def test_nothing_is_asked_that_the_roles_refuse(playbooks: DynamoPlaybooks, client: FlakyClient) -> None:
    playbooks.publish("text", BIG, 5)
    playbooks.point(1)
    playbooks.versions()
    publishing = [["dynamodb", OPERATIONS[call], "playbooks"] for call in client.calls]
    assert not refused("APIHandler", publishing)
    client.calls.clear()
    playbooks.live()
    playbooks.compiled(1)
    working = [["dynamodb", OPERATIONS[call], "playbooks"] for call in client.calls]
    assert not refused("IngestEvents", working)
