"""Of many made-up logs, nine in ten intervals or more hold the truth (95 of 100 are meant to)."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from chalicelib.domain.evaluating.estimating import evaluate
from chalicelib.domain.evaluating.intervals import Interval
from tests.domain.evaluating.logs import EVEN, RATES, Policy, log_of, worth

RUNS = 200
BOOTS: Policy = {"hat": 0.1, "scarf": 0.1, "boots": 0.7, "nothing": 0.1}
HATS: Policy = {"hat": 0.7, "scarf": 0.1, "boots": 0.1, "nothing": 0.1}
OFTEN: Policy = {action: 2 * rate for action, rate in RATES.items()}


class Case(NamedTuple):
    name: str
    decisions: int
    logging: Policy
    target: Policy
    rates: Policy
    each: int = 1


CASES = (
    Case("from a log that mostly did something else", 320, HATS, EVEN, OFTEN),
    Case("to a policy that prefers what earns little", 500, EVEN, HATS, RATES),
    Case("customers with many decisions each", 600, EVEN, BOOTS, OFTEN, each=4),
)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_intervals_hold_the_truth(case: Case) -> None:
    truth, today = worth(case.target, case.rates), worth(case.logging, case.rates)
    held: dict[str, int] = {}
    told = 0
    for seed in range(RUNS):
        estimate = evaluate(log_of(seed, *case[1:]))
        if estimate.refused:
            continue
        told += 1
        assert estimate.today is not None
        found: dict[str, tuple[Interval, float]] = {
            name: (one.value, truth) for name, one in estimate.by.items()
        }
        gain = estimate.by["dr"].gain
        for name, (one, true) in {
            **found,
            "gain": (gain, truth - today),
            "today": (estimate.today, today),
        }.items():
            held[name] = held.get(name, 0) + (one.low <= true <= one.high)
    assert told > RUNS * 0.7
    assert {name: count for name, count in held.items() if count < 0.9 * told} == {}


def test_where_the_few_who_count_bought_nothing_the_interval_still_says_what_they_might_have() -> None:
    mostly_hats: Policy = {"hat": 0.95, "boots": 0.05}
    log = log_of(1, 4000, mostly_hats, {"hat": 0.01, "boots": 0.99}, {**RATES, "boots": 0.0})
    estimate = evaluate(log)
    of_three = 3 / sum(row.action == "boots" for row in log)  # the rule of three: none of n is at most 3 / n

    for one in estimate.by.values():
        assert one.value.value < 0.002
        assert of_three < one.value.high < 4 * of_three
    assert not estimate.refused


def test_a_customer_is_one_however_many_decisions_they_had() -> None:
    log = log_of(3, 1000, EVEN, EVEN)
    often = evaluate([row for row in log for _ in range(4)])
    once = evaluate(log)

    assert often.by["ips"].value.value == pytest.approx(once.by["ips"].value.value)
    assert often.by["ips"].value.high == pytest.approx(once.by["ips"].value.high)
