"""Choice by chance: GrowthBook's own cases, and fair shares."""

from __future__ import annotations

import pytest

from chalicelib.domain.chance import chance, choose_arm

#: Every case of version 2 in GrowthBook's specification 0.7.1: `hash` in its cases.json
#: (https://docs.growthbook.io/lib/build-your-own, also packages/sdk-js/test/cases.json of growthbook/growthbook).
HASHES = [
    ("seed", "a", 0.0505),
    ("seed", "b", 0.2696),
    ("foo", "ab", 0.2575),
    ("foo", "def", 0.2019),
    ("89123klj", "8952klfjas09ujkasdf", 0.124),
    ("90850943850283058242805", "123", 0.7516),
    ("()**(%$##$%#$#", '___)((*":&', 0.0128),
]
#: `getBucketRange` there, of those without `coverage`, which we have none of: shares, and the range of each arm.
RANGES: list[tuple[list[float], list[tuple[float, float]]]] = [
    ([0.5, 0.5], [(0, 0.5), (0.5, 1)]),
    ([0.25, 0.25, 0.25, 0.25], [(0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1)]),
    ([0.4, 0.6], [(0, 0.4), (0.4, 1)]),
    ([0.2, 0.3, 0.5], [(0, 0.2), (0.2, 0.5), (0.5, 1)]),
    ([0.4, 0.5999], [(0, 0.4), (0.4, 0.9999)]),
    ([0.5, 0.0, 0.5], [(0, 0.5), (0.5, 0.5), (0.5, 1)]),
]


@pytest.mark.parametrize(("seed", "value", "expected"), HASHES)
def test_the_cases_of_the_specification(seed: str, value: str, expected: float) -> None:
    assert chance(seed, value) == expected


@pytest.mark.parametrize(("shares", "ranges"), RANGES)
def test_the_ranges_of_the_specification(shares: list[float], ranges: list[tuple[float, float]]) -> None:
    split = [(f"arm {at}", share) for at, share in enumerate(shares)]
    fallen: dict[str, list[float]] = {}
    for step in range(10_000):
        chosen = choose_arm(step / 10_000, split)
        fallen.setdefault(chosen[0] if chosen else "none", []).append(step / 10_000)

    for (arm, _), (start, end) in zip(split, ranges, strict=True):
        found = fallen.get(arm, [])
        assert len(found) == round((end - start) * 10_000)
        assert not found or (found[0] == start and found[-1] == pytest.approx(end - 0.0001))
    assert len(fallen.get("none", [])) == round((1 - ranges[-1][1]) * 10_000)


def test_shares_are_fair() -> None:
    below = sum(chance("holdout", f"p_{number}") < 0.05 for number in range(4000))

    assert below / 4000 == pytest.approx(0.05, abs=0.012)


@pytest.mark.parametrize(
    ("at", "arm"), [(0.0, "a"), (0.2999, "a"), (0.3, "b"), (0.8999, "b"), (0.9, None), (0.9999, None)]
)
def test_an_arm_is_the_range_of_the_cumulative_shares(at: float, arm: str | None) -> None:
    chosen = choose_arm(at, [("a", 0.1 + 0.2), ("b", 0.6)])

    assert (chosen and chosen[0]) == arm
