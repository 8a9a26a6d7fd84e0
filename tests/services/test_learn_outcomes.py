"""The minute's learning: one snapshot after another, each when there is something new to say."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.errors import Unavailable
from chalicelib.domain.learning import Learned
from chalicelib.domain.periods import CLOSED, DAY, HOUR
from chalicelib.domain.timers import MINUTE
from chalicelib.services.learn_outcomes import RENEWED
from tests.services.learning_stage import SHOP, Stage


def test_while_nothing_was_counted_there_is_no_snapshot() -> None:
    stage = Stage()
    assert stage.learn() == 0
    assert stage.tallies.snapshots == {}


def test_what_was_counted_is_in_force_a_minute_later() -> None:
    stage = Stage()
    stage.tell("a", shown=1000, reached=200, revenue=900, orders=180)
    assert stage.learn({"kind": "learn"}) == 1
    learned = stage.tallies.load(stage.tallies.latest().version)
    assert learned.version == 1
    assert learned.propensity("umbrella", "web/known") == pytest.approx(0.2, abs=0.01)
    assert learned.value("umbrella", 3) == pytest.approx((20 * 3 + 900) / 200)
    assert learned.chance_of_best("web.home", "known", "umbrella", "web") > 0.9  # type: ignore[operator]
    assert learned.split("copy", "web/known") is not None


def test_the_next_is_stored_only_if_it_says_something_new() -> None:
    stage = Stage()
    stage.tell("a", shown=10, reached=1)
    assert [stage.learn(), stage.learn()] == [1, 1]
    stage.tell("a", shown=10, reached=1)
    assert stage.learn() == 1
    stage.tell("b", shown=10)
    assert stage.learn() == 2
    assert set(stage.tallies.snapshots) == {1, 2}


def test_with_nothing_marked_and_the_same_playbook_nothing_is_computed() -> None:
    stage = Stage()
    stage.tell("a")
    stage.learn()
    stage.clock.forward(CLOSED)
    stage.learn()
    read = stage.tallies.calls["sums"]
    stage.clock.forward(60_000)
    assert stage.learn() == 1
    assert stage.tallies.calls["sums"] == read


def test_a_playbook_that_is_published_gets_a_snapshot_of_its_own() -> None:
    stage = Stage()
    stage.tell("a", shown=10, reached=1)
    stage.learn()
    stage.publish(SHOP.replace("boots", "hats"))
    stage.clock.forward(60_000)
    assert stage.learn() == 2
    assert "hats@web" in stage.tallies.load(2).best["web.home"]["known"]
    assert "boots@web" in stage.tallies.load(1).best["web.home"]["known"]
    assert stage.learn() == 2


def test_of_two_workers_at_once_one_stores_the_next_snapshot_and_nothing_is_left_out() -> None:
    """The other folds a late count, but the one that knew nothing of it is quicker to store."""
    stage = Stage()
    noon = stage.clock() - 2 * HOUR
    stage.tell("a", shown=10, reached=1)
    stage.clock.forward(CLOSED)
    store, quicker = stage.tallies.store, stage.worker()

    def meanwhile(*args: Any) -> bool:
        stage.tallies.store = store  # type: ignore[method-assign]
        stage.tell("late", noon, shown=90, reached=9)
        assert stage.learn() == 1
        return store(*args)

    stage.tallies.store = meanwhile  # type: ignore[assignment]
    assert quicker() == 0
    stage.tell("later", noon, shown=900, reached=9)
    stage.tallies.store = lambda *_: False  # type: ignore[method-assign]
    assert stage.learn() == 0
    stage.tallies.store = store  # type: ignore[method-assign]
    assert stage.learn() == 2
    assert stage.tallies.marked() == {}
    assert stage.tallies.load(2).propensity("umbrella", "web/known") == pytest.approx(0.019, abs=0.001)


@pytest.mark.parametrize("method", ["marked", "log", "put_sum", "sums", "latest", "store", "clear"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_who_dies_on_the_way_leaves_it_to_be_done_again(method: str, when: Any) -> None:
    whole, broken = Stage(), Stage()
    for stage in (whole, broken):
        stage.tell("a", shown=10, reached=1)
        stage.clock.forward(CLOSED)
    whole.learn()
    broken.tallies.fail_next(method, when)
    with pytest.raises(Unavailable):
        broken.learn()
    broken.learn()
    assert broken.tallies.snapshots == whole.tallies.snapshots
    assert (broken.tallies.marked(), broken.read()) == ({}, whole.read())


def test_a_snapshot_in_force_is_stored_anew_before_it_is_forgotten() -> None:
    stage = Stage()
    stage.tell("a", shown=10, reached=1)
    stage.learn()
    stage.clock.forward(RENEWED)
    assert stage.learn() == 2
    assert stage.tallies.load(2).propensities == stage.tallies.load(1).propensities


def test_what_was_counted_months_ago_is_forgotten() -> None:
    stage = Stage()
    stage.tell("a", shown=10, reached=1)
    stage.learn()
    stage.clock.forward(130 * DAY)
    stage.learn()
    assert stage.tallies.load(2) == Learned(version=2)


def test_what_went_to_many_a_minute_ago_is_not_taken_for_ignored() -> None:
    stage = Stage()
    stage.tell("a", shown=1000, reached=200)
    stage.learn()
    stage.tell("b", at=stage.clock(), shown=5000)
    assert stage.learn() == 1

    stage.clock.forward(2 * HOUR)
    assert stage.learn() == 2
    assert stage.tallies.load(2).propensity("umbrella") < 0.05


def test_an_outcome_is_learned_of_together_with_its_contact() -> None:
    stage = Stage()
    given = stage.clock()
    stage.tell("a", at=given, shown=1000)
    stage.clock.forward(20 * MINUTE)
    stage.tell("b", at=given, reached=300)
    assert stage.learn() == 0

    stage.clock.forward(HOUR)
    stage.tell("c", shown=1)
    stage.learn()
    assert stage.learned().propensity("umbrella") == pytest.approx(0.3, abs=0.02)


def test_what_goes_to_customers_has_a_day_to_be_answered() -> None:
    stage = Stage()
    stage.tell("a", channel="email", shown=1000, reached=5)
    stage.clock.forward(20 * HOUR)
    stage.learn()
    assert stage.tallies.snapshots == {}

    stage.clock.forward(6 * HOUR)
    stage.learn()
    assert stage.learned().propensity("umbrella", "email/known") < 0.01
