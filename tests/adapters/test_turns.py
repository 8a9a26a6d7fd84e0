"""Lanes and breakers in DynamoDB: what a lost answer costs, and what the sender's role must allow."""

from __future__ import annotations

import pytest

from chalicelib.adapters.turns import DynamoTurns
from chalicelib.domain.breaker import CLOSED
from chalicelib.domain.errors import Unavailable
from tests.adapters.conftest import MakeTable
from tests.adapters.flaky import ANY_WRITE, FlakyClient
from tests.granted import refused

NOW, SECOND, LINE = 1_772_452_800_000, 1_000, 60_000
OPERATIONS = {"update_item": "UpdateItem", "get_item": "GetItem"}


@pytest.fixture
def client(dynamodb: object) -> FlakyClient:
    return FlakyClient(dynamodb)


@pytest.fixture
def turns(client: FlakyClient, table: MakeTable) -> DynamoTurns:
    return DynamoTurns(client, table("id"), pause=lambda _: None)  # type: ignore[arg-type]


def test_a_slot_whose_answer_was_lost_stays_empty(turns: DynamoTurns, client: FlakyClient) -> None:
    """Less than the rate for a moment, and never more."""
    assert turns.take("email#promotional", NOW, SECOND * 1_000, LINE) == NOW
    client.lose(ANY_WRITE)
    with pytest.raises(Unavailable):
        turns.take("email#promotional", NOW, SECOND * 1_000, LINE)
    assert turns.take("email#promotional", NOW, SECOND * 1_000, LINE) == NOW + 2 * SECOND


def test_nothing_is_asked_that_the_senders_role_refuses(turns: DynamoTurns, client: FlakyClient) -> None:
    turns.take("email#promotional", NOW, SECOND, LINE)
    assert turns.breaker("email") == CLOSED
    turns.move_breaker("email", CLOSED, CLOSED.opened(NOW))
    made = [["dynamodb", OPERATIONS[call], "deliveries"] for call in client.calls]
    assert {name for _, name, _ in made} == set(OPERATIONS.values())
    assert not refused("SendDeliveries", [*made, ["sesv2", "GetAccount", "*"]])
