"""What actions are expected to earn."""

from __future__ import annotations

import random

import pytest

from chalicelib.domain.evaluating.expecting import Outcome, expectations, half


def shop(rates: dict[str, float], count: int = 4000) -> list[Outcome]:
    chance = random.Random(5)
    return [
        (f"c{number}", action, float(chance.random() < rates[action]))
        for number in range(count)
        for action in [chance.choice(sorted(rates))]
    ]


@pytest.mark.parametrize("number", [0, 1])
def test_what_is_expected_of_a_customer_does_not_know_what_they_did(number: int) -> None:
    log = shop({"hat": 0.1, "boots": 0.5})
    customer = next(who for who, _, _ in log if half(who) == number)
    changed = [(who, action, 1000.0 if who == customer else reward) for who, action, reward in log]
    other = next(who for who, _, _ in log if half(who) != number)

    def expected(log: list[Outcome], of: str) -> dict[str, float]:
        return expectations(log).of(of, ["hat", "boots"])

    assert expected(log, customer) == expected(changed, customer)
    assert expected(log, other) != expected(changed, other)


def test_customers_fall_in_two_like_halves() -> None:
    assert sum(half(f"p_{number:08x}") for number in range(10_000)) == pytest.approx(5000, abs=250)


def test_actions_that_differ_keep_their_means_and_those_that_do_not_share_one() -> None:
    differing = expectations(shop({"hat": 0.1, "boots": 0.5})).of("c0", ["hat", "boots"])
    alike = expectations(
        [("c" + str(n), ("hat", "boots")[n // 2 % 2], float(n // 4 % 2)) for n in range(4000)]
    )

    assert differing == pytest.approx({"hat": 0.1, "boots": 0.5}, abs=0.04)
    assert alike.of("c0", ["hat"])["hat"] == pytest.approx(alike.of("c0", ["boots"])["boots"], abs=0.01)


def test_an_action_seen_once_counts_for_little() -> None:
    log = [*shop({"hat": 0.1, "boots": 0.5}), ("late1", "gloves", 1.0), ("late2", "gloves", 1.0)]
    other_half = next(name for name in ("a", "b", "c", "d") if half(name) != half("late1"))

    gloves = expectations(log).of(other_half, ["gloves"])["gloves"]
    assert 0.3 < gloves < 1.0


def test_an_action_never_seen_is_expected_to_earn_what_all_do() -> None:
    log = shop({"hat": 0.2, "boots": 0.4})
    assert expectations(log).of("c0", ["gloves"])["gloves"] == pytest.approx(0.3, abs=0.03)


def test_of_nothing_nothing_is_expected() -> None:
    assert expectations([]).of("c0", ["hat"]) == {"hat": 0.0}
