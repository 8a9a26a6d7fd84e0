"""Erasing: what is theirs, and what is on its way to them."""

from __future__ import annotations

import pytest

from chalicelib.domain.effects import Ring
from chalicelib.domain.erasure import armed_rings, is_theirs, was_erased
from chalicelib.domain.profile import Door, Erased, Profile, Sign
from tests.services.ingest_world import World

TIMERS = """
playbook: 1
name: Timers
segments: {fresh: {did: Seen, within: 30d}}
moments: {left: {event: Cart Updated, hold: 2h, unless: {did: Order Completed}}}
"""


def test_the_rings_of_a_profile_are_known_by_the_ids_they_were_armed_under() -> None:
    world = World()
    world.publish(TIMERS)
    world.send(world.event("Seen", user_id="ann"), world.event("Cart Updated", user_id="ann"))
    armed = {(one.due, one.id) for one in world.profiles.outbox() if isinstance(one, Ring)}
    assert len(armed) == 2 and set(armed_rings(world.user("ann"))) == armed


@pytest.mark.parametrize(
    ("door", "theirs"),
    [
        (None, True), (Sign("p_b", "p_a"), True), (Sign("p_b", "p_else"), False), (Profile("p_a"), True),
        (Profile("p_b"), False), (Erased("p_b", 5), True),
    ],
)  # fmt: skip
def test_a_home_is_theirs_unless_it_leads_to_somebody_else(door: Door | None, theirs: bool) -> None:
    assert is_theirs(door, ["p_a", "p_b"]) is theirs


@pytest.mark.parametrize(
    ("door", "erased"),
    [
        (None, False), (Erased("p_a", 5), True), (Erased("p_a", 4), False), (Profile("p_a", born_after=5), True),
        (Profile("p_a"), False), (Sign("p_a", "p_b"), False),
    ],
)  # fmt: skip
def test_a_home_was_erased_though_somebody_new_lives_there(door: Door | None, erased: bool) -> None:
    assert was_erased(door, 5) is erased
