"""A provider that throttles or fails: who waits, who tries, and that all are sent when it returns."""

from __future__ import annotations

from collections import Counter

import pytest

from chalicelib.domain.breaker import CLOSED, FIRST, LONGEST, PROBE, TRIP, Breaker
from chalicelib.domain.errors import Busy, NotTaken, Unanswered, Unavailable
from chalicelib.services.take_turn import MAX_AGE, NOW, TakeTurn, Turn
from tests.fakes import FakeClock, FakeTurns
from tests.services.queue_world import Job, QueueWorld
from tests.services.sending_stage import Stage
from tests.services.test_take_turn import most_within

SECOND, MINUTE = 1_000, 60_000


class Channel:
    """One channel's provider as workers call it; `down` raises that."""

    def __init__(self, workers: int = 3, rate: float = 0.0) -> None:
        self.clock, self.turns = FakeClock(), FakeTurns()
        self.workers = [TakeTurn(self.turns, lambda _: rate, self.clock) for _ in range(workers)]
        self.down: type[Exception] | None = None
        self.calls: list[int] = []

    def send(self, worker: int, id: str = "m_1", slot: int = 0) -> Turn | None:
        """None if the provider took it, else the turn it has to wait for."""
        turn = self.workers[worker]("email", "offer", id, slot)
        return turn if turn.wait else self.call(worker, turn)

    def call(self, worker: int, turn: Turn) -> Turn | None:
        try:
            with self.workers[worker].calling("email", turn):
                self.calls.append(self.clock.now)
                if self.down:
                    raise self.down
        except (NotTaken, Unanswered):
            return Turn(FIRST, "breaker")
        return None

    def open(self) -> None:
        """Let it fail until the breaker is open, and every worker has seen it."""
        self.down = Busy
        for _ in range(TRIP):
            self.send(0)
        self.clock.forward(MAX_AGE)
        self.calls.clear()

    @property
    def breaker(self) -> Breaker:
        return self.turns.breaker("email")


@pytest.mark.parametrize("failure", [Busy, NotTaken, Unanswered])
def test_failures_in_a_row_open_it_for_all_workers(failure: type[Exception]) -> None:
    channel = Channel()
    channel.down = failure
    for _ in range(TRIP):
        channel.send(0)
    assert channel.breaker == Breaker(channel.clock.now + FIRST, 1)
    channel.clock.forward(MAX_AGE)
    channel.calls.clear()
    turns = [channel.send(worker, f"m_{worker}") for worker in range(3)]
    assert all(turn and turn.why == "breaker" and turn.wait >= FIRST - MAX_AGE for turn in turns)
    assert channel.calls == []


def test_failures_with_answers_between_them_do_not() -> None:
    channel = Channel()
    for _ in range(3 * TRIP):
        channel.down = Busy
        for _ in range(TRIP - 1):
            channel.send(0)
        channel.down = None
        channel.send(0)
    assert channel.breaker == CLOSED


def test_channels_have_a_breaker_each() -> None:
    channel = Channel()
    channel.open()
    assert channel.workers[0]("sms", "offer", "m_1") == NOW


def test_when_its_time_is_over_one_message_tries_and_the_others_wait_for_it() -> None:
    channel = Channel()
    channel.open()
    channel.clock.forward(FIRST)
    probe = channel.workers[0]("email", "offer", "m_0")
    others = [channel.workers[worker]("email", "offer", f"m_{worker}") for worker in (1, 2, 0)]
    assert probe.wait == 0
    assert all(other.wait >= PROBE and other.why == "breaker" for other in others)


def test_an_answer_to_the_probe_closes_it() -> None:
    channel = Channel()
    channel.open()
    channel.clock.forward(FIRST)
    channel.down = None
    assert channel.send(1) is None
    channel.clock.forward(MAX_AGE)
    assert channel.breaker == CLOSED
    assert [channel.send(worker) for worker in range(3)] == [None, None, None]


def test_a_probe_that_fails_opens_it_twice_as_long_up_to_five_minutes() -> None:
    channel = Channel()
    channel.open()
    spans = []
    for _ in range(9):
        channel.clock.now = channel.breaker.until
        channel.send(0)
        spans.append(channel.breaker.until - channel.clock.now)
    assert spans == [min(LONGEST, FIRST * 2**step) for step in range(1, 10)]
    assert len(channel.calls) == 9


def test_a_probe_whose_worker_dies_is_followed_by_another() -> None:
    channel = Channel()
    channel.open()
    channel.clock.forward(FIRST)
    assert channel.workers[0]("email", "offer", "m_0").wait == 0  # and is never heard of again
    channel.clock.forward(PROBE)
    channel.down = None
    assert channel.send(1) is None
    assert channel.breaker == CLOSED


def test_a_late_answer_to_a_call_from_before_does_not_close_it() -> None:
    channel = Channel()
    early = channel.workers[1]("email", "offer", "m_9")
    channel.open()
    channel.down = None
    channel.call(1, early)
    assert channel.breaker.step == 1


@pytest.mark.parametrize("method", ["move_breaker"])
def test_what_it_cannot_note_never_hides_that_the_provider_took_the_message(method: str) -> None:
    """An exception after the call would leave the delivery in doubt."""
    channel = Channel()
    channel.open()
    channel.clock.forward(FIRST)
    channel.down = None
    turn = channel.workers[0]("email", "offer", "m_0")
    channel.turns.fail_next(method, error=Unavailable("dynamodb"))
    assert channel.call(0, turn) is None


def test_a_delivery_that_waits_for_the_breaker_counts_no_attempt_and_keeps_its_contact_reserved() -> None:
    stage = Stage()
    stage.turns.breakers["sms"] = Breaker(stage.clock.now + MINUTE, 2)
    assert stage.send(attempt=6) == "waits"
    assert (stage.row.state, stage.contact.state) == ("due", "reserved")
    (job,), (delay,) = stage.queue.jobs, stage.queue.delays
    assert job["attempt"] == 6 and delay >= MINUTE
    stage.clock.forward(delay)
    assert stage.send(**job) == "sent"
    assert stage.turns.breakers["sms"] == CLOSED


def test_a_busy_provider_is_no_refusal_however_often() -> None:
    stage = Stage()
    for _ in range(40):
        stage.provider.answers = [Busy()]
        job = stage.queue.jobs.pop() if stage.queue.jobs else {}
        assert stage.send(**job) in {"refused", "waits"}
        assert (stage.row.state, stage.contact.state) == ("due", "reserved")
        assert stage.queue.jobs[0]["attempt"] == 0
        stage.clock.forward(stage.queue.delays[-1])
    stage.provider.answers = []
    stage.clock.forward(10 * MINUTE)
    assert stage.send(**stage.queue.jobs.pop()) == "sent"


def test_an_hours_outage_loses_nothing_bursts_nothing_and_costs_few_calls() -> None:
    rate, many, hour = 20.0, 2_000, 60 * MINUTE
    channel = Channel(workers=10, rate=rate)
    start = channel.clock.now
    world = QueueWorld(channel.clock)
    taken: Counter[str] = Counter()
    in_vain: list[int] = []

    def work(worker: int, job: Job) -> int:
        down = start + 5 * SECOND <= channel.clock.now < start + hour
        channel.down = Busy if down else None
        calls = len(channel.calls)
        turn = channel.send(worker, job["id"], job["slot"])
        if len(channel.calls) > calls and turn:
            in_vain.append(channel.clock.now)
        if turn:
            world.send([{**job, "slot": turn.slot}], delay=turn.wait)
        else:
            taken[job["id"]] += 1
        return 100

    world.send([{"id": f"m_{number}", "slot": 0} for number in range(many)])
    world.run(work)
    assert len(taken) == many and set(taken.values()) == {1}
    assert most_within(channel.calls, 10 * SECOND) <= (10 + 5) * rate * 0.75 + 1
    assert len(in_vain) <= 10 * TRIP + hour // LONGEST + 6  # each worker finds out, then single probes
    assert channel.clock.now - start < hour + LONGEST + 2 * LONGEST + many / rate / 0.75 * SECOND
