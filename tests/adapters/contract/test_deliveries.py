"""What every store of deliveries promises."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.deliveries import LEGAL, STATES
from chalicelib.domain.errors import Unavailable
from chalicelib.services.ports import Deliveries, Delivery
from tests.adapters.contract.conftest import fail_next_write, lose_next_answer

ROW = Delivery("m_1", "p_1", "due", 1_772_452_800_000, {"message": "umbrella", "context": {"rain": 1.5}})


def row(deliveries: Deliveries) -> Delivery:
    return deliveries.read(["m_1"])["m_1"]


def claim(deliveries: Deliveries, nonce: str) -> bool:
    return deliveries.move("m_1", come_from=["due"], to="claimed", claim=nonce, claimed_at=7)


class TestCreate:
    def test_puts_what_is_absent(self, deliveries: Deliveries) -> None:
        assert deliveries.create(ROW)
        assert row(deliveries) == ROW

    def test_leaves_what_is_there(self, deliveries: Deliveries) -> None:
        deliveries.create(ROW)
        deliveries.move("m_1", come_from=["due"], to="dropped", reason="stopped")
        assert not deliveries.create(ROW)
        assert row(deliveries).state == "dropped"

    def test_the_same_row_again_was_there(self, deliveries: Deliveries) -> None:
        assert deliveries.create(ROW)
        assert not deliveries.create(ROW)

    def test_that_failed_did_nothing(self, deliveries: Deliveries) -> None:
        fail_next_write(deliveries, "create")
        with pytest.raises(Unavailable):
            deliveries.create(ROW)
        assert deliveries.read(["m_1"]) == {}


class TestMove:
    @pytest.mark.parametrize(
        ("come_from", "moved"),
        [(["due"], True), (["claimed", "due"], True), (["claimed"], False)],
    )
    def test_depends_on_the_state(self, deliveries: Deliveries, come_from: list[str], moved: bool) -> None:
        deliveries.create(ROW)
        assert deliveries.move("m_1", come_from=come_from, to="dropped", reason="paused") is moved
        assert row(deliveries).reason == ("paused" if moved else "")

    def test_of_what_is_not_there_is_none(self, deliveries: Deliveries) -> None:
        assert not deliveries.move("m_1", come_from=["due"], to="dropped")
        assert deliveries.read(["m_1"]) == {}

    @pytest.mark.parametrize(
        "fields",
        [
            {"provider_id": "ses-1"},
            {"body": {"links": ["a"]}, "address_hash": "h"},
            {"claimed_at": 5, "at": 9},
        ],
    )
    def test_sets_further_fields(self, deliveries: Deliveries, fields: dict[str, Any]) -> None:
        deliveries.create(ROW)
        deliveries.move("m_1", come_from=["due"], to="claimed", **fields)
        assert {name: getattr(row(deliveries), name) for name in fields} == fields

    def test_knows_no_other_fields(self, deliveries: Deliveries) -> None:
        deliveries.create(ROW)
        with pytest.raises(TypeError):
            deliveries.move("m_1", come_from=["due"], to="claimed", colour="red")

    def test_whose_answer_was_lost_was_made(self, deliveries: Deliveries) -> None:
        deliveries.create(ROW)
        lose_next_answer(deliveries, "move")
        with pytest.raises(Unavailable):
            deliveries.move("m_1", come_from=["due"], to="dropped")
        assert row(deliveries).state == "dropped"


class TestTheTable:
    @pytest.mark.parametrize("to", STATES)
    def test_from_each_state_only_the_legal_changes_happen(self, deliveries: Deliveries, to: str) -> None:
        for state in STATES:
            id = f"m_{state}"
            deliveries.create(Delivery(id, "p_1", state, 1))
            if (state, to) in LEGAL:
                assert deliveries.move(id, come_from=[state], to=to)
            else:
                with pytest.raises(ValueError, match="no delivery moves"):
                    deliveries.move(id, come_from=[state], to=to)
            assert deliveries.read([id])[id].state == (to if (state, to) in LEGAL else state)

    def test_one_illegal_origin_among_legal_ones_is_refused_as_well(self, deliveries: Deliveries) -> None:
        deliveries.create(ROW)
        with pytest.raises(ValueError, match="sent"):
            deliveries.move("m_1", come_from=["due", "sent"], to="claimed")
        assert row(deliveries).state == "due"


class TestClaim:
    def test_is_won_by_one(self, deliveries: Deliveries) -> None:
        deliveries.create(ROW)
        assert claim(deliveries, "a")
        assert not claim(deliveries, "b")
        assert (row(deliveries).claim, row(deliveries).claimed_at) == ("a", 7)

    def test_is_needed_by_who_names_one(self, deliveries: Deliveries) -> None:
        deliveries.create(ROW)
        claim(deliveries, "a")
        assert not deliveries.move("m_1", come_from=["claimed"], to="sent", claim="b", provider_id="x")
        assert deliveries.move("m_1", come_from=["claimed"], to="sent", claim="a", provider_id="y")
        assert row(deliveries).provider_id == "y"

    def test_is_not_needed_by_who_names_none(self, deliveries: Deliveries) -> None:
        deliveries.create(ROW)
        claim(deliveries, "a")
        assert deliveries.move("m_1", come_from=["claimed"], to="unknown")
        assert row(deliveries).claim == "a"

    def test_is_given_up_by_going_back(self, deliveries: Deliveries) -> None:
        deliveries.create(ROW)
        claim(deliveries, "a")
        assert deliveries.move("m_1", come_from=["claimed"], to="due", claim="a")
        assert (row(deliveries).claim, row(deliveries).claimed_at) == ("", 0)
        assert claim(deliveries, "b")


class TestRead:
    def test_tells_only_what_is_there(self, deliveries: Deliveries) -> None:
        deliveries.create(ROW)
        assert deliveries.read(["m_1", "m_2", "m_1"]) == {"m_1": ROW}

    def test_tells_many(self, deliveries: Deliveries) -> None:
        ids = [f"m_{number}" for number in range(120)]
        for id in ids:
            deliveries.create(Delivery(id, "p_1", "due", 1))
        assert set(deliveries.read(ids)) == set(ids)


class TestNoteFollowed:
    def test_keeps_the_last_time_of_each_link_whatever_becomes_of_the_row(
        self, deliveries: Deliveries
    ) -> None:
        deliveries.create(ROW)
        assert deliveries.note_followed("m_1", "0a0b", 5) and deliveries.note_followed("m_1", "0c", 6)
        assert deliveries.note_followed("m_1", "0a0b", 7)
        claim(deliveries, "a")
        assert row(deliveries).followed == {"0a0b": 7, "0c": 6}

    def test_makes_no_row(self, deliveries: Deliveries) -> None:
        assert not deliveries.note_followed("m_1", "0a0b", 5)
        assert deliveries.read(["m_1"]) == {}


class TestErase:
    def test_removes_what_is_there(self, deliveries: Deliveries) -> None:
        ids = [f"m_{number}" for number in range(30)]
        for id in ids:
            deliveries.create(Delivery(id, "p_1", "due", 1))
        assert deliveries.erase([*ids, ids[0], "m_99"]) == 30
        assert deliveries.read(ids) == {}
        assert deliveries.erase(["m_1"]) == 0
