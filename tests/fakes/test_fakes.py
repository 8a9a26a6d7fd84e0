"""What fakes add to a port: failures on order, and counts."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.errors import NotTaken, Unanswered, Unavailable
from chalicelib.domain.events import Event, EventBatch
from chalicelib.services.ports import Outgoing
from tests.fakes import FakeClock, FakeEventQueue, FakeJobQueue, FakeLake, FakeSender, FakeStops

OUTGOING = Outgoing("m_1", "umbrella", "ann@example.com", "shop@example.com")
BATCH = EventBatch((Event("m1", "page", 5, 6),))


def test_a_failure_before_prevents_the_act() -> None:
    queue = FakeEventQueue()
    queue.fail_next("send")
    with pytest.raises(Unavailable):
        queue.send(BATCH)
    assert queue.batches == []


def test_a_failure_after_only_loses_the_answer() -> None:
    queue = FakeEventQueue()
    queue.fail_next("send", "after", Unanswered())
    with pytest.raises(Unanswered):
        queue.send(BATCH)
    assert queue.batches == [BATCH]


def test_failures_end() -> None:
    stops = FakeStops()
    stops.fail_next("add", times=2)
    for _ in range(2):
        with pytest.raises(Unavailable):
            stops.add("h1", "bounced", 5)
    stops.add("h1", "bounced", 5)
    assert stops.calls == {"add": 3}


def test_only_methods_there_are_can_fail() -> None:
    with pytest.raises(AttributeError):
        FakeStops().fail_next("ad")


def test_what_was_handed_in_is_kept_as_it_was() -> None:
    job: dict[str, Any] = {"kind": "ring", "ids": ["a"]}
    jobs, lake = FakeJobQueue(), FakeLake()
    jobs.send([job], delay=5)
    lake.put("event", [job])
    job["ids"].append("b")
    assert (jobs.jobs, jobs.delays) == ([{"kind": "ring", "ids": ["a"]}], [5])
    assert lake.lines == [("event", {"kind": "ring", "ids": ["a"]})]


def test_a_provider_counts_what_it_took() -> None:
    sender = FakeSender()
    sender.fail_next("send", error=NotTaken())
    with pytest.raises(NotTaken):
        sender.send(OUTGOING)
    assert sender.send(OUTGOING) == "provider-1"
    assert sender.sent == [OUTGOING]


def test_the_clock_moves_only_when_told() -> None:
    clock = FakeClock(5)
    assert (clock(), clock.forward(10), clock()) == (5, 15, 15)
