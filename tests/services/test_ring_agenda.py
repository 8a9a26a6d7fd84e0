"""Ringing: what is due in a minute goes out with its own delay, and leaves the agenda after that."""

from __future__ import annotations

import pytest

from chalicelib.domain.effects import Ring
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.timers import LONGEST_SPREAD, MINUTE, TOGETHER, delivery_job, ring_job, spread
from chalicelib.services.ring_agenda import RingAgenda
from tests.fakes import FakeAgenda, FakeClock, FakeEventQueue, FakeJobQueue


class Stage:
    """One shard, so that every entry is in it."""

    def __init__(self) -> None:
        self.clock, self.agenda = FakeClock(), FakeAgenda(shards=1)
        self.events, self.deliveries, self.jobs = FakeEventQueue(), FakeJobQueue(), FakeJobQueue()
        self.noon = self.clock.now
        self.job = {"kind": "ring", "minute": self.noon, "shard": 0, "cursor": ""}
        self.ring = RingAgenda(self.agenda, self.events, self.deliveries, self.jobs, self.clock)

    def wait(self, id: str, late: int = 0, kind: str = "offer") -> None:
        self.agenda.put(self.noon + late, id, delivery_job(id, "p_1", kind))


def test_a_delivery_goes_to_the_sender_and_leaves_the_agenda() -> None:
    stage = Stage()
    stage.wait("m_1")
    stage.ring(stage.job)
    assert stage.deliveries.jobs == [{"delivery": "m_1", "profile": "p_1"}]
    assert stage.agenda.jobs == {}


def test_a_ring_becomes_its_event() -> None:
    stage = Stage()
    ring = Ring("r_1", "p_1", stage.noon, "Topeka Wait Ended", {"moment": "cart"})
    stage.agenda.put(ring.due, ring.id, ring_job(ring))
    stage.ring(stage.job)
    (event,) = stage.events.events
    assert (event.message_id, event.event, event.properties) == (
        "ring-r_1",
        "Topeka Wait Ended",
        {"moment": "cart"},
    )


@pytest.mark.parametrize("kind", ["sweep", "rewrite_lake"])
def test_what_an_erasure_still_has_to_do_becomes_a_job_as_it_is(kind: str) -> None:
    stage = Stage()
    stage.agenda.put(stage.noon, "s_1", {"kind": kind, "ids": ["p_1"]})
    stage.ring(stage.job)
    assert stage.jobs.jobs == [{"kind": kind, "ids": ["p_1"]}]
    assert stage.agenda.jobs == {}


@pytest.mark.parametrize(("late", "delay"), [(0, 0), (1, 1_000), (500, 1_000), (59_000, 59_000)])
def test_nothing_goes_before_it_is_due(late: int, delay: int) -> None:
    stage = Stage()
    stage.wait("m_1", late)
    stage.ring(stage.job)
    assert stage.deliveries.delays == [delay]


def test_what_is_overdue_goes_at_once() -> None:
    stage = Stage()
    stage.wait("m_1")
    stage.clock.forward(3 * 60 * MINUTE)
    stage.ring(stage.job)
    assert stage.deliveries.delays == [0]


def test_a_crowd_of_offers_is_spread_over_minutes() -> None:
    stage = Stage()
    for n in range(400):
        stage.wait(f"m_{n}")
    stage.ring(stage.job)
    minutes = [delay // MINUTE for delay in stage.deliveries.delays]
    assert len(stage.deliveries.jobs) == 400
    assert max(stage.deliveries.delays) <= LONGEST_SPREAD
    assert max(minutes.count(minute) for minute in range(10)) < 80


def test_service_messages_in_a_crowd_do_not_wait() -> None:
    stage = Stage()
    for n in range(100):
        stage.wait(f"m_{n}")
    stage.wait("m_service", kind="service")
    stage.ring(stage.job)
    places = [n for n, job in enumerate(stage.deliveries.jobs) if job["delivery"] == "m_service"]
    assert [stage.deliveries.delays[place] for place in places] == [0]


def test_a_few_offers_do_not_wait() -> None:
    assert {spread(f"m_{n}", TOGETHER) for n in range(TOGETHER)} == {0}


def test_entries_stay_until_they_were_sent() -> None:
    stage = Stage()
    stage.wait("m_1")
    stage.deliveries.fail_next("send")
    with pytest.raises(Unavailable):
        stage.ring(stage.job)
    assert len(stage.agenda.jobs) == 1


def test_a_very_full_minute_goes_on_in_a_job_of_its_own() -> None:
    stage = Stage()
    for n in range(5_600):
        stage.wait(f"m_{n:04}")
    stage.ring(stage.job)
    (rest,) = stage.jobs.jobs
    stage.ring(rest)
    assert len({job["delivery"] for job in stage.deliveries.jobs}) == 5_600
    assert stage.agenda.jobs == {}


@pytest.mark.parametrize(
    "job", [{}, {"kind": "unheard-of"}, {"kind": "delivery"}, {"kind": "event", "ring": {}}]
)
def test_what_nobody_can_ring_is_set_aside_as_a_job_and_the_rest_goes(job: dict[str, object]) -> None:
    stage = Stage()
    stage.wait("m_1")
    stage.agenda.put(stage.noon, "odd", job)
    stage.ring(stage.job)
    assert stage.deliveries.jobs == [{"delivery": "m_1", "profile": "p_1"}]
    assert stage.jobs.jobs == [{"kind": "unreadable", "entry": {"due": stage.noon, "id": "odd", "job": job}}]
    assert stage.agenda.jobs == {}
