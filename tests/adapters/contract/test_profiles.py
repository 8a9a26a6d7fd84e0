"""What every store of homes promises."""

from __future__ import annotations

import pytest

from chalicelib.domain.effects import Join, Leave
from chalicelib.domain.errors import Conflict, Unavailable
from chalicelib.domain.profile import Door, Erased, Known, Profile, Sign, Stamped
from chalicelib.domain.stored import Unchanged, Write
from chalicelib.services.ports import Profiles
from tests.adapters.contract.conftest import fail_next_write, lose_next_answer
from tests.adapters.contract.listing import all_items

OUTBOX = (Join("segment:loyal", "p_1", 5), Leave("segment:new", "p_1", 5))


def profile(id: str, version: str, name: str = "Ann") -> Profile:
    made = Profile(id, version, identifiers=[Known("user", "ann", 1, "m1")])
    made.facts.traits["firstName"] = Stamped(name, 1, "m1")
    return made


def store(profiles: Profiles, *doors: Door) -> None:
    for door in doors:
        profiles.commit([Write(door, "")])


def name_at(profiles: Profiles, id: str) -> str:
    door = profiles.read([id], consistent=True)[id]
    assert isinstance(door, Profile)
    return str(door.facts.traits["firstName"].value)


class TestRead:
    def test_empty_homes_are_missing_from_the_answer(self, profiles: Profiles) -> None:
        store(profiles, profile("p_1", "1.a"))
        assert set(profiles.read(["p_1", "p_2"])) == {"p_1"}

    def test_no_ids_no_homes(self, profiles: Profiles) -> None:
        assert profiles.read([]) == {}

    def test_an_id_may_be_asked_for_twice(self, profiles: Profiles) -> None:
        store(profiles, profile("p_1", "1.a"))
        assert set(profiles.read(["p_1", "p_1"])) == {"p_1"}

    def test_more_ids_than_one_call_takes(self, profiles: Profiles) -> None:
        ids = [f"p_{number}" for number in range(130)]
        for start in range(0, 130, 65):
            profiles.commit([Write(Sign(id, "p_x", "1.a"), "") for id in ids[start : start + 65]])
        assert set(profiles.read(ids)) == set(ids)

    @pytest.mark.parametrize(
        "door",
        [
            profile("p_1", "1.a"),
            Sign("p_1", "p_2", "1.a"),
            Sign("p_1", "p_2", "1.a", [("p_3", 7), ("p_2", 9)]),
            Sign("p_1", "p_2", "1.a", born_after=7),
            Sign("p_1", "p_2", "1.a", [("p_3", 7), ("p_2", 9)], heir="p_2"),
            Erased("p_1", 1_772_452_800_000, "1.a"),
        ],
        ids=["profile", "sign", "sign with owners", "sign over an erasure", "sign with an heir", "erased"],
    )
    def test_what_was_stored_is_what_is_read(self, profiles: Profiles, door: Door) -> None:
        store(profiles, door)
        assert profiles.read(["p_1"], consistent=True) == {"p_1": door}

    def test_what_was_read_is_a_copy(self, profiles: Profiles) -> None:
        store(profiles, profile("p_1", "1.a"))
        door = profiles.read(["p_1"])["p_1"]
        assert isinstance(door, Profile)
        door.facts.traits.clear()
        assert name_at(profiles, "p_1") == "Ann"


class TestCommit:
    def test_an_empty_home_is_taken_once(self, profiles: Profiles) -> None:
        store(profiles, profile("p_1", "1.a"))
        with pytest.raises(Conflict) as conflict:
            profiles.commit([Write(profile("p_1", "1.b", "Bob"), "")])
        assert conflict.value.ids == ("p_1",)
        assert name_at(profiles, "p_1") == "Ann"

    def test_the_version_that_was_read_is_replaced(self, profiles: Profiles) -> None:
        store(profiles, profile("p_1", "1.a"))
        profiles.commit([Write(profile("p_1", "2.b", "Bob"), "1.a")])
        assert name_at(profiles, "p_1") == "Bob"

    @pytest.mark.parametrize("stale", ["1.b", "2.a", "1"])
    def test_any_other_version_is_not(self, profiles: Profiles, stale: str) -> None:
        store(profiles, profile("p_1", "1.a"))
        with pytest.raises(Conflict):
            profiles.commit([Write(profile("p_1", "2.c", "Bob"), stale)])
        assert name_at(profiles, "p_1") == "Ann"

    def test_a_version_is_not_expected_of_an_empty_home(self, profiles: Profiles) -> None:
        with pytest.raises(Conflict):
            profiles.commit([Write(profile("p_1", "2.b"), "1.a")])
        assert profiles.read(["p_1"]) == {}

    def test_a_link_is_all_there(self, profiles: Profiles) -> None:
        store(profiles, profile("p_1", "1.a"))
        profiles.commit([Write(Sign("p_1", "p_2", "2.b"), "1.a"), Write(profile("p_2", "1.b"), "")])
        found = profiles.read(["p_1", "p_2"])
        assert found == {"p_1": Sign("p_1", "p_2", "2.b"), "p_2": profile("p_2", "1.b")}

    def test_a_cancelled_link_leaves_nothing(self, profiles: Profiles) -> None:
        store(profiles, profile("p_2", "1.a"))
        with pytest.raises(Conflict) as conflict:
            profiles.commit([
                Write(Sign("p_1", "p_2", "1.b"), ""),
                Write(profile("p_2", "2.b", "Bob"), "0.x"),
                Write(Sign("p_3", "p_2", "1.b"), ""),
            ])  # fmt: skip
        assert conflict.value.ids == ("p_2",)
        assert profiles.read(["p_1", "p_2", "p_3"]) == {"p_2": profile("p_2", "1.a")}

    def test_nothing_to_commit_is_nothing(self, profiles: Profiles) -> None:
        profiles.commit([])

    def test_an_outbox_changes_nothing_for_readers(self, profiles: Profiles) -> None:
        profiles.commit([Write(profile("p_1", "1.a"), "", OUTBOX)])
        assert profiles.read(["p_1"]) == {"p_1": profile("p_1", "1.a")}


class TestFailures:
    def test_a_failed_commit_did_nothing(self, profiles: Profiles) -> None:
        fail_next_write(profiles, "commit")
        with pytest.raises(Unavailable):
            profiles.commit([Write(profile("p_1", "1.a"), "")])
        assert profiles.read(["p_1"]) == {}

    def test_a_commit_whose_answer_was_lost_may_be_repeated(self, profiles: Profiles) -> None:
        write = Write(profile("p_1", "1.a"), "")
        lose_next_answer(profiles, "commit")
        with pytest.raises(Unavailable):
            profiles.commit([write])
        profiles.commit([write])
        assert name_at(profiles, "p_1") == "Ann"

    def test_a_link_whose_answer_was_lost_may_be_repeated(self, profiles: Profiles) -> None:
        writes = [Write(Sign("p_1", "p_2", "1.b"), ""), Write(profile("p_2", "1.b"), "")]
        lose_next_answer(profiles, "commit")
        with pytest.raises(Unavailable):
            profiles.commit(writes)
        profiles.commit(writes)
        assert set(profiles.read(["p_1", "p_2"])) == {"p_1", "p_2"}

    def test_a_link_is_known_as_done_though_one_of_its_homes_has_moved_on(self, profiles: Profiles) -> None:
        writes = [Write(Sign("p_1", "p_2", "1.b"), ""), Write(profile("p_2", "1.b"), "")]
        profiles.commit(writes)
        profiles.commit([Write(profile("p_2", "2.c", "Bob"), "1.b")])
        profiles.commit(writes)
        assert name_at(profiles, "p_2") == "Bob"

    def test_a_commit_that_was_overtaken_is_a_conflict(self, profiles: Profiles) -> None:
        write = Write(profile("p_1", "1.a"), "")
        profiles.commit([write])
        profiles.commit([Write(profile("p_1", "2.b", "Bob"), "1.a")])
        with pytest.raises(Conflict):
            profiles.commit([write])
        assert name_at(profiles, "p_1") == "Bob"


class TestScan:
    @pytest.mark.parametrize("limit", [1, 4, 100])
    def test_tells_every_profile_once_and_no_sign(self, profiles: Profiles, limit: int) -> None:
        store(profiles, *(profile(f"p_{number}", "1.a") for number in range(9)))
        store(profiles, Sign("p_10", "p_1", "1.a"), Erased("p_11", 5, "1.a"))
        told = all_items(lambda cursor: profiles.scan(cursor, limit))
        assert sorted(told) == [f"p_{number}" for number in range(9)]

    def test_of_an_empty_table_is_empty(self, profiles: Profiles) -> None:
        assert all_items(profiles.scan) == []


class TestRelied:
    """What a commit relies on without writing it."""

    def test_a_commit_goes_through_while_it_stands(self, profiles: Profiles) -> None:
        store(profiles, Sign("p_door", "p_1", "1.a"))
        profiles.commit(
            [Write(profile("p_1", "1.a"), "")], [Unchanged("p_door", "1.a"), Unchanged("p_none", "")]
        )
        assert set(profiles.read(["p_door", "p_1", "p_none"])) == {"p_door", "p_1"}
        assert profiles.read(["p_door"])["p_door"].version == "1.a"

    @pytest.mark.parametrize("relied", [Unchanged("p_door", "0.x"), Unchanged("p_door", "")])
    def test_a_commit_that_relied_on_something_else_does_nothing(
        self, profiles: Profiles, relied: Unchanged
    ) -> None:
        store(profiles, Sign("p_door", "p_1", "1.a"))
        with pytest.raises(Conflict) as refused:
            profiles.commit([Write(profile("p_1", "1.a"), ""), Write(profile("p_2", "1.a"), "")], [relied])
        assert "p_door" in refused.value.ids
        assert set(profiles.read(["p_1", "p_2"])) == set()

    def test_a_commit_whose_answer_was_lost_is_ours_whatever_became_of_what_it_relied_on(
        self, profiles: Profiles
    ) -> None:
        store(profiles, Sign("p_door", "p_1", "1.a"))
        writes, relied = [Write(profile("p_1", "1.a"), "")], [Unchanged("p_door", "1.a")]
        profiles.commit(writes, relied)
        profiles.commit([Write(Sign("p_door", "p_2", "2.b"), "1.a")])
        profiles.commit(writes, relied)
        assert name_at(profiles, "p_1") == "Ann"
