"""Writes that meet themselves: botocore sent the request again because the first answer was lost."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.agenda import DynamoAgenda
from chalicelib.adapters.deliveries import DynamoDeliveries
from chalicelib.adapters.playbooks import DynamoPlaybooks
from chalicelib.domain.stored import Delivery
from tests.adapters.conftest import MakeTable
from tests.adapters.flaky import FlakyClient

ROW = Delivery("m_1", "p_1", "due", 5)


@pytest.fixture
def client(dynamodb: Any) -> FlakyClient:
    return FlakyClient(dynamodb)


def test_a_delivery_that_meets_itself_was_created(client: Any, table: MakeTable) -> None:
    deliveries = DynamoDeliveries(client, table("id"))
    client.lose_and_retry("put_item")
    assert deliveries.create(ROW)


def test_a_delivery_that_meets_its_twin_was_not(client: Any, table: MakeTable) -> None:
    deliveries = DynamoDeliveries(client, table("id"))
    deliveries.create(ROW)
    client.lose_and_retry("put_item")
    assert not deliveries.create(ROW)


def test_a_claim_that_meets_itself_was_won(client: Any, table: MakeTable) -> None:
    deliveries = DynamoDeliveries(client, table("id"))
    deliveries.create(ROW)
    client.lose_and_retry("update_item")
    assert deliveries.move("m_1", come_from=["due"], to="claimed", claim="a")
    client.lose_and_retry("update_item")
    assert not deliveries.move("m_1", come_from=["due"], to="claimed", claim="b")


@pytest.mark.parametrize(("old", "new"), [(0, 60_000), (60_000, 120_000)])
def test_an_advance_that_meets_itself_was_made(client: Any, table: MakeTable, old: int, new: int) -> None:
    agenda = DynamoAgenda(client, table("slot", "due"), 3)
    agenda.advance(0, old)
    client.lose_and_retry("update_item")
    assert agenda.advance(old, new)
    assert agenda.cursor() == new


def test_a_publication_that_meets_itself_was_made_once(client: Any, table: MakeTable) -> None:
    playbooks = DynamoPlaybooks(client, table("name", "version", numbers=("version",)))
    client.lose_and_retry("transact_write_items")
    assert playbooks.publish("one", b"1", 5) == 1
    assert len(playbooks.versions()) == 1
