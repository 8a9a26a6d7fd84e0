"""An estimate in words."""

from __future__ import annotations

import msgspec
import pytest

from chalicelib.domain.evaluating.estimating import Estimate, Estimated, evaluate
from chalicelib.domain.evaluating.intervals import Interval
from chalicelib.domain.evaluating.overlap import Overlap
from chalicelib.domain.evaluating.telling import told
from tests.domain.evaluating.logs import EVEN, log_of

OVERLAP = Overlap(2500, 2000, 60, 1.01, 0.001)
TODAY = Interval(0.0412, 0.0391, 0.0433)
VALUE = Interval(0.0431, 0.0382, 0.0484)


def words(gain: Interval, overlap: Overlap = OVERLAP) -> str:
    one = Estimated(VALUE, gain)
    estimate = Estimate(10_000, 8_000, overlap, TODAY, {"ips": one, "snips": one, "dr": one})
    return str(told(estimate)["words"])


def test_what_it_would_have_earned_beside_what_was() -> None:
    assert words(Interval(0.0019, -0.0031, 0.0072)) == (
        "It would have earned 0.043 per decision (between 0.038 and 0.048) where today's playbook earned 0.0412 "
        "(between 0.0391 and 0.0433): too close to call (between 0.003 less and 0.007 more)."
    )


def test_more_less_and_the_same() -> None:
    assert words(Interval(0.0019, 0.0004, 0.0034)).endswith(": 0.0019 more (between 0.0004 and 0.0034).")
    assert words(Interval(-12.3, -20.1, -4.2)).endswith(": 12 less (between 4 and 20).")
    assert words(Interval(0.0, 0.0, 0.0)).endswith(": the same.")


def test_what_was_never_tried_is_said() -> None:
    assert words(Interval(0.0, 0.0, 0.0), Overlap(900, 800, 60, 0.88, 0.01)).endswith(
        "About 12% of what it would do was never tried; that part is a guess."
    )


def test_a_refusal_says_what_to_do() -> None:
    thin = told(Estimate(20_000, 9_000, Overlap(81, 80, 3, 1.1, 0.03), TODAY, {}, "thin-overlap"))

    assert thin["words"] == (
        "No estimate: it agrees so rarely with what was done that the 20,000 logged decisions are worth 81, of 80 "
        "customers (200 decisions of 100 customers are needed). To find out, turn on `explore` (or raise its share), "
        "let it run for some days, and evaluate again; or take more days."
    )


@pytest.mark.parametrize(
    ("estimate", "said"),
    [
        (Estimate(0, 0, Overlap(), None, {}, "no-decisions"), "Nothing was decided"),
        (
            Estimate(5, 1, Overlap(5, 1, 0, 1.0, 1.0), None, {}, "thin-overlap"),
            "in decisions: 5; in customers: 1.",
        ),
        (
            Estimate(900, 900, Overlap(200, 200, 9, 0.3, 0.1), TODAY, {}, "unseen-choices"),
            "about 70% of what",
        ),
        (
            Estimate(900, 900, Overlap(200, 200, 9, 2.0, 0.1), TODAY, {}, "wrong-probabilities"),
            "is 2.00, and",
        ),
        (
            Estimate(900, 900, Overlap(200, 200, 1.5, 1.0, 0.1), TODAY, {}, "few-rewards"),
            "worth 1.5 customers",
        ),
    ],
    ids=lambda case: case.refused if isinstance(case, Estimate) else "",
)
def test_every_refusal_has_its_words(estimate: Estimate, said: str) -> None:
    assert said in told(estimate)["words"]


def test_it_is_ready_for_json_with_every_estimators_figures() -> None:
    found = msgspec.json.decode(msgspec.json.encode(told(evaluate(log_of(1, 1000, EVEN, EVEN)))))

    assert set(found) == {"decisions", "customers", "overlap", "today", "by", "refused", "words"}
    assert set(found["by"]) == {"ips", "snips", "dr"}
    assert set(found["by"]["dr"]["gain"]) == {"value", "low", "high"}
