"""Experiments' sums: whatever happens to customers, an arm's cell is what counting all its customers would give."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain import ledger, trials
from chalicelib.domain.cells import ARM, HELD, HOLDOUT, TREATED, Cells, add, arm_cell, named, row
from chalicelib.domain.events import Event
from chalicelib.domain.facts import fold, join_profiles
from chalicelib.domain.profile import Profile
from tests.domain.deciding_world import now_of, rules_of

NOW = now_of({})
VARIANTS = {"plain": {"sms": {"text": "rain"}}, "bold": {"sms": {"text": "RAIN"}}}
RULES = rules_of({
    "experiments": {"copy": {"message": "umbrella", "split": {"bold": "50%", "plain": "50%"}}},
    "messages": {"umbrella": {"variants": VARIANTS, "placements": []}},
    "policies": {"holdout": {"share": "10%"}},
})  # fmt: skip


@dataclass
class World:
    """Some customers, and the cells as effects would add them up."""

    customers: list[Profile]
    cells: Cells = field(default_factory=dict)
    exposures: Cells = field(default_factory=dict)
    count: int = 0

    def happens(self, who: int, name: str, **properties: Any) -> None:
        self.count += 1
        event = Event(
            f"e{self.count}", "track", NOW + self.count, NOW + self.count, event=name, properties=properties,
            origin="topeka" if name == "Email Marked as Spam" else "client",
        )  # fmt: skip
        profile = self.customers[who % len(self.customers)]
        fold(profile, event, RULES)
        add(self.cells, trials.follow(profile, event, RULES))

    def exposed(self, who: int, experiment: str, arm: str) -> None:
        self.count += 1
        profile = self.customers[who % len(self.customers)]
        its = profile.ledger.trials.get(experiment)
        counted = experiment not in profile.ledger.crossed and (its is None or its.arm == arm)
        add(self.cells, trials.expose(profile, experiment, arm, NOW + self.count))
        if counted:
            add(self.exposures, {arm_cell(experiment, arm): row(ARM, exposures=1)})

    def converted(self, who: int) -> None:
        add(self.cells, trials.convert(self.customers[who % len(self.customers)], "umbrella", RULES))

    def merged(self, a: int, b: int) -> None:
        one, other = self.customers[a % len(self.customers)], self.customers[b % len(self.customers)]
        if one is other:
            return
        joined = ledger.join(one.ledger, other.ledger)
        add(self.cells, trials.merged(one, other, joined))
        join_profiles(one, other, RULES)
        one.ledger = joined
        self.customers.remove(other)

    def split(self, who: int) -> None:
        profile = self.customers[who % len(self.customers)]
        add(self.cells, trials.left(profile.ledger))
        profile.ledger.crossed = sorted({*profile.ledger.crossed, *profile.ledger.trials})
        profile.ledger.trials = {}

    def counted(self) -> Cells:
        """Everybody counted anew."""
        cells: Cells = {}
        for profile in self.customers:
            for name, trial in profile.ledger.trials.items():
                if name not in profile.ledger.crossed:
                    add(cells, {arm_cell(name, trial.arm): _counted(list(trial.homes.values()))})
        return add(cells, self.exposures)


def _counted(homes: list[list[int]]) -> list[float]:
    before, since = (sum(one[at] for one in homes) / 1_000_000 for at in (0, 1))
    told = [max(one[at] for one in homes) for at in (2, 3, 4)]
    return row(
        ARM, customers=1, conversions=told[0], value=since, value2=since**2, before=before, before2=before**2,
        value_before=since * before, unsubscribed=told[1], complained=told[2],
    )  # fmt: skip


who = st.integers(0, 4)
steps = st.one_of(
    st.tuples(st.just("exposed"), who, st.sampled_from([("copy", "plain"), ("copy", "bold")])),
    st.tuples(st.just("exposed"), who, st.sampled_from([(HOLDOUT, HELD), (HOLDOUT, TREATED)])),
    st.tuples(st.just("bought"), who, st.sampled_from([1, 2.5, 1000])),
    st.tuples(st.just("refused"), who, st.sampled_from(["Permission Denied", "Email Marked as Spam"])),
    st.tuples(st.just("converted"), who, st.none()),
    st.tuples(st.just("merged"), who, who),
    st.tuples(st.just("split"), who, st.none()),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(steps, max_size=30))
def test_the_cells_are_what_counting_everybody_gives(lived: Any) -> None:
    world = World([Profile(f"p{n}") for n in range(5)])
    for what, one, detail in lived:
        if what == "exposed":
            world.exposed(one, *detail)
        elif what == "bought":
            world.happens(one, "Order Completed", revenue=detail)
        elif what == "refused":
            world.happens(one, detail)
        elif what == "converted":
            world.converted(one)
        elif what == "merged":
            world.merged(one, detail)
        else:
            world.split(one)

    told, counted = world.cells, world.counted()
    for key in {*told, *counted}:
        assert named(ARM, told.get(key, [])) == pytest.approx(named(ARM, counted.get(key, [])))


def told(world: World, arm: str, experiment: str = "copy") -> dict[str, float]:
    sums = named(ARM, world.cells.get(arm_cell(experiment, arm), []))
    return {name: value for name, value in sums.items() if value}


def world() -> World:
    return World([Profile("ana"), Profile("ben")])


def test_a_customer_counts_once_and_every_exposure_counts() -> None:
    one = world()
    one.exposed(0, "copy", "plain")
    one.exposed(0, "copy", "plain")

    assert told(one, "plain") == {"customers": 1, "exposures": 2}


def test_what_was_spent_before_is_told_apart_from_what_is_spent_since() -> None:
    one = world()
    one.happens(0, "Order Completed", revenue=40)
    one.exposed(0, "copy", "bold")
    one.happens(0, "Order Completed", revenue=25)
    one.happens(0, "Order Refunded", total=5)

    assert told(one, "bold") == {
        "customers": 1, "exposures": 1, "value": 20, "value2": 400, "before": 40, "before2": 1600, "value_before": 800,
    }  # fmt: skip


def test_two_who_turn_out_to_be_one_count_once_with_all_they_spent() -> None:
    one = world()
    one.happens(1, "Order Completed", revenue=7)
    one.exposed(0, "copy", "plain")
    one.happens(0, "Order Completed", revenue=5)
    one.merged(0, 1)

    assert told(one, "plain") == {
        "customers": 1, "exposures": 1, "value": 5, "value2": 25, "before": 7, "before2": 49, "value_before": 35,
    }  # fmt: skip


def test_who_had_two_arms_counts_in_neither() -> None:
    one = world()
    one.exposed(0, "copy", "plain")
    one.exposed(1, "copy", "bold")
    one.merged(0, 1)
    one.exposed(0, "copy", "plain")
    one.happens(0, "Order Completed", revenue=5)

    assert told(one, "plain") == told(one, "bold") == {"exposures": 1}


def test_in_the_holdout_an_order_is_a_conversion_and_a_complaint_is_counted_once() -> None:
    one = world()
    one.exposed(0, HOLDOUT, HELD)
    one.happens(0, "Order Completed", total=3)
    one.happens(0, "Email Marked as Spam")
    one.happens(0, "Email Marked as Spam")

    assert told(one, HELD, HOLDOUT) == {
        "customers": 1, "exposures": 1, "conversions": 1, "value": 3, "value2": 9, "complained": 1,
    }  # fmt: skip


def test_an_event_from_before_the_exposure_is_not_what_came_of_it() -> None:
    one = world()
    one.count = 10
    one.exposed(0, "copy", "plain")
    one.count = 1
    one.happens(0, "Order Completed", revenue=5)

    assert told(one, "plain") == {"customers": 1, "exposures": 1}
