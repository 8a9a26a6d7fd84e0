"""Where each refusal begins."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from chalicelib.domain.evaluating.overlap import Overlap, refusal_of

ENOUGH = Overlap(decisions=100, customers=100, rewarded=5, weight=0.8, largest=0.1)


def test_just_enough_is_enough() -> None:
    assert refusal_of(ENOUGH, 10_000) == ""
    assert refusal_of(replace(ENOUGH, weight=1.25), 10_000) == ""


@pytest.mark.parametrize(
    ("overlap", "logged", "refused"),
    [
        (replace(ENOUGH, weight=0.79), 10_000, "unseen-choices"),
        (replace(ENOUGH, decisions=99.9), 5_000, "thin-overlap"),
        (replace(ENOUGH, customers=99.9), 5_000, "thin-overlap"),
        (replace(ENOUGH, decisions=900), 100_000, "thin-overlap"),
        (replace(ENOUGH, weight=1.26), 10_000, "wrong-probabilities"),
        (replace(ENOUGH, rewarded=4.9), 10_000, "few-rewards"),
        (Overlap(), 0, "no-decisions"),
    ],
)
def test_a_little_less_is_refused(overlap: Overlap, logged: int, refused: str) -> None:
    assert refusal_of(overlap, logged) == refused
