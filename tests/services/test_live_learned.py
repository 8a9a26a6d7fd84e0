"""The snapshot in force, as deciding asks for it."""

from __future__ import annotations

import pytest

from chalicelib.domain.learning import Learned
from chalicelib.domain.tallies import Latest
from chalicelib.services.live_learned import MOST, LiveLearned
from tests.fakes import FakeClock, FakeTallies


def stored(versions: int) -> FakeTallies:
    tallies = FakeTallies()
    for version in range(1, versions + 1):
        add(tallies, version)
    return tallies


def add(tallies: FakeTallies, version: int) -> None:
    assert tallies.store(Learned(version, prior=version / 1000), Latest(version), Latest(version - 1))


def test_while_nothing_was_learned_it_is_that_of_nothing() -> None:
    assert LiveLearned(FakeTallies(), FakeClock()).current() == Learned()


def test_which_is_in_force_is_looked_up_once_in_ten_seconds_and_a_version_loaded_once() -> None:
    tallies, clock = stored(1), FakeClock()
    live = LiveLearned(tallies, clock)
    for _ in range(100):
        assert live.current().version == 1
        clock.forward(99)
    assert tallies.calls["latest"] == tallies.calls["load"] == 1
    add(tallies, 2)
    assert live.current().version == 1
    clock.forward(100)
    assert live.current().version == 2
    assert (tallies.calls["latest"], tallies.calls["load"]) == (2, 2)


def test_while_it_cannot_be_read_that_of_the_last_look_is_in_force() -> None:
    tallies, clock = stored(1), FakeClock()
    live = LiveLearned(tallies, clock)
    live.current()
    add(tallies, 2)
    clock.forward(10_000)
    tallies.fail_next("latest")
    assert live.current().version == 1
    clock.forward(10_000)
    tallies.fail_next("load")
    assert live.current().version == 1
    clock.forward(10_000)
    assert live.current().version == 2


def test_a_clock_that_was_set_back_makes_it_look_again() -> None:
    tallies, clock = stored(1), FakeClock()
    live = LiveLearned(tallies, clock)
    live.current()
    add(tallies, 2)
    clock.forward(-1)
    assert live.current().version == 2


def test_any_version_can_be_asked_for_and_few_are_held() -> None:
    tallies = stored(MOST + 5)
    live = LiveLearned(tallies, FakeClock())
    for version in range(MOST + 5, 0, -1):
        assert live.version(version).prior == version / 1000
    assert len(live._loaded) == MOST
    assert live.version(0) == Learned()
    with pytest.raises(KeyError):
        live.version(99)
