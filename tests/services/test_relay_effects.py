"""What commits decided, carried out: once, in order, and never stuck."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.domain.effects import Cancel, Confirm, Count, Deliver, Effect, Join, Leave, Record, Ring
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.periods import slot_of
from chalicelib.domain.stored import Commit
from chalicelib.domain.timers import MINUTE
from chalicelib.services.put_off import PutOff
from chalicelib.services.relay_effects import PATIENCE, RelayEffects
from tests.fakes import (
    FakeAgenda,
    FakeClock,
    FakeDeliveries,
    FakeEventQueue,
    FakeGroups,
    FakeJobQueue,
    FakeLake,
    FakeTallies,
    FakeTimeline,
)

NOON = FakeClock().now


class Stage:
    """Relay with every port a fake."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.deliveries, self.groups, self.timeline, self.lake = (
            FakeDeliveries(),
            FakeGroups(),
            FakeTimeline(),
            FakeLake(),
        )
        self.agenda, self.events, self.queue, self.dead = (
            FakeAgenda(),
            FakeEventQueue(),
            FakeJobQueue(),
            FakeJobQueue(),
        )
        self.tallies, self.asking = FakeTallies(), FakeJobQueue()
        self.pauses: list[float] = []
        self.relay = RelayEffects(
            self.deliveries, self.groups, self.timeline, self.lake, self.tallies,
            PutOff(self.agenda, self.events, self.queue, self.clock),
            self.dead, self.asking, self.clock, self.pauses.append,
        )  # fmt: skip

    def __call__(self, *effects: Effect, at: int = NOON) -> Any:
        return self.relay([Commit("s1", at, effects)])


def deliver(id: str = "m_1", due: int = NOON) -> Deliver:
    return Deliver(id, "p_1", "umbrella", "plain", "sms", "offer", "d_1", due)


def ring(due: int) -> Ring:
    return Ring("r_1", "p_1", due, "Topeka Woken", {"wake": 1})


def test_a_delivery_gets_its_row_and_goes_to_the_sender() -> None:
    stage = Stage()
    assert stage(deliver()).failed == ""
    assert stage.deliveries.rows["m_1"].state == "due"
    assert stage.deliveries.rows["m_1"].body == msgspec.to_builtins(deliver())
    assert (stage.queue.jobs, stage.queue.delays) == ([{"delivery": "m_1", "profile": "p_1"}], [0])


def test_what_is_due_within_fifteen_minutes_waits_in_the_queue() -> None:
    stage = Stage()
    stage(deliver(due=NOON + 15 * MINUTE), ring(NOON + 5 * MINUTE))
    assert stage.queue.delays == [15 * MINUTE]
    assert stage.events.delays == [5 * MINUTE]
    assert stage.agenda.jobs == {}


def test_what_is_due_later_waits_in_the_agenda() -> None:
    stage = Stage()
    stage(deliver(due=NOON + 16 * MINUTE), ring(NOON + 60 * MINUTE))
    assert sorted(stage.agenda.jobs) == [(NOON + 16 * MINUTE, "m_1"), (NOON + 60 * MINUTE, "r_1")]
    assert (stage.queue.jobs, stage.events.batches) == ([], [])


def test_when_the_agenda_put_took_long_the_queue_gets_it_too() -> None:
    stage = Stage()
    put = stage.agenda.put

    def slowly(due: int, id: str, job: dict[str, Any]) -> None:
        put(due, id, job)
        stage.clock.forward(10 * MINUTE)

    stage.agenda.put = slowly  # type: ignore[method-assign]
    stage(deliver(due=NOON + 16 * MINUTE))
    assert stage.queue.delays == [6 * MINUTE]


def test_a_ring_is_an_event_of_ours_addressed_to_the_profile() -> None:
    stage = Stage()
    stage(ring(NOON))
    (event,) = stage.events.events
    assert (event.event, event.profile, event.origin, event.timestamp) == (
        "Topeka Woken",
        "p_1",
        "topeka",
        NOON,
    )
    assert event.properties == {"wake": 1}


def test_groups_records_and_cancellations_are_carried_out() -> None:
    stage = Stage()
    stage(
        deliver(),
        Join("segment:a", "p_1", NOON),
        Join("segment:b", "p_1", NOON),
        Leave("segment:b", "p_1", NOON),
    )
    stage(Record("d_1", "p_1", NOON, {"id": "d_1"}), Cancel("m_1", "merged"))
    assert list(stage.groups.members) == [("segment:a", "p_1")]
    assert stage.timeline.decisions(["p_1"], 10).items == ({"id": "d_1"},)
    assert stage.lake.lines == [("decision", {"profile": "p_1", "id": "d_1"})]
    assert (stage.deliveries.rows["m_1"].state, stage.deliveries.rows["m_1"].reason) == ("dropped", "merged")


def test_done_again_it_is_the_same() -> None:
    stage = Stage()
    effects = (
        deliver(),
        Join("segment:a", "p_1", NOON),
        Record("d_1", "p_1", NOON, {"id": "d_1"}),
        ring(NOON),
    )
    stage(*effects)
    stage.deliveries.move("m_1", come_from=["due"], to="claimed")
    stage(*effects)
    assert stage.deliveries.rows["m_1"].state == "claimed"
    assert len({event.message_id for event in stage.events.events}) == 1
    assert len(stage.timeline.decisions(["p_1"], 10).items) == 1


def test_a_row_without_its_message_in_the_queue_is_queued_again() -> None:
    stage = Stage()
    stage.deliveries.fail_next("create", "after", Unavailable("dynamodb"))
    stage(deliver())
    assert len(stage.queue.jobs) == 1


def test_deliveries_of_a_batch_go_to_the_queue_together() -> None:
    stage = Stage()
    stage.relay([Commit(f"s{n}", NOON, (deliver(f"m_{n}"),)) for n in range(20)])
    assert (stage.queue.calls["send"], len(stage.queue.jobs)) == (1, 20)


def test_a_passing_failure_is_tried_again_at_once() -> None:
    stage = Stage()
    stage.groups.fail_next("join", times=2)
    assert stage(Join("segment:a", "p_1", NOON)).failed == ""
    assert len(stage.pauses) == 2


def test_a_young_commit_that_fails_is_left_to_the_stream() -> None:
    stage = Stage()
    stage.groups.fail_next("join", times=3)
    relayed = stage.relay([
        Commit("s1", NOON, (deliver(),)),
        Commit("s2", NOON, (Join("segment:a", "p_1", NOON),)),
        Commit("s3", NOON, (deliver("m_3"),)),
    ])  # fmt: skip
    assert relayed.failed == "s2"
    assert (stage.dead.jobs, [job["delivery"] for job in stage.queue.jobs]) == ([], ["m_1"])


def test_an_old_commit_that_fails_is_set_aside_with_its_content_and_relay_moves_on() -> None:
    stage = Stage()
    stage.groups.fail_next("join", times=3)
    poison = Join("segment:a", "p_1", NOON)
    relayed = stage(poison, deliver(), at=NOON - PATIENCE)
    assert (relayed.failed, relayed.dead) == ("", [("p_1", "Unavailable")])
    assert stage.dead.jobs == [
        {"kind": "effect", "effect": msgspec.to_builtins(poison), "error": "Unavailable"}
    ]
    assert len(stage.queue.jobs) == 1


def test_what_can_never_succeed_is_set_aside_at_once() -> None:
    stage = Stage()
    stage.groups.fail_next("join", error=ValueError("bug"))
    assert stage(Join("segment:a", "p_1", NOON)).dead == [("p_1", "ValueError")]
    assert stage.pauses == []


@pytest.mark.parametrize(
    "effect",
    [
        deliver(),
        ring(NOON),
        Join("segment:a", "p_1", NOON),
        Record("d_1", "p_1", NOON, {"id": "d_1"}),
        Count("c_1", NOON, {"c": [1.0]}),
    ],
    ids=lambda effect: type(effect).__name__,
)
def test_a_dead_letter_can_be_done_after_all(effect: Effect) -> None:
    whole, mended = Stage(), Stage()
    whole(effect)
    mended.relay.redo({"kind": "effect", "effect": msgspec.to_builtins(effect), "error": "Unavailable"})
    assert mended.deliveries.rows == whole.deliveries.rows
    assert mended.queue.jobs == whole.queue.jobs
    assert mended.events.batches == whole.events.batches
    assert mended.groups.members == whole.groups.members
    assert mended.lake.lines == whole.lake.lines
    assert mended.tallies.logged == whole.tallies.logged


def test_a_queue_that_refuses_brings_the_batch_again_from_the_first_delivery() -> None:
    stage = Stage()
    stage.queue.fail_next("send", times=3)
    commits = [Commit("s1", NOON, (Join("segment:a", "p", NOON),)), Commit("s2", NOON, (deliver(),))]
    assert stage.relay(commits).failed == "s2"


RECORDS = [Commit(f"s{n}", NOON, (Record(f"d_{n}", "p_1", NOON + n, {"id": f"d_{n}"}),)) for n in range(3)]


def recorded(stage: Stage) -> list[str]:
    """The decisions that the timeline has, oldest first."""
    return [record["id"] for record in stage.timeline.decisions(["p_1"], 10).items][::-1]


def test_what_a_batch_decided_is_recorded_together() -> None:
    stage = Stage()
    assert stage.relay(RECORDS).failed == ""
    assert (stage.timeline.calls["record"], recorded(stage)) == (1, ["d_0", "d_1", "d_2"])


def test_a_timeline_that_refuses_brings_the_batch_again_from_the_first_record() -> None:
    stage = Stage()
    stage.timeline.fail_next("record", times=3)
    commits = [Commit("s", NOON, (deliver(),)), *RECORDS]
    relayed = stage.relay(commits)
    assert (relayed.failed, stage.dead.jobs) == ("s0", [])


def test_a_timeline_that_has_refused_for_long_sets_all_aside_without_asking_for_each() -> None:
    stage = Stage()
    stage.timeline.fail_next("record", times=3)
    stage.clock.forward(PATIENCE)
    assert stage.relay(RECORDS).dead == [(f"d_{n}", "Unavailable") for n in range(3)]
    assert stage.timeline.calls["record"] == 3


def test_a_record_that_can_never_be_stored_is_set_aside_by_itself() -> None:
    stage = Stage()
    store = stage.timeline.record

    def refuse(records: Any) -> None:
        if any(decision == "d_1" for _, decision, _, _ in records):
            raise ValueError
        store(records)

    stage.timeline.record = refuse  # type: ignore[method-assign]
    assert stage.relay(RECORDS).dead == [("d_1", "ValueError")]
    assert recorded(stage) == ["d_0", "d_2"]


def test_a_record_that_is_refused_only_when_it_comes_alone_is_left_to_the_stream() -> None:
    stage = Stage()
    store = stage.timeline.record

    def refuse(records: Any) -> None:
        if len(records) > 1:
            raise ValueError
        if records[0][1] == "d_1":
            raise Unavailable("dynamodb")
        store(records)

    stage.timeline.record = refuse  # type: ignore[method-assign]
    relayed = stage.relay(RECORDS)
    assert (relayed.failed, relayed.dead) == ("s1", [])


def test_the_lake_never_holds_up_the_stream() -> None:
    stage = Stage()
    stage.lake.fail_next("put", times=3)
    relayed = stage(Record("d_1", "p_1", NOON, {"id": "d_1"}))
    assert (relayed.failed, relayed.dead) == ("", [("d_1", "Unavailable")])


def test_when_nothing_can_be_set_aside_the_batch_comes_again() -> None:
    stage = Stage()
    stage.groups.fail_next("join", error=ValueError())
    stage.dead.fail_next("send")
    with pytest.raises(Unavailable):
        stage(Join("segment:a", "p_1", NOON))


def test_an_unreadable_outbox_is_set_aside_as_it_was() -> None:
    stage = Stage()
    relayed = stage.relay([Commit("s1", NOON, (), "Z2FyYmFnZQ=="), Commit("s2", NOON, (deliver(),))])
    assert relayed.failed == ""
    assert stage.dead.jobs == [{"kind": "unreadable", "sequence": "s1", "outbox": "Z2FyYmFnZQ=="}]
    assert len(stage.queue.jobs) == 1


def counts(stage: Stage) -> list[Any]:
    """What was logged in the slot of noon."""
    return list(stage.tallies.log(slot_of(NOON)))


def test_what_a_batch_counts_is_logged_together() -> None:
    stage = Stage()
    relayed = stage.relay([Commit(f"s{n}", NOON, (Count(f"c_{n}", NOON, {"c": [1.0]}),)) for n in range(20)])
    assert counts(stage) == [(f"c_{n}", {"c": [1.0]}) for n in range(20)]
    assert (stage.tallies.calls["append"], relayed.done) == (1, 20)


def test_a_log_that_refuses_for_a_moment_is_asked_again() -> None:
    stage = Stage()
    stage.tallies.fail_next("append", times=2)
    assert stage(Count("c_1", NOON, {"c": [1.0]})).failed == ""
    assert len(counts(stage)) == 1


def test_a_log_that_refuses_brings_the_batch_again_from_the_first_count() -> None:
    stage = Stage()
    stage.tallies.fail_next("append", times=3)
    commits = [Commit("s1", NOON, (deliver(),)), Commit("s2", NOON, (Count("c_1", NOON),))]
    assert stage.relay(commits).failed == "s2"
    assert (stage.dead.jobs, len(stage.queue.jobs)) == ([], 1)


@pytest.mark.parametrize(
    ("first", "second"),
    [((deliver(),), (Count("c_1", NOON),)), ((Count("c_1", NOON),), (deliver(),))],
    ids=["delivery", "count"],
)
def test_where_several_fail_the_batch_comes_again_from_the_first_of_them(
    first: tuple[Effect, ...], second: tuple[Effect, ...]
) -> None:
    stage = Stage()
    stage.tallies.fail_next("append", times=3)
    stage.queue.fail_next("send", times=3)
    stage.groups.fail_next("join", times=3)
    last = Commit("s3", NOON, (Join("segment:a", "p", NOON),))
    assert stage.relay([Commit("s1", NOON, first), Commit("s2", NOON, second), last]).failed == "s1"


def test_old_counts_that_cannot_be_logged_are_set_aside_each_with_its_content() -> None:
    stage = Stage()
    stage.tallies.fail_next("append", times=3)
    told = (Count("c_1", NOON, {"c": [1.0]}), Count("c_2", NOON, {"c": [2.0]}))
    relayed = stage(*told, at=NOON - PATIENCE)
    assert (relayed.failed, relayed.dead) == ("", [("c_1", "Unavailable"), ("c_2", "Unavailable")])
    for letter in stage.dead.jobs:
        stage.relay.redo(letter)
    assert counts(stage) == [(count.id, count.cells) for count in told]


@pytest.mark.parametrize("logged", [True, False])
def test_a_count_set_aside_and_told_days_later_counts_once(logged: bool) -> None:
    """Its log item may have been written although the call failed: then it belongs to its own slot."""
    stage, day = Stage(), 86_400_000
    count = Count("c_1", NOON, {"c": [1]})
    if logged:
        stage.tallies.append([count], NOON)
    stage.clock.forward(3 * day)
    stage.relay.redo({"effect": msgspec.to_builtins(count)})

    told = {slot: len({id for id, _ in stage.tallies.log(slot)}) for slot in list(stage.tallies.logged)}
    assert {slot: many for slot, many in told.items() if many} == {
        slot_of(NOON if logged else NOON + 3 * day): 1
    }


def test_a_question_to_confirm_goes_to_who_sends() -> None:
    stage = Stage()
    stage(Confirm("y_1", "p_1", "offers"))
    assert stage.asking.jobs == [{"kind": "ask_to_confirm", "profile": "p_1", "topic": "offers"}]
