"""Tick: every minute of the agenda is handed out, at least once, on time."""

from __future__ import annotations

import zlib

import pytest

from chalicelib.domain.errors import Unavailable
from chalicelib.domain.letters import day_of
from chalicelib.domain.timers import MINUTE
from chalicelib.services.hand_out_agenda import MOST, HandOutAgenda
from tests.fakes import FakeAgenda, FakeClock, FakeJobQueue

_ONE_OF_EACH_SHARD = [
    next(id for id in "abcdefgh" if zlib.crc32(id.encode()) % 2 == shard) for shard in (0, 1)
]


class Stage:
    """A tick that has run at noon."""

    def __init__(self) -> None:
        self.clock, self.agenda, self.jobs = FakeClock(), FakeAgenda(shards=2), FakeJobQueue()
        self.noon = self.clock.now
        self.tick = HandOutAgenda(self.agenda, self.jobs, self.clock, 2)
        self.tick()
        self.jobs.jobs.clear()

    def fill(self, minutes: int) -> None:
        """Something is due on each shard in each of so many minutes from now on."""
        for minute in range(minutes):
            for id in _ONE_OF_EACH_SHARD:
                self.agenda.put(self.noon + minute * MINUTE, id, {})

    def minutes(self) -> list[int]:
        """The minutes handed out since, in minutes after noon."""
        return [(job["minute"] - self.noon) // MINUTE for job in self.jobs.jobs if job.get("shard") == 0]


def test_a_minute_is_handed_out_one_ahead_a_job_for_each_shard_and_one_to_learn() -> None:
    stage = Stage()
    stage.fill(5)
    stage.clock.forward(MINUTE)
    assert stage.tick() == 2
    assert stage.jobs.jobs == [
        *({"kind": "ring", "minute": stage.noon + 2 * MINUTE, "shard": s, "cursor": ""} for s in (0, 1)),
        {"kind": "learn"},
    ]


def test_within_one_minute_nothing_is_handed_out_twice() -> None:
    stage = Stage()
    stage.clock.forward(MINUTE - 1)
    assert stage.tick() == 0


def test_after_an_outage_every_minute_is_made_up_for() -> None:
    stage = Stage()
    stage.fill(40)
    stage.clock.forward(30 * MINUTE)
    stage.tick()
    assert stage.minutes() == list(range(2, 32))
    assert stage.jobs.jobs.count({"kind": "learn"}) == 1


def test_a_long_outage_is_made_up_for_over_several_ticks() -> None:
    stage = Stage()
    stage.fill(MOST + 110)
    stage.clock.forward((MOST + 100) * MINUTE)
    stage.tick()
    stage.tick()
    assert stage.minutes() == list(range(2, MOST + 102))


def test_a_tick_that_dies_before_the_cursor_moves_is_repeated() -> None:
    stage = Stage()
    stage.fill(5)
    stage.clock.forward(MINUTE)
    stage.agenda.fail_next("advance")
    with pytest.raises(Unavailable):
        stage.tick()
    stage.tick()
    assert stage.minutes() == [2, 2]


def test_of_two_ticks_at_once_the_cursor_follows_one() -> None:
    stage = Stage()
    stage.clock.forward(MINUTE)
    send = stage.jobs.send

    def meanwhile(*args: object) -> None:
        stage.jobs.send = send  # type: ignore[method-assign]
        stage.tick()
        send(*args)  # type: ignore[arg-type]

    stage.jobs.send = meanwhile  # type: ignore[assignment]
    stage.tick()
    assert stage.agenda.cursor() == stage.noon + 2 * MINUTE
    assert stage.tick() == 0


def test_a_minute_in_which_nothing_is_due_is_passed_without_a_job() -> None:
    stage = Stage()
    stage.agenda.put(stage.noon + 3 * MINUTE, _ONE_OF_EACH_SHARD[1], {})
    for minute in (1, 2, 3):
        stage.clock.forward(MINUTE)
        assert stage.tick() == (minute == 2)
        assert stage.agenda.cursor() == stage.noon + (minute + 1) * MINUTE
    (ring,) = [job for job in stage.jobs.jobs if job["kind"] == "ring"]
    assert (ring["minute"], ring["shard"]) == (stage.noon + 3 * MINUTE, 1)
    assert stage.jobs.jobs.count({"kind": "learn"}) == 3


def test_a_clock_that_was_set_back_starts_anew() -> None:
    stage = Stage()
    stage.clock.forward(-90 * 24 * 60 * MINUTE)
    stage.agenda.put(stage.clock.now, "late", {})
    assert stage.tick() == 1
    assert stage.agenda.cursor() == stage.clock.now + MINUTE


def test_once_a_day_the_file_of_yesterdays_letters_is_asked_for() -> None:
    stage = Stage()
    asked = []
    for _ in range(2 * 24 * 60):
        stage.clock.forward(MINUTE)
        stage.tick()
        asked += [job["day"] for job in stage.jobs.jobs if job["kind"] == "mail_file"]
        stage.jobs.jobs.clear()
    first = day_of(stage.noon)
    assert asked == [first, day_of(stage.noon + 24 * 60 * MINUTE)]


def test_after_an_outage_over_midnight_the_file_is_asked_for_too() -> None:
    stage = Stage()
    stage.clock.forward(16 * 60 * MINUTE)
    for _ in range(5):  # so long is made up for in several ticks
        stage.tick()
    days = [job["day"] for job in stage.jobs.jobs if job["kind"] == "mail_file"]
    assert days == [day_of(stage.noon)]
