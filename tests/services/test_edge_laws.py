"""Whatever happens in whatever order, and whoever dies on the way: no message leaves that may not.

Asserted at the providers' edge (`edge_laws.py`): without a permission, in quiet hours, over a cap, twice, to a stopped
address, or half a minute after the kill switch, nothing is taken; and what may be sent is not lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chalicelib.domain import reach
from chalicelib.domain.deliveries import CLAIM, FREE
from chalicelib.domain.gates import Gates
from chalicelib.domain.reach import Reach
from chalicelib.domain.reconsidering import CONFIRM
from chalicelib.services import send_delivery
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.send_delivery import SendDelivery
from tests.fakes import FakeDeliveries, FakeStops
from tests.services.edge_laws import ANSWERS, CUSTOMERS, MOMENTS, Broken
from tests.services.edge_world import EdgeWorld, play

Step = tuple[Any, ...]
Story = list[Step]

names = st.sampled_from(CUSTOMERS)
deaths = st.tuples(
    st.just("mortal"), st.sampled_from(["ingest", "relay", "work", "work"]), st.integers(0, 3), st.integers(0, 9),
    st.sampled_from(["before", "after"]),
)  # fmt: skip
steps: st.SearchStrategy[Step] = st.one_of(
    st.tuples(st.just("happen"), names, st.sampled_from(MOMENTS)),
    st.tuples(st.just("happen"), names, st.sampled_from(MOMENTS)),
    st.tuples(
        st.just("say"), names, st.sampled_from(["sms", "email"]), st.sampled_from(["offers", "news"]),
        st.sampled_from(["granted", "granted", "denied"]),
    ),
    st.tuples(st.just("bounce"), st.integers(0, 3), st.sampled_from(["Bounce", "Complaint"])),
    st.tuples(st.just("time"), st.sampled_from([1, 16, 61, 240, 600, 1440])),
    st.tuples(st.just("switch"), st.sampled_from(["on", "off"])),
    st.tuples(st.just("answer"), st.integers(0, len(ANSWERS) - 1)),
    st.tuples(st.just("again"), st.integers(0, 3)),
    deaths,
    deaths,
    st.just(("decide",)),
    st.just(("decide",)),
    st.just(("settle",)),
)  # fmt: skip
ENDS = {"sent", "dropped", "unknown", "bounced", "complained", "pointer"}


def tell(story: Story) -> EdgeWorld:
    """Play a story to its end, and a day and a half after it; raises `Broken`."""
    world = EdgeWorld()
    for name in CUSTOMERS:
        world.say(name, "email", "offers", "granted")
    for step in story:
        play(world, step)
    world.switch("on")
    world.settle(hours=36)
    return world


stories = st.lists(steps, min_size=10, max_size=40)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stories)
def test_no_message_leaves_that_may_not_and_none_is_lost(story: Story) -> None:
    world = tell(story)
    assert {row.state for row in world.deliveries.rows.values()} <= ENDS
    assert not world.events.waiting and not world.due.waiting


def test_the_stories_reach_what_they_are_about() -> None:
    """A world in which nothing is ever sent would break no law."""
    world = tell([("happen", "ann", "Rain Started"), ("happen", "ben", "Order Completed"), ("settle",)])
    assert [(name, channel) for _, _, name, channel, _ in world.edge.taken] == [
        ("ann", "email"),
        ("ben", "email"),
    ]


# Broken builds: each breaks one law, and a short story finds it.


def again_without_deciding(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(send_delivery, "reconsider", lambda *_, **__: CONFIRM)


def never_quiet(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Gates, "held_until", lambda *_: 0)


def never_full(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Gates, "full_caps", lambda _: ())


def no_stops(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FakeStops, "among", lambda *_: {})
    patch.setattr(reach, "is_stopped", lambda *_: False)


def anybody_claims(patch: pytest.MonkeyPatch) -> None:
    move = FakeDeliveries.move

    def lax(
        self: FakeDeliveries, id: str, *, come_from: Any, to: str, claim: str = "", **fields: Any
    ) -> bool:
        if to == CLAIM["to"]:
            self.rows[id].state, self.rows[id].claim = "due", ""
        return move(self, id, come_from=come_from, to=to, claim=claim, **fields)

    def heedless(self: SendDelivery, job: Any) -> Any:
        row = self.deliveries.read([job["delivery"]])[job["delivery"]]
        return self._decide(row, 0)

    patch.setattr(FakeDeliveries, "move", lax)
    patch.setattr(SendDelivery, "__call__", heedless)


def doubt_is_for_sending_again(patch: pytest.MonkeyPatch) -> None:
    def settle(self: SendDelivery, row: Any) -> Any:
        self.deliveries.move(row.id, **FREE, claim=row.claim)
        return self._decide(row)

    patch.setattr(SendDelivery, "_settle_claim", settle)


def switches_are_seen_tomorrow(patch: pytest.MonkeyPatch) -> None:
    looked = LiveRules._look

    def late(self: LiveRules) -> None:
        if self._looked < 0:
            looked(self)

    patch.setattr(LiveRules, "_look", late)


def everybody_may_be_contacted(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Reach, "reason_against", lambda *_, **__: None)


RAIN, PAID = ("happen", "ann", "Rain Started"), ("happen", "ann", "Order Completed")
DECIDE, WORK = ("decide",), ("work",)
NO = ("say", "ann", "email", "offers", "denied")
LOST = ("answer", 3)
SETTLE = ("settle",)
BOUNCED: Story = [PAID, SETTLE, ("bounce", 0, "Bounce"), PAID, ("ingest", 1), ("relay",), WORK]
OFF: Story = [RAIN, DECIDE, ("switch", "off"), ("time", 1), WORK]
MUTANTS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str, Story]] = {
    "a denial after deciding goes unheard": (again_without_deciding, "without a permission", [RAIN, DECIDE, NO]),
    "nobody asks for permission": (everybody_may_be_contacted, "without a permission", [NO, RAIN]),
    "there is no night": (never_quiet, "in quiet hours", [("time", 600), RAIN, ("settle",)]),
    "caps are never full": (never_full, "over a cap", [RAIN, ("settle",), RAIN, ("settle",), RAIN, ("settle",)]),
    "stops are ignored": (no_stops, "to a stopped address", BOUNCED),
    "a claim guards nothing": (anybody_claims, "twice", [RAIN, DECIDE, ("again", 0)]),
    "doubt is sent again": (doubt_is_for_sending_again, "twice", [LOST, RAIN, DECIDE, ("again", 0)]),
    "the switch is seen tomorrow": (switches_are_seen_tomorrow, "while sending is off", OFF),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_build_is_found_by_its_story_and_a_sound_one_is_not(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks, law, story = MUTANTS[name]
    tell(story)
    breaks(monkeypatch)
    with pytest.raises(Broken, match=law):
        tell(story)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_build_is_found_by_stories_that_know_nothing_of_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    MUTANTS[name][0](monkeypatch)

    @settings(max_examples=400, deadline=None, phases=[Phase.generate], database=None, derandomize=True)
    @given(stories)
    def any_story(story: Story) -> None:
        tell(story)

    with pytest.raises(Broken):
        any_story()
