"""What three estimators say of a log, and when they say nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from chalicelib.domain.evaluating.estimating import Estimate, evaluate
from chalicelib.domain.evaluating.logged import Logged
from chalicelib.domain.evaluating.overlap import Overlap
from tests.domain.evaluating.logs import EVEN, RATES, Policy, log_of, worth

BOOTS: Policy = {"hat": 0.1, "scarf": 0.1, "boots": 0.7, "nothing": 0.1}


def values(estimate: Estimate) -> dict[str, float]:
    return {name: one.value.value for name, one in estimate.by.items()}


def test_the_logged_policy_earns_by_ips_exactly_what_was_earned_and_every_decision_counts() -> None:
    log = log_of(1, 1000, EVEN, EVEN)
    estimate = evaluate(log)

    assert estimate.by["ips"].value == estimate.by["snips"].value == estimate.today
    assert estimate.by["ips"].value.value == sum(row.reward for row in log) / 1000
    assert estimate.by["ips"].gain.low == estimate.by["ips"].gain.high == 0
    assert estimate.overlap.decisions == 1000
    assert estimate.overlap.weight == 1
    assert estimate.overlap.largest == 1 / 1000


def test_by_hand() -> None:
    target = {"hat": 0.75, "nothing": 0.25}
    hat = Logged("hat", 0.5, 2.0, target, {"hat": 1.0})
    nothing = Logged("nothing", 0.5, 1.0, target, {"hat": 1.0})
    estimate = evaluate(replace(row, customer=str(n)) for n in range(200) for row in (hat, nothing))

    assert values(estimate) == pytest.approx(
        {
            "ips": (1.5 * 2 + 0.5 * 1) / 2,
            "snips": (1.5 * 2 + 0.5 * 1) / 2,
            "dr": ((0.75 + 1.5 * (2 - 1)) + (0.75 + 0.5 * 1)) / 2,
        }
    )
    assert estimate.today is not None
    assert estimate.today.value == 1.5
    assert estimate.overlap.decisions == pytest.approx(400 / 1.25)
    assert (estimate.decisions, estimate.customers) == (400, 200)


def test_snips_moves_with_a_constant_that_is_added_to_all_rewards_and_ips_does_not() -> None:
    log = log_of(2, 2000, EVEN, BOOTS)
    before, after = evaluate(log), evaluate(replace(row, reward=row.reward + 10) for row in log)

    assert values(after)["snips"] == pytest.approx(values(before)["snips"] + 10)
    assert abs(values(after)["ips"] - values(before)["ips"] - 10) > 0.01


def test_doubly_robust_is_exact_when_the_model_is_right() -> None:
    log = [replace(row, reward=RATES[row.action], expected=RATES) for row in log_of(3, 1000, EVEN, BOOTS)]

    assert values(evaluate(log))["dr"] == pytest.approx(worth(BOOTS), abs=1e-12)
    assert values(evaluate(log))["ips"] != pytest.approx(worth(BOOTS), abs=1e-4)


def test_doubly_robust_stands_when_the_model_is_wrong() -> None:
    log = [replace(row, expected={"hat": 0.9, "boots": 0.0}) for row in log_of(4, 20_000, EVEN, BOOTS)]
    found = evaluate(log).by["dr"].value

    assert found.low < worth(BOOTS) < found.high


def test_a_gain_is_known_better_than_what_it_is_the_difference_of() -> None:
    nearly_even = {"hat": 0.2, "scarf": 0.25, "boots": 0.3, "nothing": 0.25}
    found = evaluate(log_of(5, 8000, EVEN, nearly_even)).by["dr"]

    assert 0 < found.gain.low < worth(nearly_even) - worth(EVEN) < found.gain.high
    assert found.gain.high - found.gain.low < (found.value.high - found.value.low) / 2


def test_the_order_of_rows_changes_nothing() -> None:
    log = log_of(6, 1000, EVEN, BOOTS, each=2)
    assert values(evaluate(reversed(log))) == pytest.approx(values(evaluate(log)))


Change = Callable[[Logged], Logged]
BY_POLICY: dict[str, tuple[str, int, Policy, Policy]] = {
    "nothing was logged": ("no-decisions", 0, EVEN, EVEN),
    "it would say what was never said": ("unseen-choices", 2000, EVEN, {"gloves": 0.5, "boots": 0.5}),
    "it would only say what was never said": ("unseen-choices", 2000, EVEN, {"gloves": 1.0}),
    "the log has few decisions": ("thin-overlap", 99, EVEN, EVEN),
    "it agrees with few of many": (
        "thin-overlap",
        20_000,
        {"hat": 0.996, "boots": 0.004},
        {"boots": 1.0},
    ),
}


@pytest.mark.parametrize("name", BY_POLICY)
def test_too_little_overlap_is_refused(name: str) -> None:
    refused, count, logging, target = BY_POLICY[name]
    estimate = evaluate(log_of(8, count, logging, target))

    assert (estimate.refused, estimate.by) == (refused, {})


def test_few_customers_with_many_decisions_are_refused() -> None:
    estimate = evaluate(log_of(1, 2000, EVEN, EVEN, each=40))

    assert (estimate.refused, estimate.overlap.decisions) == ("thin-overlap", 2000)


def test_probabilities_that_were_not_acted_on_are_refused() -> None:
    halved = (replace(row, propensity=row.propensity / 2) for row in log_of(1, 2000, EVEN, EVEN))
    assert evaluate(halved).refused == "wrong-probabilities"


def test_rewards_that_hang_on_a_few_customers_are_refused() -> None:
    log = [replace(row, reward=0.0) for row in log_of(1, 2000, EVEN, EVEN)]
    one_big_spender = [replace(row, reward=500.0 if n == 7 else row.reward) for n, row in enumerate(log)]

    assert evaluate(log).refused == "few-rewards"
    assert evaluate(one_big_spender).refused == "few-rewards"


def test_of_nothing_there_is_no_overlap() -> None:
    assert evaluate([]) == Estimate(0, 0, Overlap(), None, {}, "no-decisions")


@pytest.mark.parametrize("row", [(0.0, 1.0), (1.1, 1.0), (float("nan"), 1.0), (0.5, float("nan"))])
def test_a_probability_or_a_reward_that_cannot_be_is_an_error(row: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="hat"):
        Logged("hat", *row, target={})
