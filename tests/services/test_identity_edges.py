"""Identity at its edges: claimed times, floods, very many of everything, and splits of what was moved about before."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.domain import document
from chalicelib.domain.callers import Identity
from chalicelib.domain.doors import lists
from chalicelib.domain.errors import Conflict
from chalicelib.domain.identifiers import Identifier
from chalicelib.domain.profile import Contact
from chalicelib.domain.stored import Delivery, Write
from chalicelib.domain.timelines import timelines_of
from chalicelib.services.read_inbox import ReadInbox
from tests.fakes import FakeDeliveries
from tests.services.erasing import Erasing
from tests.services.ingest_world import DAY, HOUR, MINUTE, World
from tests.services.splitting_world import PLAYBOOK, Splitting


def at(world: World, minutes: int, **fields: Any) -> Any:
    """An event stamped so many minutes after the beginning, received now."""
    return world.event(timestamp=START + minutes * MINUTE, **fields)


START = 1_750_000_000_000


@pytest.fixture
def world() -> World:
    made = World()
    made.clock.forward(max(0, START + DAY - made.clock()))
    return made


def test_many_late_events_of_one_owner_push_nobody_out_of_a_doors_memory(world: World) -> None:
    """Ben's app sends its queue last event first: eight of them, and the door has forgotten Ana."""
    world.send(at(world, 1, user_id="ana", anonymous_id="tablet"))
    for minute in range(110, 99, -1):
        world.send(at(world, minute, user_id="ben", anonymous_id="tablet"))
    world.send(at(world, 5, event="Ana Browsed", anonymous_id="tablet"))
    assert "Ana Browsed" in world.user("ana").facts.activity
    assert "Ana Browsed" not in world.user("ben").facts.activity


def test_a_late_unproven_event_takes_no_proof_away(world: World) -> None:
    world.send(at(world, 1, user_id="ana", anonymous_id="tablet"))
    world.send(at(world, 50, user_id="ben", anonymous_id="tablet", proven=True))
    assert is_proven(world)
    world.send(at(world, 40, user_id="ben", anonymous_id="tablet"))
    assert is_proven(world)


def is_proven(world: World) -> bool:
    known = lists(world.user("ben"), Identifier("anonymous", "tablet"))
    return known is not None and known.proven


def living_at(world: World, id: str) -> str:
    """The id of who is found by a profile id."""
    found = world.find.by_id(id)
    return found.id if found else ""


def test_a_profile_id_goes_on_meaning_who_first_lived_there(world: World) -> None:
    """Ana was a visitor at her device's home; a later event stamped before her login gives it to a stranger."""
    world.send(at(world, 1, anonymous_id="tablet"))
    visitor = world.profile("anonymous", "tablet").id
    world.send(at(world, 50, user_id="ana", anonymous_id="tablet"))
    assert living_at(world, visitor) == world.user("ana").id
    world.send(world.event(timestamp=1, user_id="mallory", anonymous_id="tablet"))
    assert living_at(world, visitor) == world.user("ana").id


def test_feedback_on_a_visitors_message_is_folded_once_whoever_claims_the_device_for_an_earlier_time(
    world: World,
) -> None:
    world.send(at(world, 1, anonymous_id="tablet"))
    visitor = world.profile("anonymous", "tablet").id
    world.send(at(world, 50, user_id="ana", anonymous_id="tablet"))
    said = at(world, 60, event="Unsubscribed", origin="topeka", profile=visitor, proven=True)
    world.send(said)
    world.send(world.event(timestamp=1, user_id="mallory", anonymous_id="tablet"))
    world.send(said)
    assert world.user("ana").facts.permissions
    assert not world.user("mallory").facts.permissions


def test_what_a_visitor_did_before_she_was_known_stays_hers_when_somebody_claims_an_earlier_time(
    world: World,
) -> None:
    world.send(at(world, 1, anonymous_id="tablet"))
    world.send(at(world, 50, user_id="ana", anonymous_id="tablet"))
    world.send(at(world, 20, user_id="ben", anonymous_id="tablet"))
    world.send(at(world, 2, event="Ana Browsed", anonymous_id="tablet"))
    assert "Ana Browsed" in world.user("ana").facts.activity


def test_erasing_who_claimed_a_device_for_an_earlier_time_leaves_its_visitors_history() -> None:
    world = Erasing()
    now = world.clock()
    world.send(world.event("Ana Browsed", timestamp=now - 50 * MINUTE, anonymous_id="tablet"))
    world.send(world.event("Ana Came", timestamp=now - 40 * MINUTE, user_id="ana", anonymous_id="tablet"))
    world.send(world.event(timestamp=now - 60 * MINUTE, user_id="ben", anonymous_id="tablet"))
    world.send(world.event(timestamp=now - 10 * MINUTE, user_id="ben", anonymous_id="tablet"))
    assert world.did(world.user("ana")) == ["Ana Browsed", "Ana Came"]
    world.erase("user:ben")
    assert world.did(world.user("ana")) == ["Ana Browsed", "Ana Came"]


def test_who_takes_over_a_visitor_at_an_erased_home_loses_none_of_their_own_late_events() -> None:
    """Ben was erased on the shared laptop; Ana browses there, logs in, and then her phone comes online."""
    world = Erasing()
    world.send(world.event(user_id="ana", anonymous_id="phone"))
    world.send(world.event(user_id="ben", anonymous_id="laptop"))
    offline = world.clock() + MINUTE
    world.clock.forward(HOUR)
    world.erase("user:ben")
    world.clock.forward(HOUR)
    world.send(world.event(anonymous_id="laptop"))
    world.send(world.event(user_id="ana", anonymous_id="laptop"))
    world.clock.forward(HOUR)
    world.send(world.event("Order Completed", timestamp=offline, user_id="ana", anonymous_id="phone"))
    assert "Order Completed" in world.user("ana").facts.activity


@pytest.fixture
def splitting() -> Splitting:
    world = Splitting()
    world.publish(PLAYBOOK)
    return world


def test_a_customer_of_a_hundred_devices_can_lose_their_user_id(splitting: Splitting) -> None:
    """Each device was linked by the user id alone, so there are 101 parts: more than one transaction takes."""
    for number in range(100):
        splitting.send(splitting.event(user_id="ana", anonymous_id=f"browser-{number}"))
    told = splitting.split("user:ana", "user:ana")
    assert len(told["profiles"]) == 101


def test_an_event_that_carried_more_than_may_be_linked_at_once_can_be_told_apart(
    splitting: Splitting,
) -> None:
    """The refusals are kept by kind, and the links of the same kind that were made are taken for refused."""
    devices = [{"type": "anonymous", "id": f"browser-{number}"} for number in range(20)]
    splitting.send(splitting.event(user_id="ana", context={"externalIds": devices}))
    splitting.send(splitting.event(user_id="ana", context={"device": {"token": "t"}}))
    splitting.split("user:ana", "device:t")
    assert splitting.profile("device", "t").id != splitting.user("ana").id


def test_feedback_to_an_earlier_home_is_folded_once_though_its_customer_was_split(
    splitting: Splitting,
) -> None:
    tablet = {"device": {"token": "t"}}
    splitting.send(splitting.event(anonymous_id="a", context=tablet))
    minted = splitting.profile("anonymous", "a").id
    mail = {"email": "x@example.com"}
    splitting.send(splitting.event(type="identify", event="", anonymous_id="a", traits=mail))
    splitting.send(splitting.event(type="identify", event="", user_id="u", traits=mail))
    said = splitting.event("Unsubscribed", origin="topeka", profile=minted, proven=True)
    splitting.send(said)
    keeps = splitting.split("user:u", "email:x@example.com")["profiles"][0]["id"]
    splitting.send(said)
    assert living_at(splitting, minted) == keeps
    assert [splitting.told(one).count(said.message_id) for one in splitting.everybody().values()].count(
        1
    ) == 1


def test_a_split_that_had_to_be_tried_twice_leaves_no_copy_that_an_erasure_cannot_find() -> None:
    world = Splitting()
    world.publish(PLAYBOOK)
    world.send(world.event(user_id="u", anonymous_id="a"))
    world.profiles.fail_next("commit", error=Conflict())
    world.split("user:u", "anonymous:a")
    jobs = sorted(world.agenda.jobs.items())
    world.clock.forward(2 * DAY)
    for _, job in jobs:
        world.clear(msgspec.json.decode(job))
    used = {id for one in world.everybody().values() for id in timelines_of(one)}
    assert {id for id, events in world.timeline.events.items() if events} <= used


FLOOD = 5_000


def test_a_strangers_flood_sets_aside_nothing_that_is_proven(world: World) -> None:
    """Two requests with the public write key, and all that Vera's own server says of her waits for an operator."""
    world.send(world.event(user_id="vera", proven=True))
    for _ in range(2):
        world.send(*(world.event(user_id="vera") for _ in range(FLOOD // 2)))
    outcome = world.send(world.event("Order Completed", user_id="vera", origin="operator", proven=True))
    assert outcome.aside == 0
    assert "Order Completed" in world.user("vera").facts.activity


def test_no_stranger_can_make_a_profile_larger_than_an_item(world: World) -> None:
    import random

    letters = random.Random(1)
    world.send(world.event(user_id="vera", proven=True))
    for number in range(63):
        ids = [
            {
                "type": f"kind{number // 6}",
                "id": "".join(chr(letters.randint(0x4E00, 0x9FA5)) for _ in range(500)),
            }
            for _ in range(16)
        ]
        world.send(world.event(user_id="vera", context={"externalIds": ids}))
    assert len(document.encode(world.user("vera"))) < 400 * 1024


def test_a_transaction_never_has_more_than_a_hundred_actions(world: World) -> None:
    counts = []
    original = world.profiles.commit

    def counted(writes: Any, relied: Any = ()) -> None:
        counts.append(len(writes) + len(relied))
        original(writes, relied)

    world.profiles.commit = counted  # type: ignore[method-assign]
    names: list[dict[str, Any]] = [{"anonymous_id": f"browser-{number}"} for number in range(95)]
    names += [{"context": {"device": {"token": f"phone-{number}"}}} for number in range(15)]
    for name in names:
        world.send(at(world, 100, user_id="ana", **name))
    outcome = world.send(*(at(world, 50, user_id="ana", **name) for name in names))
    assert max(counts) <= 100 and not outcome.faults


def test_who_was_seen_with_a_device_last_keeps_it_though_an_earlier_login_arrives_late(world: World) -> None:
    """Ana is logged in; Ben's proven event of an hour ago comes late, and her browser would be shown his traits."""
    world.send(at(world, 1, user_id="ana", anonymous_id="tablet", proven=True))
    world.send(at(world, 100, user_id="ana", anonymous_id="tablet", proven=True))
    world.send(at(world, 50, user_id="ben", anonymous_id="tablet", proven=True))
    assert world.profile("anonymous", "tablet").id == world.user("ana").id


def test_no_stranger_draws_a_customers_lots_anew(world: World) -> None:
    """Holdout and arms hash the seed of whoever came first, and a client says when it came."""
    world.send(world.event(user_id="vera", proven=True))
    seed = world.user("vera").ledger.seed
    world.clock.forward(DAY)
    world.send(world.event(timestamp=1, anonymous_id="chosen by a stranger"))
    world.send(world.event(user_id="vera", anonymous_id="chosen by a stranger"))
    assert world.user("vera").ledger.seed == seed


def test_one_event_with_a_very_old_time_has_nobodys_whole_history_read(world: World) -> None:
    world.send(world.event(user_id="vera"))
    world.clock.forward(3 * DAY)
    world.send(world.event(user_id="vera"))
    floor = world.user("vera").seen.floor
    spans = []
    original = world.timeline.contains

    def watched(
        profiles: Any, message_ids: Any, around: tuple[int, int], before: int, but: str = ""
    ) -> set[str]:
        spans.append(around[1] - around[0])
        return original(profiles, message_ids, around, before, but)

    world.timeline.contains = watched  # type: ignore[method-assign]
    world.send(*(world.event(timestamp=when, user_id="vera") for when in (1, floor - 1)))
    assert sum(spans) <= DAY


def test_a_flood_of_denials_is_set_aside_too(world: World) -> None:
    said = {"channel": "email", "topic": "news"}
    world.send(*(world.event(user_id="vera") for _ in range(FLOOD)))
    outcome = world.send(
        *(world.event("Permission Denied", user_id="vera", properties=said) for _ in range(FLOOD))
    )
    assert outcome.folded < FLOOD


def test_what_waits_in_an_inbox_is_not_shown_to_who_is_split_off(splitting: Splitting) -> None:
    """It was rendered for Ana, and an anonymous part needs no proof."""
    splitting.send(splitting.event(anonymous_id="a"))
    splitting.send(splitting.event(user_id="ana", anonymous_id="a"))
    ana = splitting.user("ana")
    ana.ledger.contacts = {"m_1": Contact(splitting.clock(), "d_1", "hat", "v", "brand", "inbox", "sent")}
    expected, ana.version = ana.version, f"{ana.version}x"
    splitting.profiles.commit([Write(ana, expected)])
    deliveries = FakeDeliveries()
    body = {"content": {"title": "Welcome Ana, ana@example.com"}}
    deliveries.create(Delivery("m_1", ana.id, "waiting", splitting.clock(), body=body))
    splitting.publish(INBOX)
    inbox = ReadInbox(splitting.find, deliveries, splitting.rules, splitting.ingest, splitting.clock)
    splitting.split("user:ana", "anonymous:a")
    assert inbox(Identity((Identifier("user", "ana"),), proven=True))
    assert inbox(Identity((Identifier("anonymous", "a"),), proven=False)) == []


INBOX = """
playbook: 1
name: shop
topics: {news: {label: News, default: assume}}
moments: {joined: {event: Club Joined}}
messages:
  hat:
    kind: brand
    topic: news
    moments: [joined]
    channels: [inbox]
    variants: {plain: {inbox: {title: "Welcome"}}}
"""
