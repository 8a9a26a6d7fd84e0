"""A circle of events is worked out from the doors alone: late copies, merges on the way, what one commit carries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import pytest

from chalicelib.domain.effects import Deliver, Effect, Join, Leave, Ring
from chalicelib.domain.errors import Conflict, Unavailable
from chalicelib.domain.events import EventBatch
from chalicelib.domain.profile import Erased, Sign
from chalicelib.domain.stored import Unchanged, Write
from tests.services.ingest_world import DAY, HOUR, MINUTE, World

SPENT = """
playbook: 1
name: shop
segments: {spender: {did: Order Completed, total: revenue, above: 50, within: 90d}}
"""
CART = """
playbook: 1
name: shop
segments: {recent: {did: Page Seen, within: 7d}}
moments: {cart: {event: Cart Updated, hold: 1h}, fresh: {enters: recent}}
messages:
  left: {kind: service, moments: [cart], channels: [email], variants: {v: {email: {subject: Cart, text: Hi}}}}
  hello: {kind: service, moments: [fresh], channels: [email], variants: {v: {email: {subject: In, text: Hi}}}}
"""
TAUGHT: dict[str, Any] = {"type": "identify", "user_id": "u", "traits": {"email": "u@example.com"}}


@pytest.fixture
def world() -> World:
    return World()


def effects(world: World, kind: type[Effect]) -> list[Any]:
    return [effect for effect in world.profiles.outbox() if isinstance(effect, kind)]


def delivered(world: World) -> list[str]:
    return [effect.message for effect in effects(world, Deliver)]


def rings(world: World, name: str) -> list[Ring]:
    return [one for one in effects(world, Ring) if one.name == name]


def ring(world: World, one: Ring) -> None:
    world.clock.now = max(world.clock.now, one.due)
    world.send(
        world.event(
            one.name, profile=one.profile, origin="topeka", properties=dict(one.properties), timestamp=one.due
        )
    )


def with_a_floor(world: World) -> None:
    """The customer's memory begins a day ago."""
    world.send(world.event(user_id="u"))
    world.clock.forward(3 * DAY)
    world.send(world.event(user_id="u"))


@pytest.mark.parametrize("failure", [Conflict(("p",)), Unavailable("dynamodb")])
def test_an_imported_event_survives_a_commit_that_fails_after_the_timeline_took_it(
    world: World, failure: Exception
) -> None:
    with_a_floor(world)
    world.profiles.fail_next("commit", error=failure)
    world.send(world.event("Order Completed", user_id="u", timestamp=world.clock() - 30 * DAY))
    world.clock.forward(MINUTE)
    while world.queue.batches:
        world.ingest([world.queue.batches.pop()])
    assert world.user("u").facts.activity["Order Completed"].total == 1


def test_an_event_of_a_long_backlog_survives_a_conflict(world: World) -> None:
    with_a_floor(world)
    world.profiles.fail_next("commit", error=Conflict(("p",)))
    then = world.clock() - 4 * DAY
    world.send(world.event("Order Completed", user_id="u", timestamp=then, received_at=then))
    assert world.user("u").facts.activity["Order Completed"].total == 1


def test_a_new_condition_doesn_t_count_what_was_stored_but_never_folded(world: World) -> None:
    with_a_floor(world)
    world.profiles.fail_next("commit", error=Unavailable("dynamodb"))
    paid = {"revenue": 40}
    old = world.clock() - 30 * DAY
    world.send(world.event("Order Completed", user_id="u", timestamp=world.clock(), properties=paid))
    world.ingest([world.queue.batches.pop()])
    world.profiles.fail_next("commit", error=Unavailable("dynamodb"))
    world.send(world.event("Order Completed", user_id="u", timestamp=old, properties=paid))
    world.publish(SPENT)
    world.ingest([world.queue.batches.pop()])
    (state,) = world.user("u").facts.features.values()
    assert state.total == 80_000_000


def test_a_sign_read_beside_an_older_view_of_where_it_leads_stays(world: World) -> None:
    world.send(world.event(user_id="u", anonymous_id="a"))
    read, home = world.profiles.read, world.secrets.home("user", "u")

    def lagging(ids: Any, *, consistent: bool = False) -> Any:
        found = read(ids, consistent=consistent)
        return found if consistent else {id: door for id, door in found.items() if id != home}

    world.profiles.read = lagging  # type: ignore[method-assign]
    world.send(world.event(anonymous_id="a"))
    assert world.profiles.homes[world.secrets.home("anonymous", "a")][0] is Sign
    assert world.user("u").facts.activity["Page Seen"].total == 2


def test_what_erased_a_customer_holds_for_who_comes_after_a_sign_that_was_left(world: World) -> None:
    world.send(world.event(user_id="u", anonymous_id="a"))
    profile = world.user("u")
    old = world.event("Old", anonymous_id="a")
    world.clock.forward(MINUTE)
    world.profiles.commit([Write(Erased(profile.id, world.clock(), "9.x"), profile.version)])
    world.clock.forward(MINUTE)
    world.send(world.event("New", anonymous_id="a"))
    world.send(old)
    assert set(world.profile("anonymous", "a").facts.activity) == {"New"}


def test_a_customer_in_a_segment_does_not_enter_it_again_through_a_merge(world: World) -> None:
    world.publish(CART)
    world.send(world.event(anonymous_id="a"))
    (end,) = rings(world, "Topeka Woken")
    world.clock.forward(3 * DAY)
    world.send(world.event("", **TAUGHT), world.event(user_id="u"))
    ring(world, end)
    assert delivered(world) == ["hello"]
    world.send(world.event("Login", user_id="u", anonymous_id="a"))
    assert delivered(world) == ["hello"]


def test_a_copy_of_an_event_links_nothing_that_its_first_did_not_but_the_next_event_does(
    world: World,
) -> None:
    kinds = "identifiers: [{kind: user, unique: true}, {kind: email, %s}]\n"
    world.publish(CART + kinds % "unique: true")
    world.send(world.event("", **TAUGHT))
    world.send(world.event("", type="identify", traits={"email": "x@example.com"}))
    other = world.profile("email", "x@example.com").id
    world.send(world.event(profile=other))
    link = world.event("", type="identify", user_id="u", traits={"email": "x@example.com"})
    world.send(link)
    world.publish(CART + kinds % "limit: 5")
    world.send(link)
    assert world.profile("email", "x@example.com").id == other
    world.send(world.event("", type="identify", user_id="u", traits={"email": "x@example.com"}))
    joined = [one.profile for one in effects(world, Join)]
    assert joined == [other, world.user("u").id]
    assert [one.profile for one in effects(world, Leave)] == [other]


def test_a_segment_left_in_the_batch_that_merges_leaves_no_row_behind(world: World) -> None:
    world.publish(CART)
    world.send(world.event(anonymous_id="a"), world.event("", **TAUGHT))
    home = world.secrets.home("anonymous", "a")
    world.clock.forward(8 * DAY)
    world.send(world.event("Other", anonymous_id="a"), world.event("Login", user_id="u", anonymous_id="a"))
    rows = [type(one) for one in effects(world, Join) + effects(world, Leave) if one.profile == home]
    assert rows == [Join, Leave]


def test_a_hold_rings_for_its_owner_after_the_device_went_to_somebody_else(world: World) -> None:
    world.publish(CART)
    world.send(world.event("Cart Updated", anonymous_id="a"))
    world.clock.forward(MINUTE)
    world.send(world.event("", anonymous_id="a", **TAUGHT))
    world.clock.forward(MINUTE)
    world.send(world.event("Login", user_id="ben", anonymous_id="a"))
    for one in rings(world, "Topeka Wait Ended"):
        ring(world, one)
    assert delivered(world) == ["left"]


def test_what_is_addressed_to_a_profile_reaches_it_after_its_device_went_to_somebody_else(
    world: World,
) -> None:
    world.send(world.event(anonymous_id="a"))
    visitor = world.profile("anonymous", "a").id
    for user in ("ana", "ben"):
        world.clock.forward(MINUTE)
        world.send(world.event("Login", user_id=user, anonymous_id="a"))
    world.send(world.event("Email Opened", profile=visitor, origin="topeka"))
    found = world.find.by_id(visitor)
    assert found is not None and found.id == world.user("ana").id
    assert "Email Opened" in world.user("ana").facts.activity
    assert world.profile("anonymous", "a").id == world.user("ben").id


def test_a_shorter_hold_is_not_kept_waiting_by_the_longer_one_before(world: World) -> None:
    world.publish(CART.replace("hold: 1h", "hold: 24h"))
    world.send(world.event("", **TAUGHT))
    world.send(world.event("Cart Updated", user_id="u"))
    world.publish(CART)
    world.clock.forward(MINUTE)
    world.send(world.event("Cart Updated", user_id="u"))
    assert [one.due - world.clock() for one in rings(world, "Topeka Wait Ended")] == [
        24 * HOUR - MINUTE, HOUR,
    ]  # fmt: skip


def test_two_customers_whose_clients_count_their_messages_alike_are_both_kept(world: World) -> None:
    for one in ("a", "b"):
        world.send(world.event(anonymous_id=one, message_id="1", context={"device": {"token": f"t{one}"}}))
    assert world.queue.batches == []
    assert world.profile("anonymous", "a").id != world.profile("anonymous", "b").id


def test_an_event_with_very_many_identifiers_still_fits_one_transaction(world: World) -> None:
    commit, sizes = world.profiles.commit, list[int]()

    def counted(writes: Sequence[Write], relied: Sequence[Unchanged] = ()) -> None:
        sizes.append(len(writes))
        commit(writes, relied)

    world.profiles.commit = counted  # type: ignore[method-assign]
    many = [{"type": "loyalty", "id": f"L{number}"} for number in range(200)]
    world.send(world.event(user_id="u", context={"externalIds": many}))
    assert max(sizes) <= 100
    assert world.user("u").facts.activity["Page Seen"].total == 1
    refused = [
        event for event in world.timeline.events[world.user("u").id].values() if event.origin == "topeka"
    ]
    assert [event.properties["reason"] for event in refused] == ["too-many-at-once"]


def test_news_of_a_playbook_that_changes_nothing_for_a_customer_writes_nothing(world: World) -> None:
    world.publish(CART)
    world.send(world.event("Other", user_id="u"))
    world.profiles.calls.clear()
    told = world.event("Topeka Playbook Published", profile=world.user("u").id, origin="topeka")
    world.profiles.calls.clear()
    world.send(told)
    assert dict(world.profiles.calls) == {"read": 1}


def test_what_one_commit_carries_out_stays_small(world: World) -> None:
    world.publish(CART.replace("hold: 1h", "hold: 0s").replace(", hold: 0s", ""))
    world.send(world.event("", **TAUGHT))
    big = {"note": "x" * 20_000}
    world.send(*(world.event("Cart Updated", user_id="u", properties=big) for _ in range(10)))
    assert delivered(world).count("left") == 10
    outboxes = [len(msgspec.json.encode(effects)) for _, _, effects in world.profiles.stream]
    assert max(outboxes) < 64_000


def test_a_late_trigger_of_a_hold_that_has_ended_says_nothing_again(world: World) -> None:
    world.publish(CART)
    world.send(world.event("", **TAUGHT))
    late = world.event("Cart Updated", user_id="u")
    world.clock.forward(MINUTE)
    world.send(world.event("Cart Updated", user_id="u"))
    ring(world, rings(world, "Topeka Wait Ended")[0])
    world.send(late)
    for one in rings(world, "Topeka Wait Ended"):
        ring(world, one)
    assert delivered(world).count("left") == 1


def test_a_copy_with_another_time_moves_no_device(world: World) -> None:
    """A client's retry: its clock skew is corrected anew, so its time differs. The first copy stands, with its own."""
    start = world.clock()
    first = world.event("Login", user_id="ana", anonymous_id="a", timestamp=start + 1)
    world.send(first)
    world.send(world.event("Login", user_id="ben", anonymous_id="a", timestamp=start + 2))
    world.send(msgspec.structs.replace(first, timestamp=start + 3))
    assert world.profile("anonymous", "a").id == world.user("ben").id
    assert world.user("ana").facts.activity["Login"].total == 1


def test_a_round_without_signs_is_committed_in_the_order_its_events_were_taken(world: World) -> None:
    """An alias is refused because of a user of the same round: that user's profile must be there first."""
    ids = [world.secrets.home("user", name) for name in "uv"]
    world.send(
        world.event("", user_id="v"),
        world.event("", type="alias", user_id="u", previous_id="v", timestamp=world.clock() + 1),
    )
    assert [home for home, _, _ in world.profiles.stream] == [ids[1], ids[0]]


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_event_whose_commit_kept_failing_is_folded_when_it_is_brought_again_days_later(
    world: World, when: Literal["before", "after"]
) -> None:
    """Out of the dead-letter queue, after what the customer's memory goes back to. Also where the answer was lost."""
    world.send(world.event(user_id="u"))
    paid = world.event("Order Completed", user_id="u")
    world.profiles.fail_next("commit", when)
    world.send(paid)
    (letter,) = world.queue.batches
    assert (paid.message_id in world.timeline.events[world.user("u").id]) == (when == "after")
    for _ in range(3):
        world.clock.forward(2 * DAY)
        world.send(world.event(user_id="u"))
    world.ingest([letter])
    assert world.user("u").facts.activity["Order Completed"].total == 1
    assert "Order Completed" in world.did(world.user("u"))


def test_what_is_addressed_to_a_visitor_reaches_who_they_turned_out_to_be_though_another_login_was_earlier(
    world: World,
) -> None:
    """Ben's login joined the visitor; Ana's, told later, was before it."""
    start = world.clock()
    world.send(world.event(anonymous_id="a"))
    visitor = world.profile("anonymous", "a").id
    world.clock.forward(HOUR)
    world.send(world.event("Login", user_id="ben", anonymous_id="a"))
    world.send(world.event("Login", user_id="ana", anonymous_id="a", timestamp=start + MINUTE))
    world.send(world.event("Email Opened", profile=visitor, origin="topeka"))
    assert "Email Opened" in world.user("ben").facts.activity
    found = world.find.by_id(visitor)
    assert found is not None and found.id == world.user("ben").id


@pytest.mark.parametrize("size", [10, 300, 600])
def test_a_large_batch_that_loses_its_race_to_larger_ones_is_folded_all_the_same(
    world: World, size: int
) -> None:
    """The memory's floor rises past what this worker has stored itself, while it loses the race to commit:

    A   stores a1..a600 ............................................ put: conflict; reads again: all a are new
    B                      folds b1..b600, folds c1..c600 (a's receipt is below the floor by now)
    """
    world.send(world.event(user_id="u"))
    sent = [
        [world.event("Ping", user_id="u", received_at=world.clock() + batch) for _ in range(size)]
        for batch in range(3)
    ]
    append = world.timeline.append

    def slow(entries: Any, mark: str = "") -> None:
        world.timeline.append = append  # type: ignore[method-assign]
        append(entries, mark)
        for later in sent[1:]:
            world.worker()([EventBatch(tuple(later))])

    world.timeline.append = slow  # type: ignore[method-assign]
    assert world.send(*sent[0]).folded == size
    assert world.user("u").facts.activity["Ping"].total == 3 * size
    world.send(*sent[0])
    assert world.user("u").facts.activity["Ping"].total == 3 * size
