"""Choice by chance: GrowthBook's own cases, and fair shares."""

from __future__ import annotations

import pytest

from chalicelib.domain.chance import chance, choose_arm


@pytest.mark.parametrize(
    ("seed", "value", "expected"), [("seed", "a", 0.0505), ("seed", "b", 0.2696), ("foo", "ab", 0.2575)]
)
def test_the_cases_of_the_specification(seed: str, value: str, expected: float) -> None:
    assert chance(seed, value) == expected


def test_shares_are_fair() -> None:
    below = sum(chance("holdout", f"p_{number}") < 0.05 for number in range(4000))

    assert below / 4000 == pytest.approx(0.05, abs=0.012)


@pytest.mark.parametrize(
    ("at", "arm"), [(0.0, "a"), (0.2999, "a"), (0.3, "b"), (0.8999, "b"), (0.9, None), (0.9999, None)]
)
def test_an_arm_is_the_range_of_the_cumulative_shares(at: float, arm: str | None) -> None:
    chosen = choose_arm(at, [("a", 0.1 + 0.2), ("b", 0.6)])

    assert (chosen and chosen[0]) == arm
