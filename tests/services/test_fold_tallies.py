"""Counts into sums: each once, however often it was told, whoever died, and whoever was at it at the same time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.cells import Cells
from chalicelib.domain.effects import Count
from chalicelib.domain.errors import Conflict, Unavailable
from chalicelib.domain.periods import CLOSED, DAY, LOG_KEPT, SLOT, slot_of
from chalicelib.services.fold_tallies import FoldTallies
from chalicelib.services.read_tallies import ReadTallies
from tests.fakes import FakeClock, FakeTallies


class Stage:
    """Folding over fakes, at noon."""

    def __init__(self) -> None:
        self.clock, self.tallies = FakeClock(), FakeTallies()
        self.noon = self.clock.now
        self.fold = FoldTallies(self.tallies, self.clock)
        self.read = ReadTallies(self.tallies, self.clock)

    def tell(self, id: str, at: int | None = None, amount: float = 1.0) -> None:
        now = self.clock()
        self.tallies.append([Count(id, now if at is None else at, {"c": [amount]})], now)

    def minute(self) -> None:
        """What a job does: fold what is marked, then take the marks away."""
        marks = self.tallies.marked()
        self.fold(marks)
        self.fold.clear(marks)

    def total(self) -> float:
        return self.read().get("c", [0.0])[0]


def test_what_was_told_again_counts_once() -> None:
    stage = Stage()
    for id in ("a", "b", "a", "a", "c", "b"):
        stage.tell(id)
    stage.minute()
    stage.tell("a")
    stage.minute()
    assert stage.total() == 3


def test_a_count_is_in_its_slots_hours_days_and_months_sum() -> None:
    stage = Stage()
    for ago in (0, SLOT, 20 * SLOT, DAY):
        stage.tell(f"ago-{ago}", stage.noon - ago)
    stage.minute()
    sums = {period: stage.tallies.sum(period).cells.get("c") for period in stage.tallies.stored}
    assert sums == {
        "2026-03-02T12:00": [1], "2026-03-02T11:55": [1], "2026-03-02T10:20": [1], "2026-03-01T12:00": [1],
        "2026-03-02T12": [1], "2026-03-02T11": [1], "2026-03-02T10": [1], "2026-03-01T12": [1],
        "2026-03-02": [3], "2026-03-01": [1], "2026-03": [4],
    }  # fmt: skip


def test_what_comes_late_is_added_to_its_own_slot() -> None:
    stage = Stage()
    stage.tell("a")
    stage.minute()
    stage.clock.forward(DAY)
    stage.minute()
    assert stage.tallies.marked() == {}
    stage.tell("late", stage.noon)
    stage.minute()
    assert stage.tallies.sum(slot_of(stage.noon)).cells == {"c": [2.0]}
    assert stage.total() == 2


def test_a_slots_mark_stays_until_nobody_can_append_unmarked() -> None:
    stage = Stage()
    stage.tell("a")
    stage.clock.now = stage.noon + CLOSED - 1
    stage.minute()
    assert list(stage.tallies.marked()) == [slot_of(stage.noon)]
    stage.clock.forward(1)
    stage.minute()
    assert stage.tallies.marked() == {}


def test_what_comes_while_it_is_folded_is_folded_next_time() -> None:
    stage = Stage()
    stage.tell("a")
    stage.clock.forward(CLOSED)
    marks = stage.tallies.marked()
    stage.fold(marks)
    stage.tell("b", stage.noon)
    stage.fold.clear(marks)
    stage.minute()
    assert stage.total() == 2


def test_nothing_is_written_where_nothing_is_new() -> None:
    stage = Stage()
    stage.tell("a")
    stage.minute()
    written = stage.tallies.calls["put_sum"]
    stage.tell("a")
    stage.minute()
    assert stage.tallies.calls["put_sum"] == written


def test_once_the_log_may_be_gone_what_was_summed_stands() -> None:
    stage = Stage()
    stage.tell("a")
    stage.fold(stage.tallies.marked())
    stage.tallies.logged.clear()
    stage.clock.forward(LOG_KEPT)
    stage.minute()
    assert (stage.total(), stage.tallies.marked()) == (1, {})


def test_what_nobody_folded_for_a_week_is_folded_from_what_is_left() -> None:
    stage = Stage()
    stage.tell("a")
    stage.clock.forward(LOG_KEPT)
    stage.minute()
    assert stage.total() == 1


METHODS = ("marked", "sum", "log", "put_sum", "sums", "clear")


def meanwhile(stage: Stage, step: int, work: Callable[[], None]) -> list[str]:
    """Let something happen just before a call to the store, the `step`-th from now; the calls that were made."""
    made: list[str] = []

    def watched(method: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            made.append(method)
            if len(made) == step + 1:
                work()
            return original(*args)

        return call

    for method in METHODS:
        setattr(stage.tallies, method, watched(method, getattr(stage.tallies, method)))
    return made


@pytest.mark.parametrize("step", range(14))
def test_of_two_workers_at_once_neither_takes_back_what_the_other_summed(step: int) -> None:
    """The other counts something late and does all of the work, before each of the one's calls in turn."""
    stage = Stage()
    stage.tell("a")
    stage.clock.forward(CLOSED)

    def other() -> None:
        stage.tell("b", stage.noon)
        stage.minute()

    made = meanwhile(stage, step, other)
    stage.minute()
    stage.minute()
    assert len(made) > step
    assert stage.total() == 2


def test_who_is_refused_again_and_again_gives_up_and_the_job_comes_again() -> None:
    stage = Stage()
    stage.tell("a")
    stage.tallies.fail_next("put_sum", error=Conflict(()), times=3)
    with pytest.raises(Conflict):
        stage.minute()
    stage.minute()
    assert stage.total() == 1


WRITES = ("append", "put_sum", "clear")


@given(
    told=st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 600)), max_size=40),
    faults=st.lists(st.tuples(st.sampled_from(WRITES), st.sampled_from(["before", "after"])), max_size=10),
)
def test_every_count_is_in_the_sum_once_whatever_was_repeated_and_whoever_died(
    told: list[tuple[str, int]], faults: list[tuple[str, Any]]
) -> None:
    """Each count has one time; minutes pass between tellings; any write may fail, before or after it acted."""
    stage = Stage()
    waiting = list(faults)
    for id, minutes in told:
        if waiting:
            stage.tallies.fail_next(*waiting.pop())
        at = stage.noon + ord(id) * SLOT
        until_done(partial(stage.tell, id, at, ord(id)))
        until_done(stage.minute)
        stage.clock.forward(minutes * 60_000 // 10)
    until_done(stage.minute)
    assert stage.total() == sum(ord(id) for id in {id for id, _ in told})
    assert sums_agree(stage)


def until_done(work: Callable[[], None]) -> None:
    """Do it again when it fails, as streams and queues do."""
    while True:
        try:
            work()
        except Unavailable:
            continue
        return


def sums_agree(stage: Stage) -> bool:
    """Whether slots, hours, days and months each add up to the same."""
    by_length: dict[int, Cells] = {}
    for period in stage.tallies.stored:
        cells = by_length.setdefault(len(period), {})
        for key, (value, *_) in stage.tallies.sum(period).cells.items():
            cells[key] = [cells.get(key, [0.0])[0] + value]
    return len({str(cells) for cells in by_length.values()}) <= 1


def test_sums_are_read_from_the_month_on_that_was_so_many_days_ago() -> None:
    stage = Stage()
    for months in range(15):
        stage.clock.now = stage.noon + months * 31 * DAY
        stage.tell(f"month-{months}")
        stage.minute()
    assert [stage.read(days).get("c") for days in (0, 1, 40, 90, 400)] == [[1], [1], [3], [4], [14]]


def test_a_mark_that_outlives_the_parts_takes_nothing_away() -> None:
    """Learning stood still for weeks: hours and slots are gone by their time to live, a mark is still there."""
    stage = Stage()
    stage.tell("a", amount=157)
    stage.fold(stage.tallies.marked())
    stage.clock.forward(20 * DAY)
    for period in [one for one in stage.tallies.stored if len(one) > len("2026-07-02")]:
        del stage.tallies.stored[period]
    stage.minute()
    assert stage.total() == 157
    assert stage.tallies.marked() == {}
