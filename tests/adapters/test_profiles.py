"""What only the homes in DynamoDB have to prove: their calls, their conditions, and what the stream carries."""

from __future__ import annotations

import base64
from typing import Any

import msgspec
import pytest

from chalicelib.adapters.profiles import DynamoProfiles, outbox_of
from chalicelib.adapters.tables import Put
from chalicelib.domain.effects import Deliver, Join, Ring
from chalicelib.domain.errors import Conflict, TooLarge, Unavailable
from chalicelib.domain.profile import Profile, Sign, Stamped
from chalicelib.domain.stored import Write
from tests.adapters.conftest import MakeTable
from tests.adapters.contract.racing import THREADS, count_up
from tests.adapters.flaky import FlakyClient, aws_error

pauses: list[float] = []


@pytest.fixture
def client(dynamodb: Any) -> FlakyClient:
    pauses.clear()
    return FlakyClient(dynamodb)


@pytest.fixture
def profiles(client: Any, table: MakeTable) -> DynamoProfiles:
    return DynamoProfiles(client, table("id"), pause=pauses.append)


class Unconditional(DynamoProfiles):
    """What the store would be without its conditions."""

    def _put(self, write: Write) -> Put:
        return Put(super()._put(write).item)


class TestConditions:
    def test_without_them_increments_are_lost(self, dynamodb: Any, table: MakeTable) -> None:
        assert count_up(Unconditional(dynamodb, table("id")), times=6) < THREADS * 6


class TestCalls:
    def test_any_hundred_homes_are_one_read(self, profiles: DynamoProfiles, client: FlakyClient) -> None:
        profiles.read(f"p_{number}" for number in range(100))
        assert client.calls == {"batch_get_item": 1}

    def test_a_write_is_one_call_and_a_link_is_one(
        self, profiles: DynamoProfiles, client: FlakyClient
    ) -> None:
        profiles.commit([Write(Profile("p_1", "1.a"), "")])
        profiles.commit([Write(Sign("p_2", "p_1", "1.a"), ""), Write(Profile("p_1", "2.a"), "1.a")])
        assert client.calls == {"put_item": 1, "transact_write_items": 1}

    def test_readers_do_not_pay_for_an_outbox(self, profiles: DynamoProfiles, client: FlakyClient) -> None:
        asked: list[dict[str, Any]] = []

        def nothing_there(request: dict[str, Any]) -> dict[str, Any]:
            asked.append(request)
            return {"Responses": {}, "UnprocessedKeys": {}}

        client.answer("batch_get_item", nothing_there)
        profiles.read(["p_1"])
        (wanted,) = asked[0]["RequestItems"].values()
        assert "outbox" not in wanted["ExpressionAttributeNames"].values()
        assert wanted["ProjectionExpression"]

    def test_a_later_write_clears_the_outbox(
        self, profiles: DynamoProfiles, dynamodb: Any, client: FlakyClient
    ) -> None:
        profiles.commit([Write(Profile("p_1", "1.a"), "", (Join("segment:loyal", "p_1", 5),))])
        assert "outbox" in _stored(profiles, dynamodb)
        profiles.commit([Write(Profile("p_1", "2.b"), "1.a")])
        assert "outbox" not in _stored(profiles, dynamodb)


class TestUnprocessedKeys:
    def test_are_asked_for_again(self, profiles: DynamoProfiles, client: FlakyClient) -> None:
        profiles.commit([Write(Sign(f"p_{number}", "p_x", "1.a"), "") for number in range(4)])
        client.answer("batch_get_item", _leave_all_undone, _leave_all_undone)
        assert len(profiles.read(f"p_{number}" for number in range(4))) == 4
        assert client.calls["batch_get_item"] == 3

    def test_are_asked_for_ever_later(self, profiles: DynamoProfiles, client: FlakyClient) -> None:
        client.answer("batch_get_item", *[_leave_all_undone] * 3)
        profiles.read(["p_1"])
        assert pauses == sorted(pauses) and len(pauses) == 3

    def test_that_never_come_make_the_table_unavailable(
        self, profiles: DynamoProfiles, client: FlakyClient
    ) -> None:
        client.answer("batch_get_item", *[_leave_all_undone] * 50)
        with pytest.raises(Unavailable):
            profiles.read(["p_1"])
        assert client.calls["batch_get_item"] < 10


class TestLostAnswers:
    """botocore sends a request again when no answer comes: the second copy meets what the first one wrote."""

    def test_a_put_that_meets_itself_has_won(self, profiles: DynamoProfiles, client: FlakyClient) -> None:
        profiles.commit([Write(Profile("p_1", "1.a"), "")])
        client.lose_and_retry("put_item")
        profiles.commit([Write(Profile("p_1", "2.b"), "1.a")])
        assert profiles.read(["p_1"])["p_1"].version == "2.b"

    def test_a_link_that_meets_itself_has_won(self, profiles: DynamoProfiles, client: FlakyClient) -> None:
        client.lose_and_retry("transact_write_items")
        profiles.commit([Write(Sign("p_1", "p_2", "1.a"), ""), Write(Profile("p_2", "1.a"), "")])
        assert set(profiles.read(["p_1", "p_2"])) == {"p_1", "p_2"}

    def test_finding_out_costs_no_call(self, profiles: DynamoProfiles, client: FlakyClient) -> None:
        client.lose_and_retry("put_item")
        profiles.commit([Write(Profile("p_1", "1.a"), "")])
        assert client.calls == {"put_item": 1}


class TestFaults:
    @pytest.mark.parametrize(
        ("code", "status"),
        [
            ("ProvisionedThroughputExceededException", 400),
            ("ThrottlingException", 400),
            ("InternalServerError", 500),
        ],
    )
    def test_of_aws_are_worth_another_try(
        self, profiles: DynamoProfiles, client: FlakyClient, code: str, status: int
    ) -> None:
        client.fail("put_item", aws_error(code, status=status))
        with pytest.raises(Unavailable):
            profiles.commit([Write(Profile("p_1", "1.a"), "")])

    def test_a_transaction_in_the_way_is_a_conflict(
        self, profiles: DynamoProfiles, client: FlakyClient
    ) -> None:
        client.fail("put_item", aws_error("TransactionConflictException"))
        with pytest.raises(Conflict) as conflict:
            profiles.commit([Write(Profile("p_1", "1.a"), "")])
        assert conflict.value.ids == ("p_1",)

    @pytest.mark.parametrize(
        ("codes", "ids"),
        [
            (["None", "ConditionalCheckFailed"], ("p_2",)),
            (["TransactionConflict", "ConditionalCheckFailed"], ("p_1", "p_2")),
            (["ThrottlingError", "TransactionConflict"], ("p_2",)),
        ],
    )
    def test_a_cancelled_link_names_the_homes_in_its_way(
        self, profiles: DynamoProfiles, client: FlakyClient, codes: list[str], ids: tuple[str, ...]
    ) -> None:
        client.fail("transact_write_items", _cancelled(*codes))
        with pytest.raises(Conflict) as conflict:
            profiles.commit([Write(Sign("p_1", "p_2", "1.a"), ""), Write(Profile("p_2", "1.a"), "")])
        assert conflict.value.ids == ids

    def test_a_throttled_link_is_worth_another_try(
        self, profiles: DynamoProfiles, client: FlakyClient
    ) -> None:
        client.fail("transact_write_items", _cancelled("None", "ThrottlingError"))
        with pytest.raises(Unavailable):
            profiles.commit([Write(Sign("p_1", "p_2", "1.a"), ""), Write(Profile("p_2", "1.a"), "")])

    def test_a_profile_beyond_an_items_limit_is_refused(self, profiles: DynamoProfiles) -> None:
        huge = Profile("p_1", "1.a")
        noise = base64.b64encode(bytes(number * number % 251 for number in range(10))).decode()
        huge.facts.traits = {
            f"{noise}{n * n * 7919}": Stamped(f"{n * n * 104_729}", n, f"{n * n}") for n in range(60_000)
        }
        with pytest.raises(TooLarge):
            profiles.commit([Write(huge, "")])

    def test_our_own_bugs_are_not_hidden(self, profiles: DynamoProfiles, client: FlakyClient) -> None:
        bug = aws_error("ValidationException", "The provided key element does not match the schema")
        client.fail("put_item", bug)
        with pytest.raises(type(bug)) as raised:
            profiles.commit([Write(Profile("p_1", "1.a"), "")])
        assert raised.value is bug


class TestOutbox:
    EFFECTS = (
        Deliver("m_1", "p_1", "umbrella", "plain", "email", "offer", "d_1", 5, context={"rain": 1.5}),
        Ring("w_1", "p_1", 9, "Topeka Woken"),
        Join("segment:loyal", "p_1", 5),
    )

    def test_is_read_from_a_stored_image(self, profiles: DynamoProfiles, dynamodb: Any) -> None:
        profiles.commit([Write(Profile("p_1", "1.a"), "", self.EFFECTS)])
        assert outbox_of(_stored(profiles, dynamodb)) == ("p_1", "1.a", self.EFFECTS)

    def test_is_read_from_what_lambda_hands_over(self) -> None:
        data = base64.b64encode(msgspec.json.encode(self.EFFECTS)).decode()
        image = {"id": {"S": "p_1"}, "version": {"S": "1.a"}, "outbox": {"B": data}}
        assert outbox_of(image) == ("p_1", "1.a", self.EFFECTS)

    @pytest.mark.parametrize("data", ["!", "AAAA", base64.b64encode(b'[{"type":"fly"}]').decode()])
    def test_that_is_none_of_ours_is_an_error_of_value(self, data: str) -> None:
        with pytest.raises(ValueError):  # noqa: PT011 (msgspec's or base64's)
            outbox_of({"id": {"S": "p_1"}, "version": {"S": "1.a"}, "outbox": {"B": data}})

    def test_may_be_absent(self) -> None:
        assert outbox_of({"id": {"S": "p_1"}, "version": {"S": "1.a"}}) == ("p_1", "1.a", ())


def _leave_all_undone(request: dict[str, Any]) -> dict[str, Any]:
    return {"Responses": {}, "UnprocessedKeys": request["RequestItems"]}


def _cancelled(*codes: str) -> Exception:
    reasons = [{"Code": code} for code in codes]
    return aws_error("TransactionCanceledException", CancellationReasons=reasons)


def _stored(profiles: DynamoProfiles, dynamodb: Any) -> Any:
    return dynamodb.get_item(TableName=profiles._table.name, Key={"id": {"S": "p_1"}})["Item"]
