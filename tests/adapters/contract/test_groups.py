"""What every store of groups promises."""

from __future__ import annotations

from chalicelib.services.ports import Groups
from tests.adapters.contract.conftest import SHARDS
from tests.adapters.contract.listing import all_items


def members(groups: Groups, group: str, limit: int = 500) -> set[tuple[str, int]]:
    listed = [
        member
        for shard in range(SHARDS)
        for member in all_items(lambda cursor: groups.page(group, shard, cursor, limit))  # noqa: B023
    ]
    assert len(set(listed)) == len(listed)
    return set(listed)


def test_members_are_who_joined_and_did_not_leave(groups: Groups) -> None:
    groups.join("segment:loyal", "p_1", 5)
    groups.join("segment:loyal", "p_2", 6)
    groups.leave("segment:loyal", "p_1")
    groups.leave("segment:loyal", "p_9")
    assert members(groups, "segment:loyal") == {("p_2", 6)}


def test_groups_are_apart(groups: Groups) -> None:
    groups.join("segment:loyal", "p_1", 5)
    groups.join("place:us-ks-topeka", "p_2", 5)
    assert members(groups, "segment:loyal") == {("p_1", 5)}
    assert members(groups, "segment:loy") == set()
    assert groups.count("place:us-ks-topeka") == 1


def test_joining_again_renews(groups: Groups) -> None:
    groups.join("segment:loyal", "p_1", 5)
    groups.join("segment:loyal", "p_1", 9)
    assert members(groups, "segment:loyal") == {("p_1", 9)}


def test_pages_together_are_the_whole(groups: Groups) -> None:
    joined = {(f"p_{number}", number) for number in range(50)}
    for profile, at in joined:
        groups.join("segment:loyal", profile, at)
    assert members(groups, "segment:loyal", limit=3) == joined
    assert groups.count("segment:loyal") == 50


def test_many_are_forgotten_at_once(groups: Groups) -> None:
    for number in range(10):
        for group in ("segment:loyal", "place:us-ks-topeka", "segment:new"):
            groups.join(group, f"p_{number}", 5)
    groups.forget(["segment:loyal", "place:us-ks-topeka", "none"], [f"p_{n}" for n in range(1, 10)])
    assert members(groups, "segment:loyal") == members(groups, "place:us-ks-topeka") == {("p_0", 5)}
    assert groups.count("segment:new") == 10
    groups.forget([], ["p_0"])
    assert groups.count("segment:loyal") == 1
