"""What only the timeline in DynamoDB has to prove: its items, its calls, its limits."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.adapters.timeline import HOUR, KEPT_SECONDS, DynamoTimeline, _newest, _runs, _Span, to_items
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.events import Event
from tests.adapters.conftest import MakeTable
from tests.adapters.contract.listing import all_items
from tests.adapters.flaky import FlakyClient
from tests.fakes.clock import MONDAY_NOON as NOON

MINUTE = 60_000


def event(id: str, at: int, received: int = NOON, **properties: Any) -> Event:
    return Event(id, "track", at, received, event="Product Viewed", properties=properties)


@pytest.fixture
def client(dynamodb: Any) -> FlakyClient:
    return FlakyClient(dynamodb)


@pytest.fixture
def timeline(client: Any, table: MakeTable) -> DynamoTimeline:
    return DynamoTimeline(client, table("profile", "at"), pause=lambda _seconds: None)


class TestItems:
    def test_the_events_of_an_hour_are_one(self) -> None:
        assert len(list(to_items("p_1", [event("m1", NOON), event("m2", NOON + HOUR)]))) == 1
        assert len(list(to_items("p_1", [event("m1", NOON), event("m2", NOON + HOUR + 1)]))) == 2

    def test_a_repeat_of_a_commit_has_the_same_keys(self) -> None:
        events = [event(f"m{number}", NOON + number * 25 * MINUTE) for number in range(9)]
        keys = [item["at"]["S"] for item in to_items("p_1", events)]
        assert [item["at"]["S"] for item in to_items("p_1", [*events[::-1], events[3]])] == keys

    def test_another_commit_that_begins_alike_has_other_keys(self) -> None:
        first, second, third = (event(f"m{number}", NOON + number) for number in range(3))
        (one,), (other,) = to_items("p_1", [first, second]), to_items("p_1", [first, third])
        assert one["at"] != other["at"]

    def test_keys_sort_as_times_do(self) -> None:
        times = [0, 1, 999_999_999_999, NOON]
        keys = [next(to_items("p_1", [event("m", at)]))["at"]["S"] for at in times]
        assert keys == sorted(keys)

    def test_are_kept_from_receipt_on_however_old_the_event(self) -> None:
        (item,) = to_items("p_1", [event("m1", 0, received=NOON)])
        assert int(item["expires"]["N"]) == NOON // 1000 + KEPT_SECONDS

    def test_that_would_be_too_large_are_several(self, timeline: DynamoTimeline) -> None:
        chance = random.Random(5)
        events = [
            event(f"m{number:02d}", NOON + number, noise=chance.randbytes(12_000).hex())
            for number in range(60)
        ]
        items = list(to_items("p_1", events))
        assert len(items) > 1
        assert all(len(item["body"]["B"]) <= 300_000 for item in items)
        timeline.append([("p_1", events)])
        assert all_items(lambda cursor: timeline.page(["p_1"], 100, cursor)) == events[::-1]


class TestCalls:
    def test_a_lone_event_is_one_put(self, timeline: DynamoTimeline, client: FlakyClient) -> None:
        timeline.append([("p_1", [event("m1", NOON)])])
        assert client.calls == {"put_item": 1}

    def test_a_batch_is_a_call_for_each_25_customers(
        self, timeline: DynamoTimeline, client: FlakyClient
    ) -> None:
        timeline.append(
            [(f"p_{number % 300}", [event(f"m{number}", NOON + number)]) for number in range(600)]
        )
        assert client.calls["batch_write_item"] <= 600 / 25

    def test_nothing_is_no_call(self, timeline: DynamoTimeline, client: FlakyClient) -> None:
        timeline.append([])
        timeline.append([("p_1", [])])
        assert client.calls == {}

    def test_a_page_does_not_read_all_of_a_long_history(
        self, timeline: DynamoTimeline, client: FlakyClient
    ) -> None:
        timeline.append([("p_1", [event(f"m{n:03d}", NOON + n * 2 * HOUR) for n in range(200)])])
        client.calls.clear()
        timeline.page(["p_1"], 10)
        assert client.calls == {"query": 1}

    def test_a_long_history_is_read_part_by_part_to_its_end(self, timeline: DynamoTimeline) -> None:
        made = [event(f"m{n:03d}", NOON + n * 2 * HOUR) for n in range(150)]
        timeline.append([("p_1", made)])
        assert timeline.page(["p_1"], 1_000).items == tuple(made[::-1])


class TestUnprocessedItems:
    def test_are_written_again(self, timeline: DynamoTimeline, client: FlakyClient) -> None:
        client.answer("batch_write_item", lambda request: {"UnprocessedItems": request["RequestItems"]})
        timeline.append([(f"p_{number}", [event("m1", NOON)]) for number in range(10)])
        assert len(all_items(lambda cursor: timeline.page([f"p_{n}" for n in range(10)], 99, cursor))) == 1
        assert client.calls["batch_write_item"] == 2

    def test_that_are_never_taken_make_the_table_unavailable(
        self, timeline: DynamoTimeline, client: FlakyClient
    ) -> None:
        undone = [lambda request: {"UnprocessedItems": request["RequestItems"]}] * 50
        client.answer("batch_write_item", *undone)
        with pytest.raises(Unavailable):
            timeline.append([(f"p_{number}", [event("m1", NOON)]) for number in range(2)])


times = st.integers(NOON, NOON + 6 * HOUR)
commits = st.lists(st.lists(times, min_size=1, max_size=8), max_size=12)


@settings(max_examples=150, deadline=None)
@given(commits)
def test_events_come_in_order_however_commits_overlap(commits: list[list[int]]) -> None:
    made = [
        [event(f"m{number}-{place}", at) for place, at in enumerate(sorted(commit))]
        for number, commit in enumerate(commits)
    ]
    items = [item for commit in made for item in to_items("p_1", commit)]
    spans = [_Span(int(item["at"]["S"].split("#")[1]), item["body"]["B"], "") for item in items]
    told = list(_newest(sorted(spans, key=lambda span: -span.first)))
    everything = [one for commit in made for one in commit]
    assert told == sorted(everything, key=lambda one: one.order, reverse=True)


@given(st.lists(times, max_size=40))
def test_runs_hold_every_event_once_and_last_an_hour_at_most(moments: list[int]) -> None:
    events = [event(f"m{place}", at) for place, at in enumerate(moments)]
    runs = list(_runs(events))
    assert sorted(one.message_id for run in runs for one in run) == sorted(one.message_id for one in events)
    assert all(run[-1].timestamp - run[0].timestamp <= HOUR for run in runs)
