"""The clock starts at the machine's time, runs on from wherever it is set, and stands still while held."""

from __future__ import annotations

from infra.local.clock import LocalClock


class Elapsed:
    """The machine's running time, moved by hand."""

    def __init__(self) -> None:
        self.ms = 7_000

    def __call__(self) -> int:
        return self.ms


def clock_at(start: int) -> tuple[LocalClock, Elapsed]:
    elapsed = Elapsed()
    return LocalClock(lambda: start, elapsed), elapsed


def test_it_starts_at_the_machines_time_and_runs() -> None:
    clock, elapsed = clock_at(1_000_000)
    elapsed.ms += 250
    assert clock.now() == 1_000_250


def test_held_it_stands_still() -> None:
    clock, elapsed = clock_at(1_000_000)
    clock.hold(5_000_000)
    elapsed.ms += 250
    assert (clock.now(), clock.held) == (5_000_000, True)


def test_it_runs_on_from_where_it_was_set() -> None:
    clock, elapsed = clock_at(1_000_000)
    clock.hold(5_000_000)
    elapsed.ms += 60_000
    clock.run()
    elapsed.ms += 250
    assert (clock.now(), clock.held) == (5_000_250, False)
