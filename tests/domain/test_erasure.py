"""Erasing: what is theirs, and what is on its way to them."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.effects import Ring
from chalicelib.domain.erasure import (
    armed_rings,
    deliveries_in,
    erasure_of,
    is_theirs,
    nobody_elses,
    sweep_job,
    swept_by,
    was_erased,
)
from chalicelib.domain.keys import Secrets
from chalicelib.domain.profile import Door, Erased, Known, Profile, Sign
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
        (Profile("p_a"), False), (Sign("p_a", "p_b"), False), (Sign("p_a", "p_b", born_after=5), True),
    ],
)  # fmt: skip
def test_a_home_was_erased_though_somebody_new_lives_there(door: Door | None, erased: bool) -> None:
    assert was_erased(door, 5) is erased


SECRETS = Secrets(b"s", b"s")
DEVICE = SECRETS.home("anonymous", "a1")


@pytest.mark.parametrize(
    ("door", "merged", "history"),
    [
        (None, False, 9),
        (Erased(DEVICE, 5), True, 9),
        (Sign(DEVICE, "p_ann"), False, 9),
        (Sign(DEVICE, "p_ann", owners=[("p_ann", 0)], born_after=5), True, 9),
        (Sign(DEVICE, "p_ann", owners=[("p_bob", 0), ("p_ann", 3)]), False, 0),  # Bob's, from before
        (Sign(DEVICE, "p_bob", owners=[("p_ann", 0), ("p_bob", 3)]), True, 9),  # hers, from before
        (Sign(DEVICE, "p_cy", owners=[("p_cy", 0)], born_after=5), True, 5),  # erased once, then Cy's
        (Profile(DEVICE, born_after=5), True, 5),
        (Profile(DEVICE, born_after=5), False, 0),
    ],
)
def test_what_happened_at_a_devices_home_is_theirs_up_to_a_time(
    door: Door | None, merged: bool, history: int
) -> None:
    ann = Profile("p_ann", identifiers=[Known("anonymous", "a1", 1, "m1")], merged=[DEVICE] if merged else [])
    doors = {DEVICE: door, "p_ann": ann} if door else {"p_ann": ann}
    erasure = erasure_of(ann, doors, SECRETS, 9)
    assert erasure.history == {"p_ann": 9} | ({DEVICE: history} if history else {})
    assert swept_by(sweep_job(erasure)) == erasure


def test_only_homes_where_nobody_else_lives_have_rows_of_theirs() -> None:
    ann = Profile("p_ann", merged=["p_old", DEVICE])
    doors: dict[str, Door] = {"p_ann": ann, DEVICE: Profile(DEVICE, born_after=5)}
    erasure = erasure_of(ann, doors, SECRETS, 9)
    assert nobody_elses(erasure, doors) == ["p_ann", "p_old"]
    later = {**doors, "p_ann": Profile("p_ann", born_after=9), "p_old": Erased("p_old", 9)}
    assert nobody_elses(erasure, later) == ["p_old"]


def test_records_of_decisions_tell_of_deliveries_up_to_a_time() -> None:
    records: list[dict[str, Any]] = [
        {"at": 5, "choices": [{"delivery": "m_1"}, {"delivery": "m_2"}]},
        {"at": 9, "choices": [{"delivery": "m_3"}]},
        {"at": 4},
    ]
    assert deliveries_in(records, 5) == ["m_1", "m_2"]
    assert deliveries_in(records) == ["m_1", "m_2", "m_3"]
