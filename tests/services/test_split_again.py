"""One split after another, also of customers whose devices went to others: every door and earlier id stays in place."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.domain.erasure import Erasure, erasure_of, homes_of
from chalicelib.domain.identifiers import CHANGES_HANDS, identifiers_of
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.profile import Profile
from chalicelib.domain.timelines import records_of
from tests.services.ingest_world import HOUR, MINUTE
from tests.services.splitting_world import PLAYBOOK, Splitting, named

PHONE, X, Y = "phone:+17855550100", "email:x@example.com", "email:y@example.com"
ANYBODY = ["user:u", "user:v", X, Y, PHONE, "anonymous:a", "anonymous:b", "device:t", "loyalty:L"]

meetings = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["track", "track", "alias"]),
        "event": st.sampled_from(["Seen", "Seen", "Signed Out"]),
        "ago": st.integers(0, 20),
        "names": st.lists(st.sampled_from(ANYBODY), min_size=1, max_size=3, unique=True),
        "previous": st.sampled_from("ab"),
    }
)


def met(*names: str, **more: Any) -> dict[str, Any]:
    """A meeting of these, as `meetings` draws them."""
    return {"type": "track", "event": "Seen", "ago": 0, "names": names, "previous": "a", **more}


def live(world: Splitting, history: list[dict[str, Any]], after_logout: str = "last") -> None:
    world.publish(f"{PLAYBOOK}devices: {{after_logout: {after_logout}}}\n")
    for place, one in enumerate(history):
        world.clock.forward(HOUR)
        kinds = [name.split(":", 1) for name in one["names"]]
        said: dict[str, Any] = {"context": {"externalIds": [{"type": kind, "id": id} for kind, id in kinds]}}
        if one["type"] == "alias":
            said["previous_id"] = one["previous"]
        happened = world.event(
            one["event"] if one["type"] == "track" else "",
            type=one["type"],
            timestamp=world.clock() - one["ago"] * 7 * MINUTE,
            message_id=f"m{place}",
            **said,
        )
        if identifiers_of(happened, Playbook("p")).identifiers:
            world.send(happened)


def erasing(world: Splitting, customer: Profile) -> Erasure:
    doors = world.profiles.read(homes_of(customer, world.secrets))
    return erasure_of(customer, doors, world.secrets, world.clock())


def steady_doors(world: Splitting, customer: Profile) -> set[str]:
    """What only they may lose: the homes of what does not change hands, and their own."""
    steady = [one for one in customer.identifiers if one.kind not in CHANGES_HANDS]
    return {customer.id, *customer.timelines, *(world.secrets.home(one.kind, one.value) for one in steady)}


@settings(max_examples=150)
@example([met(Y, X, "loyalty:L"), met(PHONE, "loyalty:L", "user:v")], "last", ["loyalty:L", "user:v"])
@example(
    [
        met("user:u", type="alias", previous="b"),
        met(X, type="alias", previous="b"),
        met("user:v", "anonymous:b"),
    ],
    "last",
    ["user:u"],
)
@given(
    st.lists(meetings, min_size=2, max_size=9),
    st.sampled_from(["last", "nobody"]),
    st.lists(st.sampled_from(ANYBODY), min_size=1, max_size=3, unique=True),
)
def test_after_any_splits_doors_and_earlier_ids_lead_to_their_own_and_erasing_takes_no_others(
    history: list[dict[str, Any]], after_logout: str, wrong: list[str]
) -> None:
    world = Splitting()
    live(world, history, after_logout)
    for name in wrong:
        whole = next((one for names, one in world.everybody().items() if name in names), None)
        if whole is None or len(whole.identifiers) == 1 or whole.unclaimed:
            continue
        world.split(name, name)
        world.check()
        everybody = list(world.everybody().values())
        for one in everybody:
            taken = set(erasing(world, one).ids)
            assert not any(taken & steady_doors(world, other) for other in everybody if other is not one)


@pytest.fixture
def world() -> Splitting:
    return Splitting()


def parted(world: Splitting) -> tuple[Profile, Profile]:
    """v, and a customer of two addresses, whom a card joined with v, split again.

    A customer of two addresses lives at the one that came first (y); a part of two, at the first by name (x).
    """
    live(world, [met(Y, X, "loyalty:L"), met(PHONE, "loyalty:L", "user:v")])
    world.split("loyalty:L", "loyalty:L")
    return world.user("v"), world.profile("email", "y@example.com")


def test_an_earlier_id_goes_with_the_part_whose_door_it_is_and_with_what_was_decided_there(
    world: Splitting,
) -> None:
    """It stayed an earlier id of who kept the home, so that one read and erased what was decided about another."""
    v, other = parted(world)
    address = world.secrets.home("email", "y@example.com")
    assert (other.id, other.merged) == (world.secrets.home("email", "x@example.com"), [address])
    assert address in records_of(other)
    assert address not in {*v.merged, *records_of(v)}


def test_a_second_split_takes_no_door_from_a_part_that_left_with_the_first(world: Splitting) -> None:
    """The address was still an earlier id of v, and was led back to v: what was y's went to v from then on."""
    parted(world)
    world.split("user:v", "user:v")
    world.check()
    assert named(world.profile("email", "y@example.com")) == {X, Y}


def test_erasing_who_stayed_leaves_the_doors_of_who_left(world: Splitting) -> None:
    v, other = parted(world)
    assert not {*erasing(world, v).ids} & steady_doors(world, other)


def test_a_device_that_went_to_another_holds_together_whom_aliases_alone_linked(world: Splitting) -> None:
    """Only aliases carried the browser b, as a previous id, and it is v's by now: their links were not seen any more.

    So the history seemed not to be whole, and the split was refused as `history-expired`.
    """
    aliases = [met(one, type="alias", previous="b") for one in ("user:u", X)]
    live(world, [*aliases, met("user:v", "anonymous:b")])
    world.split("user:u", "user:u")
    world.check()
    assert world.everybody().keys() == {
        frozenset({"user:u"}), frozenset({X}), frozenset({"user:v", "anonymous:b"}),
    }  # fmt: skip
