"""From what was counted to what deciding looks up."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.cells import MESSAGE, Cells, message_cell, row
from chalicelib.domain.chance import choose_arm
from chalicelib.domain.learning import PRIOR, STAGES, Learned
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.playbook.parsing import parse
from chalicelib.domain.snapshots import SMALLEST_ARM, candidates, learn, shares_of

SHOP = """
playbook: 1
name: Shop
topics: {offers: {label: Offers, default: assume}}
senders: {email: Shop <shop@example.com>, sms: {US: "+17855550100"}}
placements: {web.home: {channel: web}, web.cart: {channel: web}}
moments: {rain: {event: Rain Started}}
messages:
  umbrella:
    kind: offer
    topic: offers
    placements: [web.home]
    moments: [rain]
    channels: [sms, email]
    value: 3
    variants:
      plain: {web: {headline: Dry}, sms: {text: Dry}, email: {subject: Dry, text: Dry}}
      cheerful: {web: {headline: Sing}, sms: {text: Sing}, email: {subject: Sing, text: Sing}}
  boots:
    {kind: offer, topic: offers, placements: [web.home], value: 3, boost: 1.5, variants: {v: {web: {headline: Warm}}}}
  hat: {kind: brand, topic: offers, placements: [web.cart], value: 1, variants: {v: {web: {headline: Hat}}}}
  receipt: {kind: service, placements: [web.home], variants: {v: {web: {headline: Thanks}}}}
experiments:
  copy: {message: umbrella, split: learn}
"""


def playbook(text: str = SHOP) -> Playbook:
    found, faults, *_ = parse(text)
    assert found is not None, faults
    return found


def cell(
    message: str = "umbrella", variant: str = "plain", channel: str = "web", stage: str = "known", **sums: Any
) -> Cells:
    return {message_cell(message, variant, channel, stage): row(MESSAGE, **sums)}


def test_of_nothing_nothing_is_learned() -> None:
    assert learn({}, playbook()) == Learned()


def test_what_is_expected_is_told_by_bucket_and_as_a_whole() -> None:
    learned = learn(cell(shown=1000, reached=200) | cell(channel="sms", shown=1000, reached=20), playbook())
    assert set(learned.propensities["umbrella"]) == {"", "web/known", "sms/known"}
    assert learned.propensity("umbrella", "web/known") == pytest.approx(0.19, abs=0.02)
    assert learned.propensity("umbrella", "sms/known") == pytest.approx(0.03, abs=0.02)
    assert learned.propensity("umbrella", "web/buyer") == learned.propensity("umbrella")
    assert all(value == round(value, 6) for value in learned.propensities["umbrella"].values())


def test_of_a_message_never_given_is_expected_what_others_do() -> None:
    learned = learn(cell(shown=1000, reached=200), playbook())
    assert learned.propensity("boots", "web/known") == learned.prior == pytest.approx(0.197, abs=0.003)
    assert Learned().prior == PRIOR


def test_variants_are_told_where_there_are_several() -> None:
    learned = learn(
        cell(shown=1000, reached=200) | cell(variant="cheerful", shown=1000, reached=100)
        | cell("boots", "v", shown=100, reached=3), playbook(),
    )  # fmt: skip
    assert set(learned.variants) == {"umbrella"}
    plain, cheerful = (learned.propensity_of("umbrella", each, "web/known") for each in ("plain", "cheerful"))
    assert plain > learned.propensity("umbrella", "web/known") > cheerful
    assert learned.propensity_of("umbrella", "plain", "sms/buyer") == learned.propensity_of(
        "umbrella", "plain"
    )
    assert learned.propensity_of("boots", "v", "web/known") == learned.propensity("boots", "web/known")


@pytest.mark.parametrize(
    ("sums", "worth"),
    [
        ({"shown": 10, "reached": 5}, 3),
        ({"shown": 10, "reached": 1, "revenue": 24, "orders": 1}, 4),
        ({"shown": 10, "reached": 5, "revenue": 0, "orders": 20}, 1.5),
        ({"shown": 100_000, "reached": 50_000, "revenue": 500_000, "orders": 50_000}, 10),
    ],
    ids=["no revenue: as stated", "one order weighs a twenty-first", "twenty weigh a half", "many are all"],
)
def test_what_a_goal_is_worth_is_learned_of_revenue(sums: dict[str, Any], worth: float) -> None:
    assert learn(cell(**sums), playbook()).value("umbrella", 3) == pytest.approx(worth, rel=0.01)


def test_candidates_are_told_by_placement_and_moment_with_their_channels() -> None:
    assert candidates(playbook()) == {
        "web.home": [("umbrella", "web"), ("boots", "web")],
        "web.cart": [("hat", "web")],
        "rain": [("umbrella", "sms"), ("umbrella", "email")],
    }


def test_which_is_best_is_told_for_every_stage_where_any_was_given() -> None:
    learned = learn(cell(shown=5000, reached=1000) | cell("boots", "v", shown=5000, reached=50), playbook())
    assert set(learned.best) == {"web.home", "rain"}
    assert set(learned.best["web.home"]) == set(STAGES)
    assert learned.chance_of_best("web.home", "known", "umbrella", "web") == pytest.approx(0.99, abs=0.001)
    assert learned.chance_of_best("web.home", "known", "boots", "web") == pytest.approx(0.01, abs=0.001)
    assert learned.chance_of_best("web.cart", "known", "hat", "web") is None


def test_worth_and_boost_count_as_much_as_how_likely_the_goal_is() -> None:
    even = cell(shown=5000, reached=750) | cell("boots", "v", shown=5000, reached=500)
    home = learn(even, playbook()).best["web.home"]["known"]
    assert home["boots@web"] == pytest.approx(
        0.5, abs=0.1
    )  # two thirds as likely, half as much again by its boost
    dearer = even | cell("boots", "v", shown=5000, reached=500, revenue=3000, orders=500)
    assert learn(dearer, playbook()).best["web.home"]["known"]["boots@web"] > 0.98


@given(st.dictionaries(
    st.tuples(st.sampled_from(["umbrella", "boots", "hat"]), st.sampled_from(["plain", "cheerful", "v"]),
              st.sampled_from(["web", "sms"]), st.sampled_from(STAGES)),
    st.tuples(st.integers(0, 500), st.integers(0, 500), st.integers(0, 900), st.integers(0, 50)), max_size=8,
))  # fmt: skip
def test_chances_and_shares_add_up_and_everybody_has_some(counted: dict[Any, Any]) -> None:
    cells = {message_cell(*where): [float(each) for each in sums] for where, sums in counted.items()}
    learned = learn(cells, playbook())
    for stages in learned.best.values():
        for chances in stages.values():
            assert sum(chances.values()) == pytest.approx(1, abs=1e-5)
            assert min(chances.values()) >= min(0.01, 0.1 / len(chances)) - 1e-6
    for shares in learned.splits.get("copy", {}).values():
        assert [arm for arm, _ in shares] == ["plain", "cheerful"]
        assert sum(share for _, share in shares) == pytest.approx(1)
        assert min(share for _, share in shares) >= SMALLEST_ARM
        assert choose_arm(0.9999, shares) is not None


def test_a_split_is_learned_by_bucket_and_as_a_whole() -> None:
    learned = learn(
        cell(shown=2000, reached=200) | cell(variant="cheerful", shown=2000, reached=300)
        | cell(channel="sms", shown=2000, reached=300)
        | cell(variant="cheerful", channel="sms", shown=2000, reached=100),
        playbook(),
    )  # fmt: skip
    split = {bucket: dict(shares) for bucket, shares in learned.splits["copy"].items()}
    assert split["web/known"]["cheerful"] > 0.95
    assert split["sms/known"]["plain"] == 0.99
    assert split[""]["plain"] > 0.9
    assert learned.split("copy", "email/buyer") == learned.splits["copy"][""]


def test_an_experiment_whose_message_was_never_given_has_no_learned_split_yet() -> None:
    assert learn(cell("boots", "v", shown=10), playbook()).split("copy", "web/known") is None


def test_an_experiment_with_stated_shares_has_none() -> None:
    stated = playbook(SHOP.replace("split: learn", "split: {plain: 50%, cheerful: 50%}"))
    assert learn(cell(shown=10), stated).splits == {}


@pytest.mark.parametrize(
    ("chances", "shares"),
    [
        ([1.0, 0.0], [0.99, 0.01]),
        ([0.5, 0.5], [0.5, 0.5]),
        ([1 / 3, 1 / 3, 1 / 3], [0.3334, 0.3333, 0.3333]),
        ([1.0, *[0.0] * 99], [0.505, *[0.005] * 99]),
    ],
    ids=["a floor", "even", "a third each", "a hundred arms"],
)
def test_shares_keep_a_floor_and_add_up_in_ten_thousandths(chances: list[float], shares: list[float]) -> None:
    found = shares_of([f"arm-{at}" for at in range(len(chances))], chances)
    assert [share for _, share in found] == shares


def test_what_was_counted_of_a_message_the_playbook_has_no_more_is_still_told() -> None:
    learned = learn(cell("old", "v", shown=1000, reached=100, revenue=5, orders=1), playbook())
    assert learned.propensity("old", "web/known") == pytest.approx(0.1, abs=0.01)
    assert learned.values == {}


def test_it_is_the_same_whatever_order_cells_come_in() -> None:
    cells = (
        cell(shown=70, reached=9)
        | cell("boots", "v", shown=50, reached=7)
        | cell(variant="cheerful", shown=9, reached=1)
    )
    assert learn(cells, playbook()) == learn(dict(reversed(cells.items())), playbook())
