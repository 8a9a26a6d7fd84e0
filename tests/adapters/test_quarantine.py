"""What only the quarantine in DynamoDB has to prove: its items, its calls, its limits."""

from __future__ import annotations

import random
from typing import Any

import pytest

from chalicelib.adapters import quarantine as adapter
from chalicelib.adapters.cursors import seal
from chalicelib.adapters.quarantine import KEPT_SECONDS, DynamoQuarantine
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.events import Event
from tests.adapters.conftest import MakeTable
from tests.adapters.contract.listing import all_items, all_pages
from tests.adapters.flaky import FlakyClient, aws_error
from tests.fakes.clock import MONDAY_NOON as NOON
from tests.granted import refused

EVER = 1 << 42
#: The operations behind the client's methods, as a role grants them.
OPERATIONS = {
    "transact_write_items": "TransactWriteItems",
    "batch_write_item": "BatchWriteItem",
    "batch_get_item": "BatchGetItem",
    "delete_item": "DeleteItem",
    "query": "Query",
}


def event(number: int, **properties: Any) -> Event:
    at = NOON + number
    return Event(f"m{number:05d}", "track", at, at, event="Product Viewed", properties=properties)


@pytest.fixture
def client(dynamodb: Any) -> FlakyClient:
    return FlakyClient(dynamodb)


@pytest.fixture
def quarantine(client: Any, table: MakeTable) -> DynamoQuarantine:
    return DynamoQuarantine(client, table("slot", "at"), 3, pause=lambda _seconds: None)


def stored(quarantine: DynamoQuarantine) -> list[Any]:
    items: list[Any] = quarantine._table.client.scan(TableName=quarantine._table.name)["Items"]
    return items


def granted(function: str, client: FlakyClient) -> bool:
    """Whether a function's role allows what was asked of the table."""
    calls = [["dynamodb", OPERATIONS[call], "quarantine"] for call in client.calls]
    return not refused(function, calls)


class TestItems:
    def test_what_a_batch_sets_aside_of_a_profile_is_one_portion(self, quarantine: DynamoQuarantine) -> None:
        quarantine.add([("p_1", [event(number) for number in range(800)])])
        assert len(stored(quarantine)) == 2

    def test_are_kept_for_fourteen_days_from_receipt(self, quarantine: DynamoQuarantine) -> None:
        quarantine.add([("p_1", [event(0), event(5_000)])])
        assert {int(item["expires"]["N"]) for item in stored(quarantine)} == {
            (NOON + 5_000) // 1000 + KEPT_SECONDS
        }

    def test_no_partition_key_takes_the_events_of_a_flood(self, quarantine: DynamoQuarantine) -> None:
        for number in range(20):
            quarantine.add([("p_1", [event(number)])])
        slots = [item["slot"]["S"] for item in stored(quarantine) if "body" in item]
        assert len(set(slots)) == 20

    def test_that_would_be_too_large_are_several(self, quarantine: DynamoQuarantine) -> None:
        chance = random.Random(5)
        events = [event(number, noise=chance.randbytes(12_000).hex()) for number in range(60)]
        quarantine.add([("p_1", events)])
        bodies = [item["body"]["B"] for item in stored(quarantine) if "body" in item]
        assert len(bodies) > 1
        assert all(len(body) <= 300_000 for body in bodies)
        assert all_items(lambda cursor: quarantine.page("p_1", cursor, 7)) == events

    def test_without_their_events_are_what_a_removal_left(
        self, quarantine: DynamoQuarantine, client: FlakyClient
    ) -> None:
        quarantine.add([("p_1", [event(0)])])
        (whole,) = quarantine.portions("p_1", EVER).items
        client.lose("delete_item")
        with pytest.raises(Unavailable):
            quarantine.remove("p_1", [whole.id])
        (left,) = quarantine.portions("p_1", EVER).items
        assert (left.id, left.events) == (whole.id, ())
        assert quarantine.page("p_1").items == ()


class TestCalls:
    def test_a_batch_of_many_profiles_is_one_write(
        self, quarantine: DynamoQuarantine, client: FlakyClient
    ) -> None:
        quarantine.add([(f"p_{number}", [event(number)]) for number in range(50)])
        assert client.calls == {"transact_write_items": 1}
        assert granted("IngestEvents", client)

    def test_a_batch_is_as_many_writes_as_transactions_can_hold(
        self, quarantine: DynamoQuarantine, client: FlakyClient
    ) -> None:
        chance = random.Random(5)
        quarantine.add([(f"p_{number}", [event(number)]) for number in range(120)])
        assert client.calls == {"transact_write_items": 3}
        large = [event(number, noise=chance.randbytes(15_000).hex()) for number in range(300)]
        quarantine.add([("p_0", large)])
        assert 3 + 2 <= client.calls["transact_write_items"] <= 3 + 4

    def test_nothing_is_no_call(self, quarantine: DynamoQuarantine, client: FlakyClient) -> None:
        quarantine.add([("p_1", [])])
        quarantine.remove("p_1", [])
        assert client.calls == {}

    def test_a_listing_of_profiles_reads_no_events(
        self, quarantine: DynamoQuarantine, client: FlakyClient
    ) -> None:
        for number in range(40):
            quarantine.add([(f"p_{number % 8}", [event(number)])])
        client.calls.clear()
        assert len(quarantine.profiles().items) == 8
        assert client.calls == {"query": 3}

    def test_a_page_reads_the_events_it_tells_in_one_call(
        self, quarantine: DynamoQuarantine, client: FlakyClient
    ) -> None:
        for number in range(0, 400, 20):
            quarantine.add([("p_1", [event(number + place) for place in range(20)])])
        client.calls.clear()
        assert len(quarantine.portions("p_1", EVER, "", 100).items) == 5
        assert client.calls == {"query": 1, "batch_get_item": 1}

    def test_roles_allow_what_operators_and_jobs_do(
        self, quarantine: DynamoQuarantine, client: FlakyClient
    ) -> None:
        for number in range(3):
            quarantine.add([("p_1", [event(number)])])
        client.calls.clear()
        first, *rest = [portion.id for portion in quarantine.portions("p_1", EVER).items]
        quarantine.page("p_1")
        quarantine.profiles()
        quarantine.remove("p_1", [first])
        quarantine.remove("p_1", rest)
        quarantine.erase(["p_1"])
        assert set(client.calls) == {"query", "batch_get_item", "delete_item", "batch_write_item"}
        assert granted("APIHandler", client) and granted("RunJobs", client)


class TestCursors:
    def test_behind_everything_open_an_empty_page(self, quarantine: DynamoQuarantine) -> None:
        """Made up, or of a profile's last portion that has gone."""
        quarantine.add([("p_1", [event(0)])])
        for place in ("~", "~~", "\U0001f600"):
            assert quarantine.page("p_1", seal((place, 1))).items == ()
            assert quarantine.portions("p_1", EVER, seal(place)).items == ()
            assert quarantine.profiles(seal((2, place))).items == ()


class TestCrowds:
    @pytest.fixture(autouse=True)
    def few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(adapter, "COUNTED", 4)

    @pytest.mark.parametrize("limit", [1, 2, 50])
    def test_whoever_has_too_many_portions_is_counted_in_part_and_hides_nobody(
        self, quarantine: DynamoQuarantine, limit: int
    ) -> None:
        for number in range(9):
            quarantine.add([("p_5", [event(number)])])
        for profile in range(10):
            quarantine.add([(f"p_{profile}", [event(20)])])
        pages = all_pages(lambda cursor: quarantine.profiles(cursor, limit))
        found = {one.profile: one for page in pages for one in page}
        assert len(found) == sum(map(len, pages)) == 10
        crowded = found.pop("p_5")
        assert (crowded.events, crowded.first, crowded.last) == (4, NOON, NOON + 20)
        assert {one.events for one in found.values()} == {1}


class TestThrottling:
    def test_of_a_flood_is_waited_out(self, quarantine: DynamoQuarantine, client: FlakyClient) -> None:
        busy = aws_error("TransactionCanceledException", CancellationReasons=[{"Code": "ThrottlingError"}])
        client.fail("transact_write_items", busy, times=3)
        quarantine.add([("p_1", [event(0)])])
        assert quarantine.page("p_1").items == (event(0),)

    @pytest.mark.parametrize("reason", ["ThrottlingError", "TransactionConflict"])
    def test_that_lasts_makes_the_table_unavailable(
        self, quarantine: DynamoQuarantine, client: FlakyClient, reason: str
    ) -> None:
        busy = aws_error("TransactionCanceledException", CancellationReasons=[{"Code": reason}])
        client.fail("transact_write_items", busy, times=4)
        with pytest.raises(Unavailable):
            quarantine.add([("p_1", [event(0)])])
