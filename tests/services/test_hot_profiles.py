"""One identifier that sends far too much slows nobody else: it is noticed, and set aside where it can be had back."""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from chalicelib.domain.doors import MOST_OWNERS
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.events import Event, EventBatch
from chalicelib.domain.kinds import rule_of
from chalicelib.domain.refusing import HURRY
from chalicelib.domain.stored import Unchanged, Write
from tests.fakes.stepping import Killed
from tests.services.flood_world import TAKEN_AT_ONCE, FloodedWorld
from tests.services.ingest_world import DAY, MINUTE

MOST = 300
WORKERS = 4
CUSTOMERS = 50

NO = {"channel": "email", "topic": "news"}


@pytest.fixture
def world() -> FloodedWorld:
    return FloodedWorld()


@pytest.fixture
def hot(world: FloodedWorld) -> FloodedWorld:
    """A bot that has had its limit this minute."""
    world.worker(most=MOST)([EventBatch(events=tuple(flood(world, MOST)))])
    return world


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns far more often than they would."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    yield
    sys.setswitchinterval(before)


def flood(world: FloodedWorld, count: int, **fields: str) -> list[Event]:
    """Events of one identifier, all of one minute."""
    return [world.event("Clicked", **(fields or {"user_id": "bot"})) for _ in range(count)]


def ordinary(world: FloodedWorld, each: int = 6) -> list[Event]:
    """Events of fifty customers with a device each."""
    return [
        world.event(user_id=f"u{n % CUSTOMERS}", anonymous_id=f"a{n % CUSTOMERS}")
        for n in range(CUSTOMERS * each)
    ]


def counted(world: FloodedWorld, user: str, event: str = "Clicked") -> int:
    """How many events of a user are folded."""
    activity = world.user(user).facts.activity
    return activity[event].total if event in activity else 0


@pytest.mark.usefixtures("restless")
@pytest.mark.parametrize("count", [1_000, 3_000])
def test_a_flood_is_folded_to_its_limit_and_nobody_beside_it_notices(world: FloodedWorld, count: int) -> None:
    messages = world.beside(flood(world, count), ordinary(world))
    world.work(messages, [world.worker(most=MOST) for _ in range(WORKERS)])
    assert {counted(world, f"u{n}", "Page Seen") for n in range(CUSTOMERS)} == {6}
    bot, folded = world.user("bot").id, counted(world, "bot")
    aside = world.set_aside(bot)
    assert folded + len(aside) == folded + world.aside == count
    assert MOST <= folded < MOST + WORKERS * TAKEN_AT_ONCE
    world.work([EventBatch(events=tuple(aside), released=True)], [world.ingest])
    assert counted(world, "bot") == count


@pytest.mark.usefixtures("restless")
@pytest.mark.parametrize("count", [1_000, 3_000])
def test_conflicts_end_with_the_limit_however_large_the_flood(world: FloodedWorld, count: int) -> None:
    """A commit may spoil one attempt of each other worker, and once a profile is hot nobody commits it."""
    messages = world.beside(flood(world, count), [])
    world.work(messages, [world.worker(most=MOST) for _ in range(WORKERS)])
    bot = world.user("bot").id
    assert world.profiles.commits_of(bot) <= MOST // TAKEN_AT_ONCE + WORKERS
    assert world.conflicts == world.profiles.lost[bot]
    assert world.profiles.lost[bot] <= (WORKERS - 1) * world.profiles.commits_of(bot)


def test_a_quarantine_that_fails_brings_back_only_the_messages_that_hold_hot_events(
    hot: FloodedWorld,
) -> None:
    hot.quarantine.fail_next("add")
    (first, second), (ann, ben, eve) = (
        flood(hot, 2),
        [hot.event(user_id=one) for one in ("ann", "ben", "eve")],
    )
    messages = [(first,), (ann,), (ben, second), (eve,)]
    batches = [EventBatch(events=events) for events in messages]
    outcome = hot.worker(most=MOST)(batches)
    assert (outcome.failed, outcome.folded, outcome.aside) == ({0, 2}, 3, 0)
    again = hot.worker(most=MOST)([batches[index] for index in sorted(outcome.failed)])
    assert (again.failed, again.folded, again.aside) == (set(), 0, 2)
    assert [counted(hot, one, "Page Seen") for one in ("ann", "ben", "eve")] == [1, 1, 1]
    assert hot.set_aside(hot.user("bot").id) == [first, second]


def test_a_quarantine_whose_answer_is_lost_keeps_each_event_once(hot: FloodedWorld) -> None:
    hot.quarantine.fail_next("add", "after")
    batches = [EventBatch(events=(event,)) for event in flood(hot, 3)]
    assert hot.worker(most=MOST)(batches).failed == {0, 1, 2}
    for batch in batches:
        hot.worker(most=MOST)([batch])
    assert len(hot.set_aside(hot.user("bot").id)) == 3
    assert counted(hot, "bot") == MOST


def test_what_comes_by_a_device_of_the_hot_customer_is_set_aside_too(world: FloodedWorld) -> None:
    world.send(world.event(user_id="bot", anonymous_id="a"))
    world.worker(most=MOST)([EventBatch(events=tuple(flood(world, MOST, anonymous_id="a")))])
    outcome = world.worker(most=MOST)([EventBatch(events=(world.event(anonymous_id="a"),))])
    assert (outcome.aside, outcome.folded) == (1, 0)


def test_a_customer_beside_the_flood_in_one_message_is_folded(hot: FloodedWorld) -> None:
    outcome = hot.worker(most=MOST)([EventBatch(events=(*flood(hot, 20), hot.event(user_id="ann")))])
    assert (outcome.aside, outcome.folded, outcome.failed) == (20, 1, set())


def test_what_is_released_is_folded_once_each_and_never_set_aside_again(hot: FloodedWorld) -> None:
    """Though the profile is still hot, and though the queue brings one message twice."""
    hot.worker(most=MOST)([EventBatch(events=tuple(flood(hot, 500)))])
    bot = hot.user("bot").id
    released = hot.set_aside(bot)
    hot.quarantine.erase([bot])
    parts = [EventBatch(events=tuple(released[n : n + 100]), released=True) for n in range(0, 500, 100)]
    hot.work([*parts, parts[2]], [hot.worker(most=MOST) for _ in range(WORKERS)])
    assert counted(hot, "bot") == MOST + 500
    assert hot.set_aside(bot) == []


def test_what_is_released_days_later_is_folded(hot: FloodedWorld) -> None:
    """By then the customer's memory goes back only to after it was received."""
    (event,) = flood(hot, 1)
    assert hot.worker(most=MOST)([EventBatch(events=(event,))]).aside == 1
    hot.clock.forward(3 * DAY)
    hot.send(hot.event(user_id="bot"))
    assert hot.user("bot").seen.floor > event.received_at
    hot.ingest([EventBatch(events=(event,), released=True)])
    assert counted(hot, "bot") == MOST + 1


def test_what_goes_back_to_the_queue_stays_released_or_not(hot: FloodedWorld) -> None:
    released, no = (
        hot.event("Clicked", user_id="bot"),
        hot.event("Permission Denied", user_id="bot", properties=NO),
    )
    hot.profiles.fail_next("commit", error=Unavailable("dynamodb"))
    batches = [EventBatch(events=(released,), released=True), EventBatch(events=(no,))]
    assert hot.worker(most=MOST)(batches).requeued == 2
    assert {one.released: one.events for one in hot.queue.batches} == {True: (released,), False: (no,)}
    again, hot.queue.batches = hot.queue.batches, []
    hot.work(again, [hot.worker(most=MOST)])
    assert counted(hot, "bot") == MOST + 1
    assert hot.set_aside(hot.user("bot").id) == []


def test_a_no_of_a_hot_customer_counts_at_once(hot: FloodedWorld) -> None:
    assert hot.worker(most=MOST)(
        [EventBatch(events=(hot.event("Permission Denied", user_id="bot", properties=NO),))]
    ).folded


def test_a_visitor_s_flood_is_still_known_after_a_login(world: FloodedWorld) -> None:
    """As far as the memory goes: what is beyond its 500 is counted anew."""
    for event in flood(world, MOST, anonymous_id="a"):
        world.clock.forward(10)
        world.worker(most=MOST)([EventBatch(events=(event,))])
    world.worker(most=MOST)([EventBatch(events=(world.event(user_id="bot"),))])
    login = EventBatch(events=(world.event(user_id="bot", anonymous_id="a"),))
    assert world.worker(most=MOST)([login]).folded == 1
    assert world.worker(most=MOST)([EventBatch(events=tuple(flood(world, 1)))]).aside == 1


def shared(world: FloodedWorld, count: int, step: int = 1) -> list[Event]:
    """Each of another user, all under one anonymous id that their client has as a constant."""
    made = []
    for n in range(count):
        world.clock.forward(step)
        made.append(world.event(user_id=f"u{n}", anonymous_id="constant"))
    return made


@pytest.mark.parametrize("size", [1, 10, 250])
def test_a_constant_that_a_client_sends_for_all_makes_no_more_transactions_than_it_had_owners(
    world: FloodedWorld, size: int
) -> None:
    events = shared(world, 500)
    refused: Counter[str] = Counter()
    for start in range(0, 500, size):
        refused += world.ingest(
            [EventBatch(events=(one,)) for one in events[start : start + size]]
        ).refused_links
    assert refused == {"too-many-owners": 500 - MOST_OWNERS}
    assert 1 <= world.profiles.transactions <= MOST_OWNERS
    assert {counted(world, f"u{n}", "Page Seen") for n in range(500)} == {1}


def test_such_a_constant_changes_hands_eight_times_in_ten_minutes_at_most(world: FloodedWorld) -> None:
    for event in shared(world, 600, step=3_000):
        world.send(event)
    assert 3 * HURRY == 600 * 3_000
    assert world.profiles.transactions == 3 * MOST_OWNERS


def test_such_a_constant_makes_no_transactions_of_events_that_come_in_another_order(
    world: FloodedWorld,
) -> None:
    events = shared(world, 500)
    random.Random(1).shuffle(events)
    for event in events:
        world.send(event)
    assert world.profiles.transactions <= 2 * MOST_OWNERS


def overtaken(world: FloodedWorld, event: Event) -> None:
    """One worker stores the event, and before it commits another brings the customer's limit of this minute."""
    commit, others = world.profiles.commit, EventBatch(events=tuple(flood(world, MOST)))

    def late(writes: Sequence[Write], relied: Sequence[Unchanged] = ()) -> None:
        world.profiles.commit = commit  # type: ignore[method-assign]
        assert world.worker(most=MOST)([others]).folded == MOST
        commit(writes, relied)

    world.profiles.commit = late  # type: ignore[method-assign]
    outcome = world.worker(most=MOST)([EventBatch(events=(event,))])
    assert (outcome.conflicts, outcome.folded, outcome.aside) == (1, 0, 1)


def test_what_is_set_aside_after_a_lost_race_leaves_the_timeline(world: FloodedWorld) -> None:
    world.send(world.event(user_id="bot"))
    event = world.event("Clicked", user_id="bot")
    overtaken(world, event)
    bot = world.user("bot")
    assert world.set_aside(bot.id) == [event]
    assert event.message_id not in world.timeline.events[bot.id]


def test_what_is_set_aside_after_a_lost_race_is_folded_when_it_is_released_days_later(
    world: FloodedWorld,
) -> None:
    world.send(world.event(user_id="bot"))
    event = world.event("Clicked", user_id="bot")
    overtaken(world, event)
    world.clock.forward(3 * DAY)
    world.send(world.event(user_id="bot"))
    world.ingest([EventBatch(events=(event,), released=True)])
    assert counted(world, "bot") == MOST + 1


def test_what_a_worker_stored_before_it_died_is_folded_when_it_is_released_days_later(
    world: FloodedWorld,
) -> None:
    """The message comes again while the customer is hot, and is set aside."""
    world.send(world.event(user_id="bot"))
    event = world.event("Clicked", user_id="bot")
    world.profiles.fail_next("commit", error=Killed())  # type: ignore[arg-type]
    with pytest.raises(Killed):
        world.send(event)
    world.worker(most=MOST)([EventBatch(events=tuple(flood(world, MOST)))])
    assert world.worker(most=MOST)([EventBatch(events=(event,))]).aside == 1
    world.clock.forward(3 * DAY)
    world.send(world.event(user_id="bot"))
    world.ingest([EventBatch(events=(event,), released=True)])
    assert counted(world, "bot") == MOST + 1


@pytest.mark.parametrize("type", ["identify", "alias"])
def test_a_flood_that_links_a_fresh_id_each_time_stops_at_the_identifier_limit(
    world: FloodedWorld, type: str
) -> None:
    """Each of the aliases also relies on its earlier id being no user's: a home of its own, that nobody waits for."""
    limit = rule_of((), "anonymous").limit
    refused: Counter[str] = Counter()
    for n in range(3 * limit):
        world.clock.forward(1)
        named = {"anonymous_id": f"f{n}"} if type == "identify" else {"previous_id": f"f{n}"}
        refused += world.send(world.event("", type=type, user_id="bot", **named)).refused_links
    assert refused == {"over-limit": 2 * limit}
    assert len(world.user("bot").identifiers) == len(world.profiles.homes) == 1 + limit
    assert world.profiles.transactions == (limit if type == "identify" else 3 * limit)


def test_a_hot_customer_s_flood_of_fresh_ids_links_none_of_them(hot: FloodedWorld) -> None:
    homes = set(hot.profiles.homes)
    made = [hot.event("", type="identify", user_id="bot", anonymous_id=f"f{n}") for n in range(50)]
    assert hot.worker(most=MOST)([EventBatch(events=tuple(made))]).aside == 50
    assert set(hot.profiles.homes) == homes
    hot.clock.forward(11 * MINUTE)
    assert hot.worker(most=MOST)([EventBatch(events=(hot.event(user_id="bot"),))]).folded == 1
