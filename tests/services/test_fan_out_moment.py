"""A moment for everybody in a group, page by page."""

from __future__ import annotations

import msgspec
import pytest

from chalicelib.domain.errors import Unavailable
from chalicelib.domain.moments import Announced
from chalicelib.services.fan_out_moment import PAGES, FanOutMoment
from tests.fakes import FakeClock, FakeEventQueue, FakeGroups, FakeJobQueue

GROUP = "place:us-ks-topeka"
MEMBERS = 500 * PAGES + 7


class World:
    def __init__(self) -> None:
        self.clock, self.events, self.jobs, self.groups = (
            FakeClock(),
            FakeEventQueue(),
            FakeJobQueue(),
            FakeGroups(1),
        )
        self.fan_out = FanOutMoment(self.groups, self.events, self.jobs, self.clock)
        for number in range(MEMBERS):
            self.groups.join(GROUP, f"p_{number:05d}", 0)

    def job(self, until: int = 0) -> dict[str, object]:
        moment = Announced("storm", "Rain Started", self.clock() - 5, until, "us-ks-topeka")
        body = msgspec.to_builtins(moment)
        return {"kind": "fan_out", "group": GROUP, "shard": 0, "cursor": "", "moment": body}


@pytest.fixture
def world() -> World:
    return World()


def test_a_job_takes_some_pages_and_leaves_the_rest_to_the_next(world: World) -> None:
    world.fan_out(world.job())
    assert len(world.events.events) == 500 * PAGES
    (rest,) = world.jobs.jobs
    world.fan_out(rest)
    assert len({event.profile for event in world.events.events}) == MEMBERS and len(world.jobs.jobs) == 1


def test_a_job_that_died_tells_again_under_the_same_ids(world: World) -> None:
    world.events.fail_next("send", "after")
    with pytest.raises(Unavailable):
        world.fan_out(world.job())
    world.fan_out(world.job())
    events = world.events.events
    assert len(events) == 500 * PAGES + 100 and len({one.message_id for one in events}) == 500 * PAGES


def test_each_gets_the_moment_as_it_was_announced(world: World) -> None:
    world.fan_out(world.job())
    event = world.events.events[0]
    assert event.message_id == "moment:storm:p_00000" and event.origin == "moment"
    assert event.timestamp == world.clock() - 5 and event.properties == {
        "moment": "storm",
        "place": "us-ks-topeka",
    }


def test_a_moment_that_ends_on_the_way_stops(world: World) -> None:
    job = world.job(until=world.clock() + 10)
    world.clock.forward(10)
    world.fan_out(job)
    assert world.events.batches == [] and world.jobs.jobs == []
