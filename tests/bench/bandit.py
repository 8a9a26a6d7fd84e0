"""Off-policy evaluation on the Open Bandit Dataset: does it recover what a policy is known to have earned.

Two campaigns, 10,000 rounds each, logged under a uniform policy (Saito et al., Open Bandit Dataset and Pipeline, 2021).
It has no customer ids, so each round is a customer of its own. Rounds are halved at random, many times: of the women's
first 5,000 in time 15 were clicked and of the rest 31, so halves in time tell of the week, not of the estimators.
"""

from __future__ import annotations

import csv
import gzip
import os
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import exp, hypot
from pathlib import Path
from typing import NamedTuple

from chalicelib.domain.evaluating.estimating import Estimate, Estimator, evaluate
from chalicelib.domain.evaluating.expecting import expectations, half
from chalicelib.domain.evaluating.intervals import Interval
from chalicelib.domain.evaluating.logged import Logged
from tests.bench.rows import Row, of_this_machine

ROUNDS = Path(os.environ.get("TOPEKA_DATA", "../shared/data")) / "open-bandit"
ESTIMATORS: tuple[Estimator, ...] = ("ips", "snips", "dr")
HALVINGS = 100
MANY = 100_000

Policy = Mapping[str, float]


class Round(NamedTuple):
    """An item that was shown, with what probability, and whether it was clicked."""

    id: str
    item: str
    propensity: float
    click: float


def run() -> Sequence[Row]:
    """How often the intervals miss, what they are, and the speed."""
    if not ROUNDS.is_dir():
        print(f"bandit: {ROUNDS} is not there, so nothing was evaluated")
        return []
    rows: list[Row] = []
    for campaign in ("men", "women"):
        rounds = rounds_of(campaign)
        halves = [_halved(rounds, number) for number in range(HALVINGS)]
        halvings = [(first, _earned(second)) for first, second in halves]
        rows += _recovered(f"{campaign}: the logging policy", halvings, lambda first: first)
        rows += _recovered(f"{campaign}: it, from another's log", halvings, _of_another)
        rows += _popular(campaign, *halves[0])
    return [*rows, _speed(rounds_of("men"))]


def rounds_of(campaign: str) -> list[Round]:
    """The campaign's rounds, in order of time."""
    with gzip.open(ROUNDS / campaign / f"{campaign}.csv.gz", "rt") as lines:
        return [
            Round(f"{campaign}-{number}", row["item_id"], float(row["propensity_score"]), float(row["click"]))
            for number, row in enumerate(csv.DictReader(lines))
        ]


def _halved(rounds: list[Round], number: int) -> tuple[list[Round], list[Round]]:
    shuffled = random.Random(number).sample(rounds, len(rounds))
    return shuffled[: len(shuffled) // 2], shuffled[len(shuffled) // 2 :]


def _of_another(rounds: list[Round]) -> list[Round]:
    """The log of a policy that shows every other item four times as often: the rounds that it would have shown too."""
    shares = {item: 4.0 if int(item) % 2 else 1.0 for item in _uniform(rounds)}
    total, chance = sum(shares.values()), random.Random(rounds[0].id)
    return [
        one._replace(propensity=shares[one.item] / total)
        for one in rounds
        if chance.random() < shares[one.item] / 4
    ]


def _recovered(
    name: str, halvings: list[tuple[list[Round], Interval]], log: Callable[[list[Round]], list[Round]]
) -> list[Row]:
    """From the log of one half, what the uniform policy earns, held against what it did earn in the other half."""
    missed = dict.fromkeys(ESTIMATORS, 0)
    notes = dict.fromkeys(ESTIMATORS, "")
    for first, known in halvings:
        estimate = evaluated(log(first), _uniform(first))
        for one in ESTIMATORS:
            found = estimate.by[one].value if one in estimate.by else None
            missed[one] += found is None or _halves(found, known) > 1
            notes[one] = notes[one] or _note(estimate, found, known)
    return [
        Row(f"{name}, {one}, missed", 100 * missed[one] / len(halvings), "%", 10, f"e.g. {notes[one]}")
        for one in ESTIMATORS
    ]


def _halves(found: Interval, known: Interval) -> float:
    """The gap over the half interval of a difference: both are means of rounds of their own."""
    if found.value > known.value:
        half = hypot(found.value - found.low, known.high - known.value)
    else:
        half = hypot(found.high - found.value, known.value - known.low)
    return abs(found.value - known.value) / half


def _note(estimate: Estimate, found: Interval | None, known: Interval) -> str:
    if found is None:
        return estimate.refused
    worth = f"worth {estimate.overlap.decisions:,.0f} of {estimate.decisions:,}"
    return f"{found.value:.5f} ({found.low:.5f} to {found.high:.5f}), was {known.value:.5f}; {worth}"


def _popular(campaign: str, first: list[Round], second: list[Round]) -> list[Row]:
    """From the second half, a policy that prefers what was clicked in the first: the estimators must agree."""
    estimate, today = evaluated(second, _softmax(first)), _earned(second)
    assert not estimate.refused, estimate.refused
    found = [estimate.by[one].value for one in ESTIMATORS]
    apart = max(
        (abs(one.value - other.value) / min(other.high - other.value, other.value - other.low))
        for one in found
        for other in found
    )
    notes = "; ".join(f"{one.value:.5f} ({one.low:.5f} to {one.high:.5f})" for one in found)
    worth = (
        f"uniform earned {today.value:.5f}; worth {estimate.overlap.decisions:,.0f} of {estimate.decisions:,}"
    )
    return [Row(f"{campaign}: popular items, ips, snips, dr apart", apart, "halves", 1, f"{notes}; {worth}")]


def evaluated(rounds: Iterable[Round], policy: Policy) -> Estimate:
    """What the policy would have earned on the rounds."""
    rounds = list(rounds)
    learned = expectations((one.id, one.item, one.click) for one in rounds)
    expected = {
        half(one.id): learned.of(one.id, policy) for one in rounds[:100]
    }  # both halves are among these
    return evaluate(
        Logged(one.item, one.propensity, one.click, policy, expected[half(one.id)], one.id) for one in rounds
    )


def _uniform(rounds: Iterable[Round]) -> Policy:
    items = sorted({one.item for one in rounds})
    return dict.fromkeys(items, 1 / len(items))


def _softmax(rounds: Iterable[Round]) -> Policy:
    """Of the clicks each item had, at temperature 1."""
    clicks: dict[str, float] = {}
    for one in rounds:
        clicks[one.item] = clicks.get(one.item, 0.0) + one.click
    total = sum(exp(count) for count in clicks.values())
    return {item: exp(count) / total for item, count in clicks.items()}


def _earned(rounds: Iterable[Round]) -> Interval:
    today = evaluate(Logged(one.item, 1.0, one.click, {one.item: 1.0}, {}, one.id) for one in rounds).today
    assert today is not None
    return today


def _speed(rounds: list[Round]) -> Row:
    """Model and estimates of 100,000 decisions among 34 items."""
    policy = _softmax(rounds)
    many = [one._replace(id=f"{copy}-{one.id}") for copy in range(MANY // len(rounds)) for one in rounds]
    started = time.process_time()
    evaluated(many, policy)
    seconds = time.process_time() - started
    name = f"{len(many):,} decisions among {len(policy)} items evaluated"
    return Row(name, seconds, "s CPU", 5, f"{len(many) / seconds:,.0f} a second", of_this_machine())
