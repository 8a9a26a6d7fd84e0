"""Events are folded once, whatever fails; neighbours never pay for each other."""

from __future__ import annotations

import threading

import pytest

from chalicelib.domain import facts
from chalicelib.domain.effects import Deliver, Join, Leave, Ring
from chalicelib.domain.errors import Conflict, Unavailable
from chalicelib.domain.events import Event, EventBatch, Rejection
from chalicelib.domain.identifiers import Identified, identifiers_of
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.profile import Erased, Profile
from chalicelib.domain.rules import Rules
from chalicelib.domain.stored import Write
from chalicelib.services import ingest_events, work_circle
from tests.services.ingest_world import DAY, HOUR, MINUTE, World

PLAYBOOK = """
playbook: 1
name: shop
topics: {offers: {label: Offers, default: assume}}
segments:
  buyer: {did: Order Completed, within: 7d}
moments:
  order: {event: Order Completed}
  cart: {event: Cart Updated, hold: 1h, unless: {did: Order Completed}}
  bought: {enters: buyer}
  lapsed: {leaves: buyer}
messages:
  thanks: {kind: service, moments: [order], channels: [email], variants: {v: {email: {subject: Thanks, text: Hi}}}}
  left: {kind: service, moments: [cart], channels: [email], variants: {v: {email: {subject: Cart, text: Hi}}}}
  welcome: {kind: service, moments: [bought], channels: [email], variants: {v: {email: {subject: In, text: Hi}}}}
  bye: {kind: service, moments: [lapsed], channels: [email], variants: {v: {email: {subject: Out, text: Hi}}}}
"""


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def shop(world: World) -> World:
    world.publish(PLAYBOOK)
    world.send(world.event("", type="identify", user_id="u", traits={"email": "u@example.com"}))
    return world


def delivered(world: World) -> list[str]:
    return [effect.message for effect in world.profiles.outbox() if isinstance(effect, Deliver)]


def rings(world: World) -> list[Ring]:
    return [effect for effect in world.profiles.outbox() if isinstance(effect, Ring)]


def ring(world: World, one: Ring) -> None:
    world.clock.now = max(world.clock.now, one.due)
    event = world.event(one.name, profile=one.profile, origin="topeka", properties=dict(one.properties))
    world.send(event)


def test_a_lone_event_of_a_known_customer_costs_four_calls(world: World) -> None:
    world.send(world.event(user_id="u", anonymous_id="a"))
    for fake in (world.profiles, world.timeline, world.lake, world.rejected, world.queue):
        fake.calls.clear()
    world.send(world.event(user_id="u", anonymous_id="a"))
    calls = (
        world.profiles.calls
        + world.timeline.calls
        + world.lake.calls
        + world.rejected.calls
        + world.queue.calls
    )
    assert dict(calls) == {"read": 1, "append": 1, "put": 1, "commit": 1}


def test_an_event_behind_a_sign_costs_one_read_more(world: World) -> None:
    world.send(world.event(user_id="u", anonymous_id="a"))
    world.profiles.calls.clear()
    world.send(world.event(anonymous_id="a"))
    assert dict(world.profiles.calls) == {"read": 2, "commit": 1}


def test_the_same_event_twice_in_one_batch_or_two_counts_once(world: World) -> None:
    event = world.event(user_id="u")
    world.send(event, event)
    world.send(event)
    assert world.user("u").facts.activity["Page Seen"].total == 1


def test_an_event_remembered_by_the_timeline_alone_counts_once(world: World) -> None:
    first = world.event(user_id="u")
    world.send(first)
    world.clock.forward(3 * DAY)
    world.send(world.event(user_id="u"))
    world.send(first)
    assert world.user("u").facts.activity["Page Seen"].total == 2


def test_events_of_one_batch_are_taken_in_time_order(world: World) -> None:
    late = world.event("", type="identify", user_id="u", traits={"plan": "gold"})
    early = world.event(
        "", type="identify", user_id="u", traits={"plan": "iron"}, timestamp=world.clock() - 5
    )
    world.send(late, early)
    assert world.user("u").facts.traits["plan"].value == "gold"


def test_events_of_one_millisecond_are_taken_as_they_were_sent(shop: World) -> None:
    shop.publish(
        PLAYBOOK.replace(
            "order: {event: Order Completed}",
            "order: {event: Order Completed, when: {trait: plan, is: gold}}",
        )
    )
    gold = shop.event("", type="identify", user_id="u", traits={"plan": "gold"}, message_id="z")
    shop.send(gold, shop.event("Order Completed", user_id="u", message_id="a"))
    assert "thanks" in delivered(shop)


def test_what_names_nobody_is_kept_with_the_reason(world: World) -> None:
    nameless = world.event(user_id="undefined", context={"userToken": "secret", "page": "home"})
    outcome = world.send(nameless, world.event(user_id="u"))
    (kept,) = world.rejected.refused.values()
    assert (outcome.folded, kept.code, kept.message) == (
        1,
        "no-identifier",
        "Nothing in it names a customer (user: junk). Send a `userId` or an `anonymousId` of their own.",
    )
    assert '"page":"home"' in kept.excerpt
    assert "secret" not in kept.excerpt


def test_rejections_of_collect_are_stored(world: World) -> None:
    rejection = Rejection("r1", "too-large", "an event may have 32 KB", 0, world.clock())
    world.ingest([EventBatch(rejected=(rejection,))])
    assert list(world.rejected.refused.values()) == [rejection]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_that_keeps_failing_goes_back_alone(world: World, when: str) -> None:
    world.profiles.fail_next("commit", when, Unavailable("dynamodb"))  # type: ignore[arg-type]
    outcome = world.send(world.event(user_id="a"), world.event(user_id="b"))
    (requeued,) = world.queue.batches
    assert (outcome.failed, outcome.requeued, len(requeued.events), requeued.attempt) == (set(), 1, 1, 1)
    world.ingest(world.queue.batches)
    assert [world.user(who).facts.activity["Page Seen"].total for who in "ab"] == [1, 1]


def test_after_five_attempts_the_queue_s_own_redrive_takes_over(world: World) -> None:
    world.profiles.fail_next("commit", error=Unavailable("dynamodb"))
    outcome = world.ingest([EventBatch(events=(world.event(user_id="a"),), attempt=5)])
    assert (outcome.failed, world.queue.batches) == ({0}, [])


def test_a_conflict_reads_that_customer_again(world: World) -> None:
    world.send(world.event(user_id="u"))
    world.profiles.fail_next("commit", error=Conflict(("p",)))
    outcome = world.send(world.event(user_id="u"))
    assert (outcome.conflicts, outcome.folded) == (1, 1)
    assert world.user("u").facts.activity["Page Seen"].total == 2


def test_a_poisoned_event_leaves_its_neighbours_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    poison = world.event("Poison", user_id="p")

    def fold(profile: Profile, event: Event, rules: Rules) -> bool:
        if event.event == "Poison":
            raise ZeroDivisionError
        return facts.fold(profile, event, rules)

    monkeypatch.setattr(work_circle, "fold", fold)
    outcome = world.send(poison, world.event(user_id="p"), world.event(user_id="q"))
    assert (outcome.faults, outcome.failed) == (["ZeroDivisionError"], set())
    outcomes = [world.ingest([batch]) for batch in list(world.queue.batches)]
    assert sorted(len(one.failed) for one in outcomes) == [0, 1]
    assert world.user("p").facts.activity.keys() == {"Page Seen"}
    assert world.user("q").facts.activity.keys() == {"Page Seen"}


def test_an_event_whose_identifiers_cannot_even_be_read_fails_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(event: Event, playbook: Playbook) -> Identified:
        if event.user_id == "poison":
            raise ZeroDivisionError
        return identifiers_of(event, playbook)

    monkeypatch.setattr(ingest_events, "identifiers_of", read)
    batches = [EventBatch(events=(world.event(user_id=who),)) for who in ("poison", "q")]
    outcome = world.ingest(batches)
    assert (outcome.failed, outcome.folded) == ({0}, 1)


@pytest.mark.parametrize(("port", "method"), [("timeline", "append"), ("lake", "put")])
def test_nothing_is_committed_that_the_timeline_or_lake_did_not_take(
    world: World, port: str, method: str
) -> None:
    getattr(world, port).fail_next(method)
    with pytest.raises(Unavailable):
        world.send(world.event(user_id="u"))
    assert not world.profiles.homes


def test_an_event_before_an_erasure_stays_gone_and_a_later_one_is_a_new_customer(world: World) -> None:
    home = world.secrets.home("user", "u")
    old = world.event(user_id="u")
    world.clock.forward(MINUTE)
    world.profiles.commit([Write(Erased(home, world.clock(), "1.x"), "")])
    world.clock.forward(MINUTE)
    world.send(old)
    assert world.find.by_identifier("user", "u") is None
    world.send(world.event(user_id="u"))
    assert world.user("u").facts.activity["Page Seen"].total == 1
    world.send(old)
    assert world.user("u").facts.activity["Page Seen"].total == 1


def test_an_address_erased_with_one_customer_revives_nothing_under_the_next(world: World) -> None:
    address = {"email": "home@example.com"}
    old = world.event("", type="identify", traits=address | {"plan": "gold"})
    world.clock.forward(MINUTE)
    world.profiles.commit(
        [Write(Erased(world.secrets.home("email", "home@example.com"), world.clock(), "1.x"), "")]
    )
    world.clock.forward(MINUTE)
    world.send(world.event("", type="identify", user_id="next", traits=address))
    world.send(old)
    assert world.user("next").facts.traits.keys() == {"email"}
    world.send(world.event("", type="identify", traits=address | {"plan": "iron"}))
    assert world.user("next").facts.traits["plan"].value == "iron"


def test_a_timer_never_creates_a_profile(world: World) -> None:
    world.send(world.event("Topeka Woken", profile="p_nobody", origin="topeka"))
    assert not world.profiles.homes


def test_a_refused_link_is_told_in_the_timeline(world: World) -> None:
    world.send(world.event("", type="identify", user_id="a", traits={"email": "home@example.com"}))
    refused = world.event("", type="identify", user_id="b", traits={"email": "home@example.com"})
    assert world.send(refused).refused_links == {"unique-conflict": 1}
    told = [event for event in world.timeline.events[world.user("b").id].values() if event.origin == "topeka"]
    assert [(event.event, event.properties) for event in told] == [
        ("Topeka Link Refused", {"kind": "email", "reason": "unique-conflict", "event": refused.message_id})
    ]


def test_a_moment_fires_a_delivery_once(shop: World) -> None:
    order = shop.event("Order Completed", user_id="u")
    shop.send(order)
    shop.send(order)
    assert delivered(shop).count("thanks") == 1


def test_what_the_event_s_context_says_is_the_same_to_a_moment_and_to_its_message(shop: World) -> None:
    asked = "{event: context.campaign.source, is: news}"
    text = PLAYBOOK.replace("{event: Order Completed}", f"{{event: Order Completed, when: {asked}}}")
    shop.publish(text.replace("thanks: {kind: service,", f"thanks: {{kind: service, for: {asked},"))
    shop.send(shop.event("Order Completed", user_id="u", context={"campaign": {"source": "news"}}))
    assert "thanks" in delivered(shop)


def test_an_imported_old_event_fires_nothing(shop: World) -> None:
    shop.send(shop.event("Order Completed", user_id="u", timestamp=shop.clock() - 2 * DAY))
    assert delivered(shop) == []


def test_entering_a_segment_fires_and_joins_its_group(shop: World) -> None:
    shop.send(shop.event("Order Completed", user_id="u"))
    assert "welcome" in delivered(shop)
    assert [effect.group for effect in shop.profiles.outbox() if isinstance(effect, Join)] == [
        "segment:buyer"
    ]


def test_a_customer_leaves_a_window_when_it_ends_not_with_the_next_event(shop: World) -> None:
    shop.send(shop.event("Order Completed", user_id="u"))
    (wake,) = [one for one in rings(shop) if one.name == "Topeka Woken"]
    assert wake.due == shop.user("u").facts.last + 7 * DAY
    ring(shop, wake)
    assert delivered(shop)[-1] == "bye"
    assert [effect.group for effect in shop.profiles.outbox() if isinstance(effect, Leave)] == [
        "segment:buyer"
    ]


def test_a_customer_leaves_a_place_when_their_location_is_too_old(world: World) -> None:
    world.publish("playbook: 1\nname: p\nsegments: {here: {place: us-ks-topeka}}\n")
    location = {"city": "Topeka", "region": "KS", "country": "US"}
    world.send(world.event(user_id="u", context={"location": location}))
    assert world.user("u").ledger.entries["here"][0]
    (wake,) = rings(world)
    assert wake.due == world.user("u").facts.last + 12 * HOUR
    ring(world, wake)
    assert not world.user("u").ledger.entries["here"][0]


def test_a_hold_ends_in_a_message_unless_it_was_answered(shop: World) -> None:
    shop.send(shop.event("Cart Updated", user_id="u"))
    ring(shop, next(one for one in rings(shop) if one.name == "Topeka Wait Ended"))
    assert delivered(shop) == ["left"]
    shop.send(shop.event("Cart Updated", user_id="u"))
    shop.clock.forward(MINUTE)
    shop.send(shop.event("Order Completed", user_id="u"))
    ring(shop, [one for one in rings(shop) if one.name == "Topeka Wait Ended"][-1])
    assert delivered(shop).count("left") == 1


def test_the_trigger_again_restarts_the_hold_with_one_ring_under_way(shop: World) -> None:
    shop.send(shop.event("Cart Updated", user_id="u"))
    shop.clock.forward(30 * MINUTE)
    shop.send(shop.event("Cart Updated", user_id="u"))
    waits = [one for one in rings(shop) if one.name == "Topeka Wait Ended"]
    assert len(waits) == 1
    ring(shop, waits[0])
    assert delivered(shop) == []
    again = [one for one in rings(shop) if one.name == "Topeka Wait Ended"][-1]
    assert again.due == waits[0].due + 30 * MINUTE
    ring(shop, again)
    assert delivered(shop) == ["left"]


def test_days_of_browsing_before_the_login_count_right_after_it(shop: World) -> None:
    shop.send(shop.event("Order Completed", anonymous_id="a", timestamp=shop.clock() - HOUR))
    shop.send(shop.event(user_id="u", anonymous_id="a"))
    joined = shop.user("u")
    assert joined.facts.activity["Order Completed"].total == 1
    assert joined.ledger.entries["buyer"][0]
    assert shop.secrets.home("anonymous", "a") in joined.merged


def test_publishing_fills_new_conditions_from_history_and_enters_silently(world: World) -> None:
    world.send(world.event("Order Completed", user_id="u"))
    world.publish(PLAYBOOK)
    world.send(world.event("Page Seen", user_id="u"))
    assert world.user("u").ledger.entries["buyer"][0]
    assert delivered(world) == []
    assert [one.name for one in rings(world)] == ["Topeka Woken"]


def test_a_new_condition_counts_history_exactly_once(world: World) -> None:
    order = world.event("Order Completed", user_id="u")
    world.send(order)
    world.publish(
        PLAYBOOK.replace(
            "{did: Order Completed, within: 7d}", "{did: Order Completed, at_least: 2, within: 7d}"
        )
    )
    world.send(order)
    world.send(world.event("Page Seen", user_id="u"))
    (feature,) = [state for state in world.user("u").facts.features.values() if state.times]
    assert len(feature.times) == 1


def test_racing_workers_lose_and_double_nothing(world: World) -> None:
    workers = [world.worker(pool=2) for _ in range(6)]
    start = threading.Barrier(len(workers))
    batches = [
        [world.event(user_id=f"u{n % 3}", anonymous_id=f"a{n % 5}") for n in range(worker, worker + 20)]
        for worker in range(len(workers))
    ]

    def work(worker: ingest_events.IngestEvents, events: list[Event]) -> None:
        start.wait()
        worker([EventBatch(events=tuple(events))])

    threads = [threading.Thread(target=work, args=pair) for pair in zip(workers, batches, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while world.queue.batches:
        world.ingest([world.queue.batches.pop()])
    totals = [world.user(f"u{n}").facts.activity["Page Seen"].total for n in range(3)]
    assert sum(totals) == 120
