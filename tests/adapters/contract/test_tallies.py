"""What every store of counts promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain.effects import Count
from chalicelib.domain.errors import Conflict, Unavailable
from chalicelib.domain.learning import Learned
from chalicelib.domain.periods import DAY, SLOT, slot_of
from chalicelib.domain.tallies import Latest, Sum
from chalicelib.services.ports import Tallies
from tests.adapters.contract.conftest import fail_next_write, lose_next_answer
from tests.adapters.contract.racing import together

NOON = 1_782_993_600_000  # 2026-07-02T12:00:00Z
SLOT_OF_NOON = "2026-07-02T12:00"


def count(id: str, at: int = NOON, **cells: list[float]) -> Count:
    return Count(id, at, cells or {"c": [1.0]})


def logged(tallies: Tallies, slot: str = SLOT_OF_NOON) -> list[tuple[str, Any]]:
    return sorted(tallies.log(slot))


def test_a_count_is_logged_in_the_slot_of_its_time_and_the_slot_is_marked(tallies: Tallies) -> None:
    tallies.append([count("a"), count("b", c=[0.5, 2.25]), count("c", NOON + SLOT)], NOON + SLOT)
    assert logged(tallies) == [("a", {"c": [1.0]}), ("b", {"c": [0.5, 2.25]})]
    assert logged(tallies, slot_of(NOON + SLOT)) == [("c", {"c": [1.0]})]
    assert sorted(tallies.marked()) == [SLOT_OF_NOON, "2026-07-02T12:05"]


def test_what_happened_over_two_days_ago_is_counted_now(tallies: Tallies) -> None:
    tallies.append([count("late", NOON - 2 * DAY), count("in-time", NOON - 2 * DAY + 1)], NOON)
    assert logged(tallies) == [("late", {"c": [1.0]})]
    assert [id for id, _ in logged(tallies, "2026-06-30T12:00")] == ["in-time"]


def test_nothing_is_logged_where_nothing_was(tallies: Tallies) -> None:
    tallies.append([], NOON)
    assert (logged(tallies), tallies.marked()) == ([], {})


def test_what_is_told_again_after_a_lost_answer_stands_under_the_same_id(tallies: Tallies) -> None:
    lose_next_answer(tallies, "append")
    with pytest.raises(Unavailable):
        tallies.append([count("a")], NOON)
    tallies.append([count("a"), count("b")], NOON)
    assert {id for id, _ in logged(tallies)} == {"a", "b"}
    assert list(tallies.marked()) == [SLOT_OF_NOON]


def test_a_failed_write_logs_nothing_and_marks_nothing(tallies: Tallies) -> None:
    fail_next_write(tallies, "append")
    with pytest.raises(Unavailable):
        tallies.append([count("a")], NOON)
    assert (logged(tallies), tallies.marked()) == ([], {})
    tallies.append([count("a")], NOON)
    assert list(tallies.marked()) == [SLOT_OF_NOON]


def test_a_mark_goes_only_if_it_is_still_the_same(tallies: Tallies) -> None:
    late = NOON + 3 * SLOT
    tallies.append([count("a")], late)
    seen = tallies.marked()
    tallies.append([count("b")], late)
    assert not tallies.clear(SLOT_OF_NOON, seen[SLOT_OF_NOON])
    assert tallies.clear(SLOT_OF_NOON, tallies.marked()[SLOT_OF_NOON])
    assert tallies.marked() == {}
    assert not tallies.clear(SLOT_OF_NOON, seen[SLOT_OF_NOON])


def test_a_slot_is_marked_again_when_it_is_closed_and_something_comes_late(tallies: Tallies) -> None:
    tallies.append([count("a")], NOON)
    tallies.clear(SLOT_OF_NOON, tallies.marked()[SLOT_OF_NOON])
    tallies.append([count("b")], NOON + 3 * SLOT)
    assert list(tallies.marked()) == [SLOT_OF_NOON]


def test_a_sum_nobody_has_stored_is_empty(tallies: Tallies) -> None:
    assert tallies.sum("2026-07-02T12") == Sum()
    assert tallies.sums("2026-07-02") == {}


def test_a_sum_is_overwritten_version_by_version(tallies: Tallies) -> None:
    tallies.put_sum(SLOT_OF_NOON, {"c": [1.0]}, 0)
    tallies.put_sum(SLOT_OF_NOON, {"c": [3.0, 0.1]}, 1)
    assert tallies.sum(SLOT_OF_NOON) == Sum(2, {"c": [3.0, 0.1]})
    for passed in (0, 1, 3):
        with pytest.raises(Conflict):
            tallies.put_sum(SLOT_OF_NOON, {"c": [9.0]}, passed)
    assert tallies.sum(SLOT_OF_NOON) == Sum(2, {"c": [3.0, 0.1]})


def test_a_sum_whose_answer_was_lost_is_stored(tallies: Tallies) -> None:
    lose_next_answer(tallies, "put_sum")
    with pytest.raises(Unavailable):
        tallies.put_sum("2026-07", {"c": [1.0]}, 0)
    assert tallies.sum("2026-07") == Sum(1, {"c": [1.0]})


def test_the_parts_of_a_period_are_read_together_from_any_on(tallies: Tallies) -> None:
    for month in ("2025-12", "2026-01", "2026-02"):
        tallies.put_sum(month, {month: [1.0]}, 0)
    tallies.put_sum("2026-01-31", {"day": [1.0]}, 0)
    assert tallies.sums("months", "2026-01") == {
        "2026-01": Sum(1, {"2026-01": [1.0]}),
        "2026-02": Sum(1, {"2026-02": [1.0]}),
    }
    assert list(tallies.sums("months")) == ["2025-12", "2026-01", "2026-02"]
    assert list(tallies.sums("2026-01")) == ["2026-01-31"]


def test_a_snapshot_is_stored_once_and_kept_when_another_follows(tallies: Tallies) -> None:
    one, two = Latest(1, 7, NOON), Latest(2, 8, NOON + 1)
    first = Learned(version=1, splits={"copy": {"": (("a", 0.25), ("b", 0.75))}})
    assert tallies.latest() == Latest()
    assert tallies.store(first, one, Latest())
    assert not tallies.store(Learned(version=1, prior=0.5), one, Latest())
    assert tallies.store(Learned(version=2, values={"m": 2.5}), two, one)
    assert not tallies.store(Learned(version=2), two, one)
    assert tallies.latest() == two
    assert (tallies.load(1), tallies.load(2)) == (first, Learned(version=2, values={"m": 2.5}))


@pytest.mark.parametrize("unknown", [0, 2, 11])
def test_a_snapshot_nobody_stored_is_not_there(tallies: Tallies, unknown: int) -> None:
    tallies.store(Learned(version=1), Latest(1, 1, NOON), Latest())
    with pytest.raises(KeyError):
        tallies.load(unknown)


def test_a_snapshot_whose_answer_was_lost_is_in_force(tallies: Tallies) -> None:
    lose_next_answer(tallies, "store")
    with pytest.raises(Unavailable):
        tallies.store(Learned(version=1, prior=0.1), Latest(1, 1, NOON), Latest())
    assert tallies.latest().version == 1
    assert tallies.load(1).prior == 0.1


def test_of_workers_at_once_one_stores_the_next_snapshot(tallies: Tallies) -> None:
    def store(number: int, meet: Callable[[], None]) -> bool:
        meet()
        return tallies.store(Learned(version=1, prior=number / 100), Latest(1, number, NOON), Latest())

    won = together(store)
    assert sum(won) == 1
    assert (tallies.latest().playbook, tallies.load(1).prior) == (won.index(True), won.index(True) / 100)
