"""Names, fallbacks and facts of pictures that are chosen when an e-mail is opened."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.moments import Announced, event_for
from chalicelib.domain.playbook.model import Message, Playbook, Variant
from chalicelib.domain.slots import FRESH, facts_now, fallback_of, slots_of

NOW = 1_790_000_000_000
PLACEMENTS = {"web.home": "web", "email.slot.main": "email_slot", "email.foot.main": "email_slot"}
HERE, THERE = "us-ks-topeka", "us-ks-lawrence"


def message(name: str, placement: str, **content: Any) -> Message:
    return Message(
        name, "brand", placements=(placement,), variants={"plain": Variant("plain", {"email_slot": content})}
    )


def test_a_slot_is_named_by_the_end_of_its_placement_and_by_all_of_it() -> None:
    assert slots_of(Playbook("Shop", placements=PLACEMENTS)) == {
        "main": "email.slot.main",
        "email.slot.main": "email.slot.main",
        "email.foot.main": "email.foot.main",
    }


def test_the_fallback_is_the_first_picture_that_hangs_on_nobody() -> None:
    told = [
        message("a", "web.home", fallback="other.png"),
        message("b", "email.slot.main", image="b.png"),
        message("c", "email.slot.main", fallback="{{ traits.plan }}.png"),
        message("d", "email.slot.main", fallback="d.png"),
        message("e", "email.slot.main", fallback="e.png"),
    ]
    playbook = Playbook("Shop", placements=PLACEMENTS, messages={one.name: one for one in told})
    assert fallback_of(playbook, "email.slot.main") == "d.png"
    assert fallback_of(playbook, "email.foot.main") == ""


@pytest.mark.parametrize(
    ("moments", "facts"),
    [
        ([], {}),
        ([(-5, 0, HERE, {"rain": 9})], {"rain": 9}),
        ([(-5, 0, "", {"rain": 9})], {"rain": 9}),
        ([(-2, 0, HERE, {"rain": 0}), (-9, 0, HERE, {"rain": 9, "price": 3})], {"rain": 0, "price": 3}),
        ([(-5, 0, THERE, {"rain": 9})], {}),
        ([(-5, -1, HERE, {"rain": 9})], {}),
        ([(-5, 1, HERE, {"rain": 9})], {"rain": 9}),
        ([(-FRESH - 1, 0, HERE, {"rain": 9})], {}),
    ],
    ids=["none", "here", "anywhere", "the latest word", "elsewhere", "over", "not over", "a day old"],
)
def test_what_counts_are_the_latest_facts_that_still_stand(
    moments: list[tuple[int, int, str, dict[str, Any]]], facts: dict[str, Any]
) -> None:
    told = [
        event_for(
            Announced(f"m{at}", "Weather", NOW + at, NOW + until if until else 0, place, said), "p_1", NOW
        )
        for at, until, place, said in moments
    ]
    assert facts_now(told, HERE, NOW) == facts
