"""Profiles under a new playbook: all are told, and it is complete once a pass finds none under other needs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.domain.errors import Unavailable
from chalicelib.domain.playbook.parsing import parse
from chalicelib.domain.profile import Profile
from chalicelib.domain.stored import Write
from chalicelib.services.fill_segments import BETWEEN, MOST_PASSES, PAGES, FillSegments, first_job
from chalicelib.services.live_rules import LiveRules
from tests.fakes import FakeClock, FakeEventQueue, FakeJobQueue, FakePlaybooks, FakeProfiles

NEEDS = "playbook: 1\nname: Test\nsegments: {{loyal: {{did: Order Completed, at_least: {}}}}}\n"


class World:
    """A stored playbook and profiles; `adopt` is what ingest makes of being told."""

    def __init__(self, customers: int = 3) -> None:
        self.clock, self.profiles, self.playbooks = FakeClock(), FakeProfiles(), FakePlaybooks()
        self.events, self.jobs = FakeEventQueue(), FakeJobQueue()
        self.rules = LiveRules(self.playbooks, self.clock)
        self.fill = FillSegments(
            self.profiles, self.playbooks, self.rules, self.events, self.jobs, self.clock
        )
        self.publish(1)
        for at in range(customers):
            self.profiles.commit([Write(Profile(f"p_{at:05d}", "1"), "")])

    def publish(self, orders: int) -> None:
        text = NEEDS.format(orders)
        self.playbooks.publish(text, msgspec.msgpack.encode(parse(text)[0]), self.clock())

    def run(self, job: dict[str, Any]) -> list[dict[str, Any]]:
        """The jobs that a job left, after the wait that they ask for."""
        self.jobs.jobs.clear()
        self.jobs.delays.clear()
        self.fill(job)
        self.clock.now += sum(self.jobs.delays)
        return list(self.jobs.jobs)

    def told(self) -> list[str]:
        return sorted(event.profile for event in self.events.events)

    def adopt(self, *but: str) -> None:
        fingerprint = self.rules.version(self.playbooks.live()).fingerprint
        for id in set(self.told()) - set(but):
            self.put(id, fingerprint)
        self.events.batches.clear()

    def put(self, id: str, fingerprint: str) -> None:
        door = self.profiles.read([id])[id]
        assert isinstance(door, Profile)
        version = door.version
        door.folded_under, door.version = fingerprint, f"{version}'"
        self.profiles.commit([Write(door, version)])


@pytest.fixture
def world() -> World:
    return World()


def test_the_walk_tells_everybody_and_a_pass_follows_a_minute_later(world: World) -> None:
    (following,) = world.run(first_job(1))

    assert world.told() == ["p_00000", "p_00001", "p_00002"]
    assert (following["pass"], world.jobs.delays) == (1, [BETWEEN])
    assert world.playbooks.filled_at(1) == 0


def test_it_is_complete_when_a_pass_finds_none_under_other_needs(world: World) -> None:
    (following,) = world.run(first_job(1))
    world.adopt()

    assert world.run(following) == []
    assert world.told() == []
    assert world.playbooks.filled_at(1) == world.clock()


def test_a_pass_tells_again_whom_it_finds_and_another_follows(world: World) -> None:
    (first,) = world.run(first_job(1))
    world.adopt("p_00001")
    (second,) = world.run(first)

    assert world.told() == ["p_00001"] and world.playbooks.filled_at(1) == 0
    assert (second["pass"], world.jobs.delays) == (2, [BETWEEN])
    world.adopt()
    assert world.run(second) == [] and world.playbooks.filled_at(1) == world.clock()


def test_a_profile_that_an_old_worker_took_back_meanwhile_is_found(world: World) -> None:
    (following,) = world.run(first_job(1))
    world.adopt()
    world.put("p_00002", "other needs")

    assert len(world.run(following)) == 1
    assert world.told() == ["p_00002"]


def test_where_there_is_nobody_it_is_complete_after_the_minute_too() -> None:
    world = World(0)
    (following,) = world.run(first_job(1))

    assert world.run(following) == []
    assert world.playbooks.filled_at(1) == world.clock()


def test_a_job_takes_some_pages_and_the_count_of_a_pass_goes_on_to_the_next() -> None:
    world = World(500 * PAGES + 1)
    (rest,) = world.run(first_job(1))
    assert (rest["pass"], rest["told"], world.jobs.delays) == (0, 500 * PAGES, [0])
    (following,) = world.run(rest)
    world.adopt("p_00000")
    (rest,) = world.run(following)

    assert (rest["pass"], rest["told"], world.told()) == (1, 1, ["p_00000"])
    (again,) = world.run(rest)  # nobody on the last page, but one before it
    assert again["pass"] == 2 and world.playbooks.filled_at(1) == 0


@pytest.mark.parametrize("number", [0, 1])
def test_a_version_that_is_live_no_more_is_left(world: World, number: int) -> None:
    world.publish(2)

    assert world.run({**first_job(1), "pass": number}) == []
    assert world.told() == [] and world.playbooks.filled_at(1) == 0


def test_a_worker_that_has_not_seen_the_version_yet_looks_again(world: World) -> None:
    world.rules.current()
    world.publish(2)

    assert len(world.run(first_job(2))) == 1
    assert len(world.told()) == 3


def test_what_refuses_to_be_filled_is_left_after_a_day(world: World) -> None:
    assert world.run({**first_job(1), "pass": MOST_PASSES}) == []
    assert world.playbooks.filled_at(1) == 0


def test_a_job_that_died_does_the_same_again(world: World) -> None:
    world.events.fail_next("send", "after")
    with pytest.raises(Unavailable):
        world.run(first_job(1))
    world.run(first_job(1))

    assert world.told() == sorted(["p_00000", "p_00001", "p_00002"] * 2)
    assert len({event.message_id for event in world.events.events}) == 3
