"""What every quarantine promises."""

from __future__ import annotations

from contextlib import suppress

import pytest

from chalicelib.domain.errors import BadRequest, Unavailable
from chalicelib.domain.events import Event
from chalicelib.domain.stored import Quarantined
from chalicelib.services.ports import Quarantine
from tests.adapters.contract.conftest import fail_next_write, lose_next_answer
from tests.adapters.contract.listing import all_items, all_pages
from tests.fakes.clock import MONDAY_NOON as NOON

EVER = 1 << 42


def event(id: str, received: int = NOON, at: int | None = None) -> Event:
    return Event(id, "track", received if at is None else at, received, event="Product Viewed")


def flood(first: int, count: int) -> list[Event]:
    """What one batch brings: events of their own milliseconds."""
    return [event(f"m{number:03d}", NOON + number) for number in range(first, first + count)]


def ids(events: list[Event]) -> list[str]:
    return [one.message_id for one in events]


def held(quarantine: Quarantine, profile: str = "p_1") -> list[str]:
    return ids(all_items(lambda cursor: quarantine.page(profile, cursor)))


class TestEvents:
    def test_come_by_receipt_whatever_their_own_time(self, quarantine: Quarantine) -> None:
        quarantine.add(
            [("p_1", [event("m3", NOON + 2, at=1), event("m1", NOON), event("m2", NOON + 1, at=9)])]
        )
        assert held(quarantine) == ["m1", "m2", "m3"]

    def test_come_back_as_they_were(self, quarantine: Quarantine) -> None:
        stored = Event("m1", "identify", NOON, NOON, user_id="\U0001f600\x00", traits={"a": [1, None]})
        quarantine.add([("p_1", [stored])])
        assert quarantine.page("p_1").items == (stored,)

    def test_of_others_are_not_told(self, quarantine: Quarantine) -> None:
        quarantine.add([("p_1", flood(0, 2)), ("p_10", flood(5, 2)), ("p_", flood(7, 1))])
        assert held(quarantine) == ["m000", "m001"]

    def test_set_aside_again_are_there_once(self, quarantine: Quarantine) -> None:
        for _ in range(3):
            quarantine.add([("p_1", flood(0, 3)[::-1])])
        assert held(quarantine) == ["m000", "m001", "m002"]
        assert quarantine.profiles().items[0].events == 3

    def test_set_aside_in_parts_are_one_portion(self, quarantine: Quarantine) -> None:
        quarantine.add([("p_1", flood(0, 2)), ("p_2", flood(9, 1)), ("p_1", flood(1, 2))])
        (portion,) = quarantine.portions("p_1", EVER).items
        assert ids(list(portion.events)) == ["m000", "m001", "m002"]

    def test_set_aside_again_in_other_company_are_told_once(self, quarantine: Quarantine) -> None:
        quarantine.add([("p_1", flood(0, 3))])
        quarantine.add([("p_1", flood(1, 4))])
        assert held(quarantine) == ["m000", "m001", "m002", "m003", "m004"]

    def test_of_nobody_are_none(self, quarantine: Quarantine) -> None:
        quarantine.add([])
        quarantine.add([("p_1", [])])
        assert held(quarantine) == []
        assert quarantine.profiles().items == ()


class TestLostAnswers:
    def test_what_was_set_aside_before_an_answer_was_lost_is_there_once(self, quarantine: Quarantine) -> None:
        lose_next_answer(quarantine, "add")
        with suppress(Unavailable):
            quarantine.add([("p_1", flood(0, 3))])
        quarantine.add([("p_1", flood(0, 3))])
        assert held(quarantine) == ["m000", "m001", "m002"]

    def test_what_failed_is_set_aside_the_next_time(self, quarantine: Quarantine) -> None:
        fail_next_write(quarantine, "add")
        with suppress(Unavailable):
            quarantine.add([("p_1", flood(0, 3))])
        quarantine.add([("p_1", flood(0, 3))])
        assert held(quarantine) == ["m000", "m001", "m002"]

    @pytest.mark.parametrize("portions", [1, 2])
    def test_a_removal_whose_answer_was_lost_can_be_made_again(
        self, quarantine: Quarantine, portions: int
    ) -> None:
        for number in range(portions):
            quarantine.add([("p_1", flood(number * 3, 3))])
        gone = [portion.id for portion in quarantine.portions("p_1", EVER).items]
        lose_next_answer(quarantine, "remove")
        with pytest.raises(Unavailable):
            quarantine.remove("p_1", gone)
        left = quarantine.portions("p_1", EVER).items
        assert all(portion.events == () for portion in left)
        quarantine.remove("p_1", [portion.id for portion in left])
        assert quarantine.profiles().items == ()


class TestProfiles:
    def test_are_told_with_how_much_and_since_when(self, quarantine: Quarantine) -> None:
        quarantine.add([("p_1", flood(0, 3)), ("p_2", flood(7, 1))])
        quarantine.add([("p_1", flood(3, 5))])
        found = sorted(quarantine.profiles().items, key=lambda one: str(one.profile))
        assert found == [Quarantined("p_1", 8, NOON, NOON + 7), Quarantined("p_2", 1, NOON + 7, NOON + 7)]

    @pytest.mark.parametrize("limit", [1, 3, 7, 100])
    def test_come_in_pages(self, quarantine: Quarantine, limit: int) -> None:
        for batch in range(3):
            quarantine.add([(f"p_{number}", flood(batch * 2, 2)) for number in range(12)])
        pages = all_pages(lambda cursor: quarantine.profiles(cursor, limit))
        told = [(one.profile, one.events) for page in pages for one in page]
        assert sorted(told) == sorted((f"p_{number}", 6) for number in range(12))
        assert {len(page) for page in pages[:-1]} <= {limit}

    def test_another_listings_cursor_opens_nothing(self, quarantine: Quarantine) -> None:
        for cursor in ("AAAA", "?", "eyJhIjoxfQ"):
            with pytest.raises(BadRequest):
                quarantine.profiles(cursor)
            with pytest.raises(BadRequest):
                quarantine.page("p_1", cursor)


class TestPages:
    @pytest.mark.parametrize("limit", [1, 2, 3, 5, 100])
    def test_together_are_the_whole(self, quarantine: Quarantine, limit: int) -> None:
        for first, count in ((0, 1), (1, 4), (5, 2), (7, 3)):
            quarantine.add([("p_1", flood(first, count))])
        pages = all_pages(lambda cursor: quarantine.page("p_1", cursor, limit))
        assert ids([one for page in pages for one in page]) == ids(flood(0, 10))
        assert {len(page) for page in pages[:-1]} <= {limit}

    def test_go_on_though_what_was_told_is_gone(self, quarantine: Quarantine) -> None:
        quarantine.add([("p_1", flood(0, 3))])
        quarantine.add([("p_1", flood(3, 3))])
        first = quarantine.page("p_1", "", 2)
        quarantine.remove("p_1", [quarantine.portions("p_1", EVER).items[0].id])
        assert ids(list(quarantine.page("p_1", first.cursor, 9).items)) == ["m003", "m004", "m005"]


class TestPortions:
    def test_are_whole_and_few(self, quarantine: Quarantine) -> None:
        for first in range(0, 12, 3):
            quarantine.add([("p_1", flood(first, 3))])
        pages = all_pages(lambda cursor: quarantine.portions("p_1", EVER, cursor, 4))
        assert [[len(portion.events) for portion in page] for page in pages] == [[3, 3], [3, 3]]

    def test_go_on_behind_what_was_removed(self, quarantine: Quarantine) -> None:
        for first in range(0, 12, 3):
            quarantine.add([("p_1", flood(first, 3))])
        told, cursor = [], ""
        while True:
            page = quarantine.portions("p_1", EVER, cursor, 3)
            told += [one for portion in page.items for one in portion.events]
            quarantine.remove("p_1", [portion.id for portion in page.items])
            cursor = page.cursor
            if not cursor:
                break
        assert ids(told) == ids(flood(0, 12))
        assert quarantine.profiles().items == ()

    def test_leave_out_what_was_received_later(self, quarantine: Quarantine) -> None:
        quarantine.add([("p_1", flood(0, 3))])
        quarantine.add([("p_1", flood(3, 3))])
        assert len(quarantine.portions("p_1", NOON + 2).items) == 1
        assert quarantine.portions("p_1", NOON - 1).items == ()
        assert len(quarantine.portions("p_1", NOON + 3).items) == 2

    def test_removed_are_gone_and_others_stay(self, quarantine: Quarantine) -> None:
        quarantine.add([("p_1", flood(0, 3)), ("p_2", flood(0, 3))])
        quarantine.add([("p_1", flood(3, 3))])
        quarantine.remove("p_1", [quarantine.portions("p_1", EVER).items[0].id, "no-such-id"])
        assert (held(quarantine), held(quarantine, "p_2")) == (ids(flood(3, 3)), ids(flood(0, 3)))
        quarantine.remove("p_1", [])


class TestErase:
    def test_leaves_nothing_of_the_ids_and_everything_of_others(self, quarantine: Quarantine) -> None:
        quarantine.add([("p_1", flood(0, 3)), ("p_2", flood(3, 3)), ("p_3", flood(6, 3))])
        quarantine.add([("p_1", flood(9, 3))])
        assert quarantine.erase(["p_1", "p_2", "p_2", "p_9"]) == 3
        assert held(quarantine) == held(quarantine, "p_2") == []
        assert [one.profile for one in quarantine.profiles().items] == ["p_3"]
        assert quarantine.erase(["p_1"]) == 0

    def test_up_to_a_time_leaves_what_came_after(self, quarantine: Quarantine) -> None:
        for first in (0, 3, 6):
            quarantine.add([("p_1", flood(first, 3))])
        assert quarantine.erase(["p_1"], until=NOON + 3) == 2
        assert held(quarantine) == ids(flood(6, 3))
