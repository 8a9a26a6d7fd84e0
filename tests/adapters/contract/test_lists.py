"""What every list of stops, keys and rejected events promises."""

from __future__ import annotations

import pytest

from chalicelib.domain.erasure import Gone
from chalicelib.domain.errors import BadRequest
from chalicelib.domain.events import Rejection
from chalicelib.services.ports import Keys, Rejected, Stops
from tests.adapters.contract.listing import all_items, all_pages
from tests.fakes import FakeClock

DAY = 86_400_000


def rejection(id: str, at: int, index: int = 0) -> Rejection:
    return Rejection(id, "too-large", "An event may have 32 KB.", index, at, "{}")


class TestStops:
    def test_are_found_among_others(self, stops: Stops) -> None:
        stops.add("h1", "bounced", 5)
        stops.add("h2", "erased", 5)
        assert stops.among(["h1", "h2", "h3", "h1"]) == {"h1": "bounced", "h2": "erased"}
        assert stops.among([]) == {}

    def test_keep_the_latest_reason(self, stops: Stops) -> None:
        stops.add("h1", "bounced", 5)
        stops.add("h1", "complained", 6)
        assert stops.among(["h1"]) == {"h1": "complained"}
        stops.add("h1", "bounced", 5)
        assert stops.among(["h1"]) == {"h1": "complained"}

    def test_of_homes_are_told_with_their_times_and_what_went(self, stops: Stops) -> None:
        stops.add("p_1", "erased", 5)
        stops.add(*Gone("p_2", 6, history=False).stop)
        stops.add("h1", "bounced", 5)
        stops.add("p_1", "erased", 9)
        stops.add(*Gone("p_2", 3, history=True).stop)
        assert sorted(stops.erased().items) == [("p_1", 9, True), ("p_2", 3, True), ("p_2", 6, False)]

    @pytest.mark.parametrize("limit", [1, 3, 100])
    def test_of_homes_are_told_page_by_page(self, stops: Stops, limit: int) -> None:
        for number in range(7):
            stops.add(f"p_{number}", "erased" if number % 2 else "bounced", 5)
        told = all_items(lambda cursor: stops.erased(cursor, limit))
        assert sorted(gone.home for gone in told) == ["p_1", "p_3", "p_5"]


class TestKeys:
    def test_nobody_knows_other_keys(self, keys: Keys) -> None:
        assert keys.find("h1") is None

    @pytest.mark.parametrize("scopes", [[], ["decide"], ["profiles:read", "playbook"]])
    def test_are_found_with_what_they_may_do(self, keys: Keys, scopes: list[str]) -> None:
        keys.add("h1", "operator", scopes)
        assert keys.find("h1") == {"kind": "operator", "scopes": scopes}


class TestRejected:
    def test_come_latest_first(self, rejected: Rejected, clock: FakeClock) -> None:
        now = clock()
        rejected.add([rejection("r1", now - 2 * DAY), rejection("r2", now - DAY), rejection("r3", now)])
        told = rejected.page(0).items
        assert told == (rejection("r3", now), rejection("r2", now - DAY), rejection("r1", now - 2 * DAY))

    def test_of_one_request_come_in_its_order(self, rejected: Rejected, clock: FakeClock) -> None:
        rejected.add([rejection("same", clock(), place) for place in range(5)])
        assert [one.index for one in rejected.page(0).items] == [0, 1, 2, 3, 4]

    def test_added_again_are_there_once(self, rejected: Rejected, clock: FakeClock) -> None:
        both = [rejection("r1", clock()), rejection("r2", clock(), 1)]
        rejected.add(both)
        rejected.add(both)
        assert len(rejected.page(0).items) == 2

    def test_before_a_time_are_left_out(self, rejected: Rejected, clock: FakeClock) -> None:
        now = clock()
        rejected.add([rejection("r1", now - DAY), rejection("r2", now - 1), rejection("r3", now)])
        assert [one.id for one in rejected.page(now - 1).items] == ["r3", "r2"]
        assert rejected.page(now + 1).items == ()

    def test_are_told_for_fourteen_days(self, rejected: Rejected, clock: FakeClock) -> None:
        rejected.add([rejection("r1", clock())])
        clock.forward(13 * DAY)
        assert len(rejected.page(0).items) == 1
        clock.forward(2 * DAY)
        assert rejected.page(0).items == ()

    @pytest.mark.parametrize("limit", [1, 2, 3, 10])
    def test_pages_together_are_the_whole(self, rejected: Rejected, clock: FakeClock, limit: int) -> None:
        now = clock()
        for days in range(3):
            at = now - days * DAY
            rejected.add([rejection(f"r{days}{place}", at, place) for place in range(3)])
        pages = all_pages(lambda cursor: rejected.page(0, cursor, limit))
        ids = [one.id for page in pages for one in page]
        assert ids == ["r00", "r01", "r02", "r10", "r11", "r12", "r20", "r21", "r22"]
        assert {len(page) for page in pages[:-1]} <= {limit}

    def test_nothing_is_listed_while_nothing_was_refused(self, rejected: Rejected) -> None:
        assert all_items(lambda cursor: rejected.page(0, cursor)) == []

    def test_another_listings_cursor_is_refused(self, rejected: Rejected) -> None:
        with pytest.raises(BadRequest):
            rejected.page(0, "AAAA")
