"""What every timeline promises."""

from __future__ import annotations

import itertools

import pytest

from chalicelib.domain.errors import BadRequest
from chalicelib.domain.events import Event
from chalicelib.services.ports import Timeline
from tests.adapters.contract.listing import all_items, all_pages
from tests.fakes.clock import MONDAY_NOON as NOON

MINUTE = 60_000
HOUR = 60 * MINUTE
NEVER = 1 << 62


def event(id: str, at: int, received: int = NOON) -> Event:
    return Event(id, "track", at, received, event="Product Viewed", properties={"sku": f"umbrella-{id}"})


def ids(events: list[Event]) -> list[str]:
    return [one.message_id for one in events]


class TestEvents:
    def test_come_newest_first(self, timeline: Timeline) -> None:
        timeline.append([("p_1", [event("m1", NOON), event("m3", NOON + 2), event("m2", NOON + 1)])])
        assert ids(list(timeline.page(["p_1"], 10).items)) == ["m3", "m2", "m1"]

    def test_come_back_as_they_were(self, timeline: Timeline) -> None:
        stored = Event(
            "m1", "identify", NOON, NOON, user_id="\U0001f600\x00", traits={"a": [1, None, {"b": 1.5}]}
        )
        timeline.append([("p_1", [stored])])
        assert timeline.page(["p_1"], 10).items == (stored,)

    def test_of_one_time_come_by_message_id(self, timeline: Timeline) -> None:
        timeline.append([("p_1", [event("m1", NOON), event("m3", NOON)])])
        timeline.append([("p_1", [event("m2", NOON)])])
        assert ids(list(timeline.page(["p_1"], 10).items)) == ["m3", "m2", "m1"]

    def test_stored_again_are_there_once(self, timeline: Timeline) -> None:
        three = [event("m1", NOON), event("m2", NOON + 1), event("m3", NOON + 2)]
        timeline.append([("p_1", three), ("p_1", three)])
        timeline.append([("p_1", three)])
        timeline.append([("p_1", three[:2])])
        timeline.append([("p_1", three[1:])])
        assert ids(list(timeline.page(["p_1"], 10).items)) == ["m3", "m2", "m1"]

    def test_taken_back_are_gone_but_for_what_another_worker_stored(self, timeline: Timeline) -> None:
        three = [event("m1", NOON), event("m2", NOON + 1), event("m3", NOON + 5 * HOUR)]
        timeline.append([("p_1", three), ("p_2", three[:1])], "worker-1")
        timeline.append([("p_1", three[:2])], "worker-2")
        timeline.withdraw([("p_1", three)], "worker-1")
        assert ids(list(timeline.page(["p_1"], 10).items)) == ["m2", "m1"]
        assert ids(list(timeline.page(["p_2"], 10).items)) == ["m1"]
        timeline.withdraw([("p_1", three)], "worker-1")
        timeline.withdraw([("p_1", three[:2])], "worker-2")
        assert timeline.page(["p_1"], 10).items == ()

    def test_are_erased_without_what_was_decided_where_that_is_asked(self, timeline: Timeline) -> None:
        timeline.append([("p_1", [event("m1", NOON)])])
        timeline.record([("p_1", "d_1", NOON, {"decision": "d_1"})])
        assert timeline.erase(["p_1"], records=False) == 1
        assert (timeline.page(["p_1"], 10).items, len(timeline.decisions(["p_1"], 10).items)) == ((), 1)

    def test_of_a_merged_customer_are_one_list(self, timeline: Timeline) -> None:
        timeline.append(
            [("p_1", [event("m1", NOON), event("m4", NOON + 30)]), ("p_2", [event("m2", NOON + 10)])]
        )
        timeline.append([("p_2", [event("m3", NOON + 20), event("m4", NOON + 30)])])
        assert ids(list(timeline.page(["p_1", "p_2"], 10).items)) == ["m4", "m3", "m2", "m1"]

    def test_of_others_are_not_told(self, timeline: Timeline) -> None:
        timeline.append([("p_1", [event("m1", NOON)]), ("p_2", [event("m2", NOON)])])
        assert ids(list(timeline.page(["p_1"], 10).items)) == ["m1"]

    def test_keep_their_order_where_commits_overlap_in_time(self, timeline: Timeline) -> None:
        timeline.append([("p_1", [event("m1", NOON), event("m5", NOON + 50 * MINUTE)])])
        timeline.append([("p_1", [event("m2", NOON + 10 * MINUTE), event("m4", NOON + 40 * MINUTE)])])
        timeline.append([("p_1", [event("m3", NOON + 20 * MINUTE), event("m6", NOON + 3 * HOUR)])])
        assert ids(list(timeline.page(["p_1"], 10).items)) == ["m6", "m5", "m4", "m3", "m2", "m1"]


class TestPages:
    @pytest.mark.parametrize("limit", [1, 3, 7, 100])
    def test_together_are_the_whole(self, timeline: Timeline, limit: int) -> None:
        made = [event(f"m{number:03d}", NOON + number * 7 * MINUTE) for number in range(40)]
        for start, profile in zip(range(0, 40, 4), itertools.cycle(["p_1", "p_2"])):
            timeline.append([(profile, made[start : start + 4])])
        pages = all_pages(lambda cursor: timeline.page(["p_1", "p_2"], limit, cursor))
        assert ids([one for page in pages for one in page]) == ids(made[::-1])
        assert {len(page) for page in pages[:-1]} <= {limit}

    def test_go_on_where_they_were_though_something_new_came(self, timeline: Timeline) -> None:
        timeline.append([("p_1", [event(f"m{number}", NOON + number) for number in range(4)])])
        first = timeline.page(["p_1"], 2)
        timeline.append([("p_1", [event("m9", NOON + 9)])])
        assert ids(list(timeline.page(["p_1"], 2, first.cursor).items)) == ["m1", "m0"]

    @pytest.mark.parametrize("cursor", ["?", "AAAA", "WzFd", "\U0001f600", "eyJhIjoxfQ"])
    def test_are_not_opened_by_anything_else(self, timeline: Timeline, cursor: str) -> None:
        with pytest.raises(BadRequest):
            timeline.page(["p_1"], 2, cursor)
        with pytest.raises(BadRequest):
            timeline.decisions(["p_1"], 2, cursor)


class TestContains:
    def test_tells_what_is_stored_under_any_of_the_ids(self, timeline: Timeline) -> None:
        timeline.append(
            [("p_1", [event("m1", NOON)]), ("p_2", [event("m2", NOON)]), ("p_3", [event("m3", NOON)])]
        )
        found = timeline.contains(["p_1", "p_2"], ["m1", "m2", "m3", "m4"], (NOON - 1, NOON + 1), NEVER)
        assert found == {"m1", "m2"}

    @pytest.mark.parametrize("minutes", [0, 1, 59, 60])
    def test_finds_an_event_by_its_own_time_wherever_its_commit_began(
        self, timeline: Timeline, minutes: int
    ) -> None:
        at = NOON + minutes * MINUTE
        timeline.append([("p_1", [event("m1", NOON), event("m2", at)])])
        assert timeline.contains(["p_1"], ["m2"], (at, at), NEVER) == {"m2"}

    def test_does_not_look_far_outside_the_range(self, timeline: Timeline) -> None:
        timeline.append([("p_1", [event("m1", NOON), event("m2", NOON + 5 * HOUR)])])
        assert timeline.contains(["p_1"], ["m1", "m2"], (NOON + 2 * HOUR, NOON + 3 * HOUR), NEVER) == set()

    def test_finds_only_what_was_received_before_a_time(self, timeline: Timeline) -> None:
        timeline.append([("p_1", [event("m1", NOON)])])
        received = event("m1", NOON).received_at
        assert timeline.contains(["p_1"], ["m1"], (NOON, NOON), received) == set()
        assert timeline.contains(["p_1"], ["m1"], (NOON, NOON), received + 1) == {"m1"}

    def test_asked_for_nothing_finds_nothing(self, timeline: Timeline) -> None:
        assert timeline.contains(["p_1"], [], (0, NOON), NEVER) == set()
        assert timeline.contains([], ["m1"], (0, NOON), NEVER) == set()


class TestDecisions:
    def test_come_newest_first_and_apart_from_events(self, timeline: Timeline) -> None:
        timeline.append([("p_1", [event("m1", NOON)])])
        timeline.record([("p_1", "d_1", NOON, {"id": "d_1", "outcome": "offer"})])
        timeline.record([("p_1", "d_2", NOON + 1, {"id": "d_2", "outcome": "nothing"})])
        assert [record["id"] for record in timeline.decisions(["p_1"], 10).items] == ["d_2", "d_1"]
        assert ids(list(timeline.page(["p_1"], 10).items)) == ["m1"]

    def test_recorded_again_are_there_once(self, timeline: Timeline) -> None:
        for profile in ("p_1", "p_1", "p_2"):
            timeline.record([(profile, "d_1", NOON, {"id": "d_1"})])
        assert timeline.decisions(["p_1", "p_2"], 10).items == ({"id": "d_1"},)

    @pytest.mark.parametrize("limit", [1, 2, 5])
    def test_pages_together_are_the_whole(self, timeline: Timeline, limit: int) -> None:
        for number in range(5):
            timeline.record([(f"p_{number % 2}", f"d_{number}", NOON + number, {"id": number})])
        told = all_items(lambda cursor: timeline.decisions(["p_0", "p_1"], limit, cursor))
        assert [record["id"] for record in told] == [4, 3, 2, 1, 0]


class TestErase:
    def test_leaves_nothing_of_the_ids_and_everything_of_others(self, timeline: Timeline) -> None:
        for profile in ("p_1", "p_2", "p_3"):
            timeline.append([(profile, [event(f"m-{profile}", NOON)])])
            timeline.record([(profile, "d_1", NOON, {})])
        assert timeline.erase(["p_1", "p_2"]) == 4
        assert timeline.page(["p_1", "p_2"], 10).items == timeline.decisions(["p_1", "p_2"], 10).items == ()
        assert ids(list(timeline.page(["p_3"], 10).items)) == ["m-p_3"]

    def test_up_to_a_time_leaves_what_came_after(self, timeline: Timeline) -> None:
        for number, at in enumerate([NOON, NOON + 1, NOON + 2]):
            timeline.append([("p_1", [event(f"m{number}", at)])])
            timeline.record([("p_1", f"d_{number}", at, {"id": number})])
        assert timeline.erase(["p_1"], until=NOON + 1) == 4
        assert ids(list(timeline.page(["p_1"], 10).items)) == ["m2"]
        assert timeline.decisions(["p_1"], 10).items == ({"id": 2},)

    def test_of_nothing_is_nothing(self, timeline: Timeline) -> None:
        assert timeline.erase(["p_1"]) == 0
