"""The rate of a channel: never more than it allows, nothing lost, and no burst when what stood still goes on."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.pacing import LATE, LINE, SERVICE_SHARE, is_good
from chalicelib.services.live_rates import MAX_AGE, LiveRates
from chalicelib.services.take_turn import NOW, TakeTurn
from tests.fakes import FakeClock, FakeTurns
from tests.services.queue_world import Job, QueueWorld
from tests.services.sending_stage import Stage

RATE = 40.0
SECOND = 1_000


def turns(rate: float = RATE) -> tuple[TakeTurn, FakeClock, FakeTurns]:
    clock, lanes = FakeClock(), FakeTurns()
    return TakeTurn(lanes, lambda _channel: rate, clock), clock, lanes


class Sending:
    """Workers of their own, over one set of lanes; notes when each message was let through."""

    def __init__(self, world: QueueWorld, rate: float = RATE) -> None:
        self.world, lanes = world, FakeTurns()
        self.workers = [TakeTurn(lanes, lambda _channel: rate, world.clock) for _ in range(world.workers)]
        self.let: dict[str, list[int]] = {"offer": [], "service": []}
        self.rounds: Counter[str] = Counter()

    def work(self, worker: int, job: Job) -> int:
        self.rounds[job["id"]] += 1
        turn = self.workers[worker]("email", job["kind"], job["id"], job["slot"])
        if turn.wait:
            self.world.send([{**job, "slot": turn.slot}], delay=turn.wait)
            return 40
        self.let[job["kind"]].append(self.world.clock.now)
        return 100


def most_within(times: list[int], window: int) -> int:
    """The most of them that fall into any window of this length (ms)."""
    return max(bisect_right(times, at + window) - place for place, at in enumerate(times))


def jobs(many: int, kind: str) -> list[Job]:
    return [{"id": f"{kind}-{number}", "kind": kind, "slot": 0} for number in range(many)]


@pytest.mark.parametrize("outage", [0, 20 * SECOND, 600 * SECOND], ids=["none", "short", "long"])
def test_ten_workers_that_share_nothing_never_go_over_the_rate_and_lose_nothing(outage: int) -> None:
    clock = FakeClock()
    start = clock.now
    world = QueueWorld(clock, still=(start + 15 * SECOND, start + 15 * SECOND + outage))
    sending = Sending(world)
    world.send(jobs(3_000, "offer"))
    world.send(jobs(300, "service"))
    world.run(sending.work)

    assert [len(times) for times in sending.let.values()] == [3_000, 300]
    for times, share in ((sending.let["offer"], 1 - SERVICE_SHARE), (sending.let["service"], SERVICE_SHARE)):
        for seconds in (1, 5, 20, 60):
            allowed = (seconds + LATE / SECOND) * RATE * share + 1
            assert most_within(times, seconds * SECOND) <= allowed
    needed = 3_000 / (RATE * (1 - SERVICE_SHARE)) * SECOND + outage
    assert clock.now - start < needed * 1.1 + 10 * SECOND  # and it is used
    again = 1 if outage < LATE else 2  # what had a slot when the queue stood still takes another
    assert sum(sending.rounds.values()) < (1.5 + again) * 3_300


def test_after_an_outage_the_first_seconds_are_like_any_other() -> None:
    clock = FakeClock()
    start = clock.now
    world = QueueWorld(clock, still=(start + 15 * SECOND, start + 600 * SECOND))
    sending = Sending(world)
    world.send(jobs(3_000, "offer"))
    world.run(sending.work)
    after = [at for at in sending.let["offer"] if at >= start + 600 * SECOND]
    assert len(after) > 2_000
    assert sum(at < start + 605 * SECOND for at in after) <= 5 * RATE * (1 - SERVICE_SHARE) + 1


def test_a_line_longer_than_the_queue_can_hold_back_goes_out_at_the_rate_all_the_same() -> None:
    clock = FakeClock()
    start = clock.now
    world = QueueWorld(clock)
    sending = Sending(world, rate=2.0)
    world.send(jobs(4_000, "offer"))
    world.run(sending.work)
    assert len(sending.let["offer"]) == 4_000
    assert clock.now - start < 4_000 / 1.5 * SECOND * 1.05
    assert max(sending.rounds.values()) < 12


def test_a_receipt_does_not_wait_behind_a_campaign() -> None:
    take, _, _ = turns(rate=10)
    for number in range(500):
        take("email", "offer", f"o{number}")
    assert take("email", "offer", "last").wait > 60 * SECOND
    assert take("email", "service", "receipt") == NOW


def test_what_leaves_the_line_costs_others_its_length_at_most() -> None:
    take, clock, _ = turns(rate=1)
    for number in range(1_000):
        take("email", "offer", f"o{number}")  # none of them is ever sent: a switch dropped them
    clock.forward(LINE + 2 * SECOND)
    assert take("email", "offer", "next") == NOW


@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.sampled_from(["offer", "service"]), st.booleans()), max_size=120
    ),
    st.sampled_from([0.5, 7.0, 40.0, 333.3]),
)
def test_whatever_comes_when_each_slot_is_given_once_and_no_sooner_than_the_rate(
    asked: list[tuple[int, str, bool]], rate: float
) -> None:
    take, clock, _ = turns(rate)
    slots: dict[str, list[int]] = {"offer": [], "service": []}
    for number, (after, kind, _) in enumerate(asked):
        clock.forward(after)
        turn = take("email", kind, f"m{number}")
        if turn.slot or not turn.wait:
            slots[kind].append(turn.slot or clock.now)
    for kind, given_out in slots.items():
        share = SERVICE_SHARE if kind == "service" else 1 - SERVICE_SHARE
        assert given_out == sorted(given_out)
        for place, slot in enumerate(given_out):
            least = (len(given_out) - 1 - place) / (rate * share) * SECOND
            assert given_out[-1] - slot >= least - 2  # in whole ms


@pytest.mark.parametrize(
    ("offset", "good"), [(-1, False), (0, True), (LATE, True), (LATE + 1, False), (600 * SECOND, False)]
)
def test_a_slot_is_good_in_its_time_and_a_few_seconds_after(offset: int, good: bool) -> None:
    assert is_good(1_000_000, 1_000_000 + offset) is good


def test_who_comes_before_its_slot_keeps_it() -> None:
    take, clock, lanes = turns(rate=1)
    assert take("email", "offer", "a") == NOW
    turn = take("email", "offer", "b")
    assert take("email", "offer", "b", turn.slot) == turn
    clock.forward(turn.wait)
    assert take("email", "offer", "b", turn.slot) == NOW
    assert lanes.calls["take"] == 2


def test_a_channel_without_a_limit_asks_nobody() -> None:
    take, _, lanes = turns(rate=0)
    assert take("push", "offer", "a") == NOW
    assert not lanes.calls["take"]


def test_a_delivery_over_the_rate_waits_as_it_is_and_is_sent_in_its_turn() -> None:
    stage = Stage()
    stage.rate = 1.0
    stage.sender().take_turn("sms", "offer", "another")
    assert stage.send(attempt=3) == "waits"
    assert (stage.row.state, stage.contact.state, stage.provider.sent) == ("due", "reserved", [])
    (job,), (delay,) = stage.queue.jobs, stage.queue.delays
    assert (job["attempt"], job["slot"]) == (3, stage.clock.now + delay)
    stage.clock.forward(delay)
    assert stage.send(**job) == "sent"
    assert len(stage.provider.sent) == 1


def test_what_would_be_dropped_takes_no_turn() -> None:
    stage = Stage()
    stage.rate = 1.0
    del stage.profiles.homes["p_1"]
    assert stage.send() == "dropped"
    assert not stage.turns.calls["take"]


class TestRates:
    def test_the_providers_quota_goes_before_the_setting(self) -> None:
        rates = LiveRates({"email": lambda: 14.0}, {"email": 2.0, "sms": 3.0}, FakeClock())
        assert (rates("email"), rates("sms"), rates("push")) == (14.0, 3.0, 0.0)

    def test_without_an_answer_the_setting_holds(self) -> None:
        assert LiveRates({"email": lambda: None}, {"email": 2.0}, FakeClock())("email") == 2.0

    def test_the_provider_is_asked_now_and_then_and_its_last_word_stands(self) -> None:
        clock, asked = FakeClock(), []
        said: list[float | None] = [14.0, None, 28.0]

        def quota() -> float | None:
            asked.append(clock.now)
            return said[len(asked) - 1]

        rates = LiveRates({"email": quota}, {}, clock)
        told = []
        for _ in range(3):
            told += [rates("email"), rates("email")]
            clock.forward(MAX_AGE)
        assert told == [14.0, 14.0, 14.0, 14.0, 28.0, 28.0]
        assert len(asked) == 3
