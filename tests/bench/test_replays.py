"""The bench's replays find what learns nothing, and what takes a log for what it is not."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from chalicelib.domain.evaluating.estimating import Estimate, evaluate
from chalicelib.domain.evaluating.logged import Logged
from chalicelib.domain.learning import Learned
from tests.bench import bandit, experiment

VISITS = {"mens": 0.3, "womens": 0.1}
CLICKS = {"1": 0.3, "2": 0.05, "3": 0.3, "4": 0.05}


def mailed() -> list[experiment.Logged]:
    """An experiment whose better arm is visited three times as often."""
    chance = random.Random(1)
    return [(arm, chance.random() < VISITS[arm]) for arm in chance.choices(list(VISITS), k=6_000)]


def test_a_split_that_learns_earns_more_than_an_even_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "ORDERS", 1)
    assert all(row.met for row in experiment._rows("x", mailed(), list(VISITS)))


def test_a_split_that_never_learns_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "ORDERS", 1)
    monkeypatch.setattr(experiment, "learn", lambda *_: Learned())
    missed = {row.name for row in experiment._rows("x", mailed(), list(VISITS)) if not row.met}
    assert {"x: the whole run below the best arm", "x: the last quarter below the best arm"} <= missed


def shown(count: int) -> list[bandit.Round]:
    """Items shown evenly, of which every other is clicked six times as often."""
    chance = random.Random(2)
    items = chance.choices(list(CLICKS), k=count)
    return [
        bandit.Round(f"r-{number}", item, 0.25, float(chance.random() < CLICKS[item]))
        for number, item in enumerate(items)
    ]


def blind(logged: Iterable[Logged]) -> Estimate:
    """Takes every log for that of the policy it is asked about."""
    return evaluate(
        Logged(one.action, one.target[one.action], one.reward, one.target, {}, one.customer) for one in logged
    )


def test_an_estimator_that_ignores_who_logged_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds = [bandit._halved(shown(4_000), number) for number in range(8)]
    halvings = [(first, bandit._earned(second)) for first, second in rounds]
    honest = bandit._recovered("x", halvings, bandit._of_another)
    monkeypatch.setattr(bandit, "evaluate", blind)
    broken = bandit._recovered("x", halvings, bandit._of_another)
    assert [row.figure for row in honest] == pytest.approx([0] * 3, abs=25)
    assert [row.figure for row in broken] == [100, 100, 100]
    assert not any(row.met for row in broken)
