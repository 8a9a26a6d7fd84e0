"""Releasing and discarding: part by part, in jobs, and whole however often a worker dies."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.envelope import LARGEST, body_of
from chalicelib.domain.errors import NotFound, TooLarge, Unavailable
from chalicelib.domain.events import Event, EventBatch
from chalicelib.services import empty_quarantine
from chalicelib.services.drop_quarantine import DropQuarantine
from chalicelib.services.empty_quarantine import EmptyQuarantine
from chalicelib.services.release_quarantine import PAUSE, ReleaseQuarantine
from chalicelib.services.resolve_address import ResolveAddress
from tests.fakes import FakeClock, FakeEventQueue, FakeJobQueue, FakeQuarantine
from tests.services.ingest_world import World

ANN = "p_" + "a" * 26


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of ten events, two parts a job."""
    for module in ("empty_quarantine", "release_quarantine"):
        monkeypatch.setattr(f"chalicelib.services.{module}.PART", 10)
    monkeypatch.setattr(empty_quarantine, "PARTS", 2)


class Desk:
    """What an operator works with, and the queues behind it."""

    def __init__(self) -> None:
        world = World()
        self.clock = FakeClock()
        self.quarantine, self.queue, self.jobs = FakeQuarantine(), FakeEventQueue(), FakeJobQueue()
        resolve = ResolveAddress(world.find, world.rules)
        ports = (self.quarantine, resolve, self.jobs, self.clock)
        self.release = ReleaseQuarantine(EmptyQuarantine("release", *ports, PAUSE), self.queue)
        self.drop = DropQuarantine(EmptyQuarantine("drop", *ports))

    def set_aside(self, count: int, first: int = 0, portion: int = 4, **properties: Any) -> None:
        made = [
            Event(f"m{number:03d}", "track", 1, self.clock() + number - 1_000, properties=properties)
            for number in range(first, first + count)
        ]
        for start in range(0, count, portion):
            self.quarantine.add([(ANN, made[start : start + portion])])

    def work(self) -> int:
        """Do every job, each as often as the queue brings it; how many there were."""
        done = 0
        while self.jobs.jobs:
            job = self.jobs.jobs.pop(0)
            service = self.release if job["kind"] == "release" else self.drop
            done += 1
            try:
                service(job)
            except Unavailable:
                self.jobs.jobs.append(job)
        return done

    def left(self) -> int:
        return sum(one.events for one in self.quarantine.profiles().items)

    def released(self) -> list[str]:
        return [event.message_id for event in self.queue.events]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def named(count: int) -> list[str]:
    return [f"m{number:03d}" for number in range(count)]


def test_what_fits_one_part_is_released_at_once(desk: Desk) -> None:
    desk.set_aside(8)
    assert desk.release.start(ANN) == {"profile": ANN, "released": 8, "more": False}
    assert (desk.released(), desk.left(), desk.jobs.jobs) == (named(8), 0, [])


def test_released_events_are_marked_so_that_they_are_not_set_aside_again(desk: Desk) -> None:
    desk.set_aside(8)
    desk.release.start(ANN)
    assert all(batch.released for batch in desk.queue.batches)


def test_a_message_of_other_events_is_as_it_was() -> None:
    assert body_of(EventBatch()) == "{}"
    assert body_of(EventBatch(released=True)) == '{"released":true}'


def test_the_rest_is_released_by_jobs_in_order_and_not_all_at_once(desk: Desk) -> None:
    desk.set_aside(100)
    assert desk.release.start(ANN) == {"profile": ANN, "released": 12, "more": True}
    assert desk.jobs.delays == [PAUSE]
    assert desk.work() == 4
    assert (desk.released(), desk.left()) == (named(100), 0)
    assert set(desk.jobs.delays) == {PAUSE}


def test_a_portion_larger_than_a_part_is_several_messages(desk: Desk) -> None:
    desk.set_aside(25, portion=25)
    desk.release.start(ANN)
    assert [len(batch.events) for batch in desk.queue.batches] == [10, 10, 5]


def test_what_comes_in_while_it_is_released_stays_set_aside(desk: Desk) -> None:
    desk.set_aside(30)
    desk.release.start(ANN)
    desk.clock.forward(5_000)
    desk.set_aside(5, first=500)
    desk.work()
    assert (desk.released(), desk.left()) == (named(30), 5)


@pytest.mark.parametrize("method", ["portions", "remove"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_death_at_the_quarantine_repeats_and_loses_nothing(desk: Desk, method: str, when: Any) -> None:
    desk.set_aside(60)
    desk.release.start(ANN)
    desk.quarantine.fail_next(method, when)
    desk.work()
    assert (sorted(set(desk.released())), desk.left()) == (named(60), 0)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_death_at_a_queue_repeats_and_loses_nothing(desk: Desk, when: Any) -> None:
    desk.set_aside(60)
    desk.release.start(ANN)
    desk.queue.fail_next("send", when)
    desk.jobs.fail_next("send", when)
    desk.work()
    assert (sorted(set(desk.released())), desk.left()) == (named(60), 0)


def test_nothing_is_removed_that_was_not_sent(desk: Desk) -> None:
    desk.set_aside(8)
    desk.queue.fail_next("send")
    with pytest.raises(Unavailable):
        desk.release.start(ANN)
    assert desk.left() == 8


def test_discarded_events_go_nowhere(desk: Desk) -> None:
    desk.set_aside(100)
    assert desk.drop.start(ANN) == {"profile": ANN, "discarded": 12, "more": True}
    desk.work()
    assert (desk.released(), desk.left()) == ([], 0)
    assert set(desk.jobs.delays) == {0}


def test_where_nothing_is_set_aside_there_is_nothing_to_do(desk: Desk) -> None:
    for start in (desk.release.start, desk.drop.start):
        with pytest.raises(NotFound):
            start(ANN)
        with pytest.raises(NotFound):
            start("user:nobody")


def test_events_that_one_message_cannot_hold_are_several(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    send = desk.queue.send

    def narrow(batch: EventBatch, *, delay: int = 0) -> None:
        if len(batch.events) > 3:
            raise TooLarge("batch-too-large", "Send fewer events in one request.")
        send(batch, delay=delay)

    monkeypatch.setattr(desk.queue, "send", narrow)
    desk.set_aside(10, portion=10)
    desk.release.start(ANN)
    assert desk.released() == named(10)
    assert [len(batch.events) for batch in desk.queue.batches] == [2, 3, 2, 3]
    assert all(len(body_of(batch)) <= LARGEST for batch in desk.queue.batches)
