"""Erasing, against other writers and against dying half-way."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from chalicelib.domain.errors import Conflict, NotFound, Unavailable
from chalicelib.domain.profile import Erased, Profile
from chalicelib.domain.stored import Unchanged, Write
from chalicelib.services.erase_profile import EraseProfile
from chalicelib.services.resolve_address import ResolveAddress
from tests.fakes import FakeAgenda, FakeDeliveries, FakeGroups, FakeStops
from tests.services.ingest_world import World


class Erasing(World):
    """A workspace in which Ann, known by 150 devices, is about to be erased."""

    def __init__(self) -> None:
        super().__init__()
        self.agenda, self.groups = FakeAgenda(), FakeGroups()
        self.stops, self.deliveries = FakeStops(), FakeDeliveries()
        nonces = iter(range(10_000))
        self.erase = EraseProfile(
            resolve=ResolveAddress(self.find, self.rules),
            profiles=self.profiles,
            timeline=self.timeline,
            deliveries=self.deliveries,
            groups=self.groups,
            agenda=self.agenda,
            stops=self.stops,
            secrets=self.secrets,
            clock=self.clock,
            nonce=lambda: f"n{next(nonces)}",
        )


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
    assert world.agenda.calls["put"] == 1


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
