"""A restore brings back who was erased; the walk over the stops erases them again, and nobody else."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from chalicelib.domain.errors import Conflict, NotFound
from chalicelib.domain.profile import Erased, Profile
from chalicelib.domain.timelines import records_of
from chalicelib.services import erase_again
from chalicelib.services.erase_again import EraseAgain, first_job
from tests.fakes import FakeJobQueue
from tests.services.erasing import Erasing

SHOP = "playbook: 1\nname: Shop\nsegments: {buyers: {did: Bought}}\n"
PHONE = "+17855550123"
RESTORED = ("profiles.homes", "timeline.events", "timeline.recorded", "deliveries.rows", "groups.members")


class Restoring(Erasing):
    """Ann, known by user id, phone and two devices, has bought something and got a message; and so has Bob."""

    def __init__(self) -> None:
        super().__init__()
        self.publish(SHOP)
        self.jobs = FakeJobQueue()
        self.again = EraseAgain(self.find, self.profiles, self.stops, self.vacate, self.rows, self.jobs)
        for name, number in (("ann", PHONE), ("bob", "+17855550124")):
            self.send(self.event("First Visit", anonymous_id=f"{name}1"))
            self.send(
                self.event(user_id=name, anonymous_id=f"{name}1"),
                self.event(user_id=name, anonymous_id=f"{name}2"),
            )
            self.send(self.event(user_id=name, type="identify", traits={"phone": number}))
            self.send(self.event("Bought", user_id=name))
            self.gave(self.user(name), f"m_{name}", provider=name)
        self.relay_all()
        self.clock.forward(1_000)

    def backup(self) -> dict[str, Any]:
        """Every table but the stops, as it is now."""
        return {path: copy.deepcopy(self._table(path)) for path in RESTORED}

    def restore(self, backup: dict[str, Any]) -> None:
        """Every table but the stops, as it was: what came since is lost."""
        for path, held in backup.items():
            table = self._table(path)
            table.clear()
            table.update(copy.deepcopy(held))

    def bring_back(self, backup: dict[str, Any], *, but: set[str]) -> None:
        """Items of a backup are put beside what is there, over what is there except at some homes."""
        for path, held in backup.items():
            table = self._table(path)
            for key, value in copy.deepcopy(held).items():
                if path.startswith("timeline"):
                    table[key] = {**table.get(key, {}), **value}
                elif key not in but:
                    table[key] = value

    def walk(self) -> None:
        """The job, to its end."""
        jobs = [first_job()]
        while jobs:
            self.again(jobs.pop())
            jobs, self.jobs.jobs = [*jobs, *self.jobs.jobs], []

    def told_of(self, homes: list[str]) -> list[str]:
        """The events and decisions stored under these homes."""
        events = [one.event for home in homes for one in self.timeline.events[home].values()]
        return events + [decision for home in homes for _, decision in self.timeline.recorded[home]]

    def homes(self, name: str) -> list[str]:
        ids = [f"{name}1", f"{name}2"]
        return [self.home("user", name), *(self.home("anonymous", id) for id in ids)]

    def _table(self, path: str) -> Any:
        port, name = path.split(".")
        return getattr(getattr(self, port), name)


@pytest.fixture
def world() -> Restoring:
    return Restoring()


def test_nobody_erased_is_there_after_a_restore_and_everybody_else_is(world: Restoring) -> None:
    backup = world.backup()
    erased_at = world.clock()
    world.erase("user:ann")
    world.clock.forward(1_000)
    world.restore(backup)
    assert world.find.by_identifier("user", "ann") is not None
    bob = world.user("bob")
    world.walk()
    with pytest.raises(NotFound):
        world.erase("user:ann")
    doors = world.profiles.read([*world.homes("ann"), world.home("phone", PHONE)])
    assert {(type(door), door.at) for door in doors.values() if isinstance(door, Erased)} == {
        (Erased, erased_at)
    }
    assert len(doors) == 4
    assert world.told_of(world.homes("ann")) == []
    assert set(world.deliveries.rows) == {"m_bob"}
    assert set(world.groups.members) == {("segment:buyers", bob.id)}
    assert world.user("bob") == bob and world.told_of(world.homes("bob"))


def test_an_old_retry_after_the_walk_revives_nobody(world: Restoring) -> None:
    """Also where the backup is older than the customer, so that nothing stood at their homes."""
    ann = world.homes("ann")
    late = world.event("Late", user_id="ann")
    backup = world.backup()
    for home in (*ann, world.home("phone", PHONE)):
        backup["profiles.homes"].pop(home)
    world.clock.forward(5)
    world.erase("user:ann")
    world.restore(backup)
    world.walk()
    world.send(late)
    assert world.find.by_identifier("user", "ann") is None
    world.clock.forward(5)
    world.send(world.event("Came Back", user_id="ann"))
    assert list(world.user("ann").facts.activity) == ["Came Back"]


def test_who_came_to_the_home_since_survives_a_restore_of_what_was_there(world: Restoring) -> None:
    """Old items come back around her: signs that lead to her, history under her home, rows in the tables."""
    backup = world.backup()
    world.erase("user:ann")
    world.clock.forward(1_000)
    world.send(world.event("Came Back", user_id="ann", anonymous_id="ann3"))
    new = world.user("ann")
    world.gave(new, "m_new")
    world.bring_back(backup, but={new.id})
    world.walk()
    assert world.user("ann") == new
    assert world.told_of(world.homes("ann")) == []
    assert world.told_of(records_of(new)) == ["Came Back", "d_m_new"]
    assert isinstance(world.standing("phone", PHONE), Erased)  # its sign led to her, who lists no phone
    assert world.profile("anonymous", "ann3") == new
    assert set(world.deliveries.rows) == {"m_bob", "m_new"}


def test_two_profiles_that_were_joined_only_after_the_backup_are_both_erased(world: Restoring) -> None:
    number = "+17855550177"
    world.send(world.event("By Phone", anonymous_id="kim1", type="identify", traits={"phone": number}))
    world.send(world.event("By Login", user_id="kim"))
    backup = world.backup()
    by_phone, by_login = world.profile("phone", number).id, world.user("kim").id
    world.clock.forward(5)
    world.send(world.event(user_id="kim", anonymous_id="kim1"))
    assert by_phone != by_login and world.profile("phone", number).id == world.user("kim").id
    world.clock.forward(5)
    world.erase("user:kim")
    world.restore(backup)
    world.walk()
    for kind, value in (("user", "kim"), ("phone", number), ("anonymous", "kim1")):
        assert isinstance(world.standing(kind, value), Erased)
    assert world.told_of([by_phone, by_login]) == []


def test_a_device_that_was_somebody_elses_in_the_backup_stays_theirs(world: Restoring) -> None:
    """Cy took Bob's device and was erased; in the backup it is Bob's still."""
    backup = world.backup()
    world.clock.forward(5)
    world.send(world.event(user_id="cy", anonymous_id="bob1"))
    world.clock.forward(5)
    world.erase("user:cy")
    world.restore(backup)
    before = world.told_of(world.homes("bob"))
    world.walk()
    assert world.profile("anonymous", "bob1").id == world.user("bob").id
    assert world.told_of(world.homes("bob")) == before


def test_a_visitor_who_lives_at_a_door_that_was_vacated_keeps_it(world: Restoring) -> None:
    """Dan's first visit, before he was known, was on a device that Cy had later."""
    world.send(world.event("First Visit", anonymous_id="tablet"))
    backup = world.backup()
    world.send(world.event(user_id="dan", anonymous_id="tablet"))
    world.clock.forward(5)
    world.send(world.event(user_id="cy", anonymous_id="tablet"))
    world.clock.forward(5)
    world.erase("user:cy")
    world.restore(backup)
    world.walk()
    assert list(world.profile("anonymous", "tablet").facts.activity) == ["First Visit"]
    assert world.told_of([world.home("anonymous", "tablet")]) == ["First Visit"]


def test_who_did_something_between_the_restore_and_the_walk_goes_with_it(world: Restoring) -> None:
    """What was decided since rests on what should not have been there."""
    backup = world.backup()
    world.erase("user:ann")
    world.restore(backup)
    world.clock.forward(1_000)
    world.send(world.event("Seen", user_id="ann"))
    now = world.user("ann").ledger.now
    world.walk()
    door = world.standing("user", "ann")
    assert isinstance(door, Erased) and door.at == now
    assert world.told_of(world.homes("ann")) == []


def test_again_is_harmless_and_without_a_restore_nothing_changes(world: Restoring) -> None:
    world.erase("user:ann")
    before = world.backup()
    world.walk()
    world.walk()
    assert world.backup() == before


def test_a_writer_in_between_makes_the_job_come_again(world: Restoring) -> None:
    backup = world.backup()
    world.erase("user:ann")
    world.restore(backup)
    world.profiles.fail_next("commit", error=Conflict())
    with pytest.raises(Conflict):
        world.walk()
    world.walk()
    assert world.find.by_identifier("user", "ann") is None


def test_many_erasures_go_on_in_jobs_of_their_own(world: Restoring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erase_again, "LIMIT", 3)
    monkeypatch.setattr(erase_again, "HOMES", 3)
    world.send(*[world.event(user_id="mo", anonymous_id=f"mo{n}") for n in range(20)])
    backup = world.backup()
    for name in ("mo", "ann"):
        world.erase(f"user:{name}")
    world.restore(backup)
    assert world.again(first_job()) <= 5
    assert len(world.jobs.jobs) == 1
    world.walk()
    assert [kind for kind, _, _ in world.profiles.homes.values()].count(Profile) == 1
    assert world.find.by_identifier("user", "bob") is not None
