"""Erasing, against other writers and against dying half-way."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest

from chalicelib.domain.erasure import SWEEP_AFTER
from chalicelib.domain.errors import Conflict, NotFound, Unavailable
from chalicelib.domain.instants import to_text
from chalicelib.domain.lake_lines import PASS_TAKES
from chalicelib.domain.profile import Contact, Erased, Known, Profile, Sign
from chalicelib.domain.stored import Delivery, Unchanged, Write, pointer_id
from tests.services.erasing import Erasing


@pytest.fixture
def world() -> Erasing:
    made = Erasing()
    made.send(*[made.event(user_id="ann", anonymous_id=f"a{n}") for n in range(90)])
    made.send(*[made.event(user_id="ann", properties={"n": n}) for n in range(3)])
    return made


def standing(world: Erasing) -> list[type]:
    return [kind for kind, _, _ in world.profiles.homes.values()]


def test_every_home_becomes_a_tombstone(world: Erasing) -> None:
    """91 homes are more than one transaction of 90."""
    told = world.erase("user:ann")
    assert told["erased"]["homes"] == 91
    assert set(standing(world)) == {Erased}
    with pytest.raises(NotFound):
        world.erase("user:ann")


def test_another_writer_at_a_home_of_the_second_transaction_is_read_again(world: Erasing) -> None:
    commit, calls = world.profiles.commit, list[int]()

    def second_conflicts(writes: Sequence[Write], relied: Sequence[Unchanged] = ()) -> None:
        calls.append(len(writes))
        if len(calls) == 2:
            raise Conflict
        commit(writes, relied)

    world.profiles.commit = second_conflicts  # type: ignore[method-assign]
    assert world.erase("user:ann")["erased"]["homes"] == 91
    assert set(standing(world)) == {Erased}
    assert calls == [90, 1, 1]


def test_another_writer_first_is_read_again(world: Erasing) -> None:
    world.profiles.fail_next("commit", error=Conflict())
    assert world.erase("user:ann")["erased"]["homes"] == 91


def test_a_writer_who_always_wins_is_a_503(world: Erasing) -> None:
    world.profiles.fail_next("commit", error=Conflict(), times=5)
    with pytest.raises(Unavailable):
        world.erase("user:ann")
    assert Profile in standing(world)


def test_a_death_after_the_first_transaction_leaves_nobody_to_be_found(world: Erasing) -> None:
    """What still stands elsewhere leads to an erasure; the sweep is already on the agenda."""
    commits = world.profiles.calls["commit"]
    world.timeline.fail_next("erase")
    with pytest.raises(Unavailable):
        world.erase("user:ann")
    assert world.profiles.calls["commit"] == commits + 2
    assert world.find.by_identifier("anonymous", "a7") is None
    assert world.agenda.calls["put"] == 2


def test_a_death_before_the_stops_are_put_is_mended_by_the_sweep(world: Erasing) -> None:
    """The lake and a restore go by the stops: without them they would never hear of it."""
    world.stops.fail_next("add")
    with pytest.raises(Unavailable):
        world.erase("user:ann")
    assert world.stops.stopped == {}
    world.sweep_a_day_later()
    assert set(world.stops.stopped.values()) == {"erased"} and set(world.stops.stopped) == set(
        world.profiles.homes
    )
    assert not any(world.timeline.events.values())


def test_an_event_received_before_it_is_dropped_by_any_of_the_identifiers(world: Erasing) -> None:
    late = [world.event(user_id="ann"), world.event(anonymous_id="a3"), world.event(anonymous_id="a89")]
    world.clock.forward(10)
    world.erase("user:ann")
    world.clock.forward(10)
    world.send(*late)
    assert set(standing(world)) == {Erased}


def test_a_device_that_has_a_new_owner_stays_theirs(world: Erasing) -> None:
    world.clock.forward(1_000)
    world.send(world.event(user_id="bob", anonymous_id="a5"))
    world.erase("user:ann")
    bob = world.find.by_identifier("anonymous", "a5")
    assert bob is not None and bob.id == world.user("bob").id


def test_a_link_between_reading_the_profile_and_its_homes_is_not_left_behind(world: Erasing) -> None:
    """Only the version that was read tells all homes; another is resolved anew.

    us     resolve: P v1 lists a0 ... a89 .................... read P: v2. Again: P v2 lists phone, too
    link                                   put P v2, sign phone -> P
    """
    resolve = world.erase.resolve

    def resolved(address: str) -> Profile:
        found = resolve(address)
        object.__setattr__(world.erase, "resolve", resolve)
        world.send(world.event(user_id="ann", type="identify", traits={"phone": "+17855550123"}))
        return found

    object.__setattr__(world.erase, "resolve", resolved)
    told = world.erase("user:ann")
    assert isinstance(world.standing("phone", "+17855550123"), Erased)
    assert told["erased"]["homes"] == 92 and set(standing(world)) == {Erased}


def test_a_link_between_reading_the_homes_and_erasing_them_is_not_left_behind(world: Erasing) -> None:
    """The first transaction has the version as its condition.

    us     read P v1, its homes ............................ put Erased if v1: conflict. Again
    link                         put P v2, sign phone -> P
    """
    linking = world.event(user_id="ann", type="identify", traits={"phone": "+17855550123"})
    world.meanwhile(world.agenda, "put", lambda: world.send(linking))
    world.erase("user:ann")
    assert isinstance(world.standing("phone", "+17855550123"), Erased)
    assert set(standing(world)) == {Erased}


def test_a_link_that_comes_too_late_finds_the_erasure_and_is_dropped(world: Erasing) -> None:
    """A link read the profile first, and commits last.

    us            read P v1 ... put Erased
    link   read P v1 ..................... put P v2, sign phone -> P: conflict. Again: erased since; dropped
    """
    linking = world.event(user_id="ann", type="identify", traits={"phone": "+17855550123"})
    world.clock.forward(5)
    world.meanwhile(world.profiles, "commit", lambda: world.erase("user:ann"))
    world.send(linking)
    assert world.standing("phone", "+17855550123") is None
    assert set(standing(world)) == {Erased}


def test_a_slow_worker_that_read_the_profile_before_drops_its_events_and_they_are_swept(
    world: Erasing,
) -> None:
    """What it stored in the timeline before its commit was refused goes with the sweep.

    us              put Erased, erase timeline                                        sweep
    worker   read P ............................. timeline: e1 ... put P: conflict; dropped
    """
    home = world.user("ann").id
    late = world.event("Late", user_id="ann")
    world.clock.forward(5)
    world.meanwhile(world.timeline, "append", lambda: world.erase("user:ann"))
    world.send(late)
    assert set(standing(world)) == {Erased}
    assert [one.event for one in world.timeline.events[home].values()] == ["Late"]
    assert world.sweep_a_day_later() == 1
    assert world.timeline.events[home] == {}


@pytest.mark.parametrize("known_by", [{"user_id": "ann"}, {"anonymous_id": "a3"}, {"anonymous_id": "a89"}])
def test_a_late_retry_by_any_identifier_stays_erased_and_a_new_event_is_a_new_customer(
    world: Erasing, known_by: dict[str, str]
) -> None:
    """Also days later, and again after the sweep.

    client   e1 (answer lost) ......................... e1 again: dropped ............ e2: a new customer
    us                         put Erased .... sweep
    """
    first = world.event("Bought", **known_by)
    world.clock.forward(5)
    world.erase("user:ann")
    world.send(first)
    world.sweep_a_day_later()
    world.send(first, msgspec.structs.replace(first, received_at=world.clock()))
    assert set(standing(world)) == {Erased}
    world.clock.forward(5)
    world.send(world.event("Came Back", **known_by))
    ((kind, value),) = [(key.removesuffix("_id"), one) for key, one in known_by.items()]
    assert list(world.profile(kind, value).facts.activity) == ["Came Back"]


def test_deliveries_the_ledger_has_forgotten_are_known_from_the_decisions(world: Erasing) -> None:
    """Of all homes the customer has had; and with a row go those that lead to it."""
    world.send(world.event(anonymous_id="alone"))
    early = world.profile("anonymous", "alone")
    world.gave(early, "m_1", provider="7")
    world.deliveries.create(Delivery(pointer_id("7"), early.id, "pointer", 1, {"delivery": "m_1"}))
    world.send(world.event(user_id="ann", anonymous_id="alone"))
    ann = world.user("ann")
    assert early.id in ann.merged and not ann.ledger.contacts
    world.gave(ann, "m_2", channel="email", provider="ses-1")
    assert world.erase("user:ann")["erased"]["deliveries"] == 2
    assert world.deliveries.rows == {}


def test_an_sms_that_is_with_its_provider_goes_with_the_sweep_and_so_does_its_pointer(world: Erasing) -> None:
    """Deleted at once, its row could not tell the provider's id any more.

    us       row m_1 claimed: left                                              sweep: m_1, sms:7
    sender   claim m_1 ...... provider takes it: 7 ... row m_1: 7 ... put sms:7
    """
    ann = world.user("ann")
    world.gave(ann, "m_1", state="claimed")
    world.gave(ann, "m_2", state="due")
    world.erase("user:ann")
    assert set(world.deliveries.rows) == {"m_1"}
    world.deliveries.move("m_1", come_from=["claimed"], to="sent", provider_id="7")
    world.deliveries.create(Delivery(pointer_id("7"), ann.id, "pointer", 1, {"delivery": "m_1"}))
    job = world.sweep_job()
    world.clock.forward(SWEEP_AFTER)
    world.sweep({**job, "deliveries": ["m_1"]})
    assert world.deliveries.rows == {}


def test_a_sender_that_claims_a_row_while_it_is_being_erased_keeps_it_until_the_sweep(world: Erasing) -> None:
    """A row that is due is dropped before it is deleted; of the two, one gets it.

    us       read m_1: due .............. drop if due: refused, so left                       sweep: m_1
    sender                   claim m_1 ....... provider takes it: 7 ... row m_1: 7, put sms:7
    """
    world.gave(world.user("ann"), "m_1", state="due")
    claim = world.deliveries.move
    world.meanwhile(
        world.deliveries,
        "move",
        lambda: claim("m_1", come_from=["due"], to="claimed", claim="n1", claimed_at=7),
    )
    assert world.erase("user:ann")["erased"]["deliveries"] == 0
    assert world.deliveries.rows["m_1"].state == "claimed"


def test_a_later_erasure_at_a_home_is_not_put_back(world: Erasing) -> None:
    """As when an earlier one is applied again after a restore."""
    ann = world.user("ann")
    erasure, doors = world.vacate.survey(ann, world.clock())
    later = Erased(world.home("anonymous", "a5"), world.clock() + 9, "9.z")
    world.profiles.commit([Write(later, doors[later.id].version)])
    world.vacate(erasure, {**doors, later.id: later})
    assert world.standing("anonymous", "a5") == later
    assert set(standing(world)) == {Erased}


def test_rows_in_groups_go_under_every_home_too(world: Erasing) -> None:
    """A row that a dead letter brought back to a home the customer has left since."""
    world.publish("playbook: 1\nname: Shop\nsegments: {buyers: {did: Bought}}\n")
    world.send(world.event("Bought", anonymous_id="alone"))
    early = world.profile("anonymous", "alone").id
    world.send(world.event("Bought", user_id="ann", anonymous_id="alone"))
    world.relay_all()
    world.groups.join("segment:buyers", early, 5)
    world.groups.join("segment:buyers", "p_else", 5)
    world.erase("user:ann")
    assert set(world.groups.members) == {("segment:buyers", "p_else")}


def test_what_the_owner_before_did_on_a_device_is_not_erased_with_its_next_owner(world: Erasing) -> None:
    """Ann's first visit is stored under the home of the device, which is Bob's now."""
    world.send(world.event("First Visit", anonymous_id="shared"))
    world.send(world.event(user_id="ann", anonymous_id="shared"))
    world.clock.forward(1_000)
    world.send(world.event(user_id="bob", anonymous_id="shared"))
    home = world.home("anonymous", "shared")
    world.clock.forward(1_000)
    world.erase("user:bob")
    assert isinstance(world.standing("anonymous", "shared"), Erased)
    assert [one.event for one in world.timeline.events[home].values()] == ["First Visit"]
    assert [gone.history for gone in world.stops.erased().items if gone.home == home] == [False]
    world.clock.forward(1_000)
    world.send(world.event("Third Owner", anonymous_id="shared"))
    assert "Third Owner" not in world.did(world.user("ann"))
    world.clock.forward(1_000)
    world.erase("user:ann")
    assert world.timeline.events[home] == {}
    assert world.did(world.profile("anonymous", "shared")) == ["Third Owner"]
    assert list(world.profile("anonymous", "shared").facts.activity) == ["Third Owner"]


def test_the_sweep_spares_who_came_after_also_where_they_have_moved_on(world: Erasing) -> None:
    world.erase("anonymous:a5")
    job = world.sweep_job()
    world.clock.forward(5)
    world.send(world.event("New Here", anonymous_id="a5"))
    world.send(world.event("Logged In", user_id="cy", anonymous_id="a5"))
    world.clock.forward(SWEEP_AFTER)
    world.sweep(job)
    assert world.did(world.user("cy")) == ["New Here", "Logged In"]
    assert set(world.user("cy").facts.activity) == {"New Here", "Logged In"}


def test_all_erasures_of_a_week_ask_for_one_pass_over_the_lake(world: Erasing) -> None:
    world.send(world.event(user_id="bob"), world.event(user_id="cy"))
    dates = set()
    for name in ("ann", "bob", "cy"):
        dates.add(world.erase(f"user:{name}")["lakeRewrittenBy"])
        world.clock.forward(3_600_000)
    passes = [due for (due, _), job in world.agenda.jobs.items() if b"rewrite_lake" in job]
    assert len(passes) == 1 and dates == {to_text(passes[0] + PASS_TAKES)}


def test_two_owners_of_a_device_who_were_erased_in_turn_are_both_kept_in_mind(world: Erasing) -> None:
    """Of the first, what happened before anybody knew them; of the second, the door."""
    world.send(world.event("First Visit", anonymous_id="shared"))
    world.send(world.event(user_id="ann", anonymous_id="shared"))
    world.clock.forward(1_000)
    world.send(world.event(user_id="bob", anonymous_id="shared"))
    home = world.home("anonymous", "shared")
    first = world.clock.forward(1_000)
    world.erase("user:ann")
    assert world.profile("anonymous", "shared").id == world.user("bob").id
    second = world.clock.forward(1_000)
    world.erase("user:bob")
    kept = [gone for gone in world.stops.erased().items if gone.home == home]
    assert kept == [(home, first, True), (home, second, False)]


def test_erasing_a_part_that_was_split_off_leaves_the_deliveries_of_the_one_that_stayed(
    world: Erasing,
) -> None:
    """Both have the contact, so that caps hold; the row is of the profile it was decided for."""
    ann = world.user("ann")
    world.gave(ann, "m_anns")
    part = Profile("p_part", "1.x", identifiers=[Known("anonymous", "part", 1, "m")])
    part.ledger.contacts["m_anns"] = Contact(1, "d_1", "hat", "v", "offer", "sms", "sent")
    world.profiles.commit(
        [Write(part, ""), Write(Sign(world.home("anonymous", "part"), "p_part", "1.x"), "")]
    )
    assert world.erase("anonymous:part")["erased"]["deliveries"] == 0
    assert set(world.deliveries.rows) == {"m_anns"}
