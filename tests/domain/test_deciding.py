"""Deciding: every stage and reason as a table of named cases, and what holds beyond single cases."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from chalicelib.domain import ledger
from chalicelib.domain.chance import chance
from chalicelib.domain.deciding import decide, odds_of
from chalicelib.domain.decision import Decision, Reason, Switches
from chalicelib.domain.instants import to_text
from chalicelib.domain.learning import Learned
from chalicelib.domain.view import view_for
from tests.domain.deciding_world import TABLE, ago, ask_of, now_of, profile_of, rules_of, switches_of

CASES = TABLE["cases"]
NOW = now_of({})


def decided(case: dict[str, Any]) -> Decision:
    now = now_of(case)
    return decide(
        profile_of(case.get("who", {}), now),
        ask_of(case.get("ask", {})),
        rules_of(case.get("book", {})),
        Learned(),
        switches_of(case.get("switches", {})),
        now,
        excluded=case.get("excluded", {}),
        tell=True,
    )


def given(decision: Decision) -> list[str]:
    return [f"{one.message}/{one.variant}@{one.channel}".replace("/plain", "") for one in decision.choices]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_case(case: dict[str, Any]) -> None:
    decision = decided(case)

    assert decision.outcome == case["outcome"]
    assert given(decision) == case.get("given", [])
    if "why" in case:
        assert decision.ruled_out == case["why"]
    if decision.choices:
        assert (
            to_text(decision.choices[0].held_until) if decision.choices[0].held_until else ""
        ) == case.get("held", "")
    for name in ("again", "probability"):
        if name in case:
            assert getattr(decision, name) == case[name]
    if "arms" in case:
        assert {name: arm for name, (arm, _) in decision.arms.items()} == case["arms"]
    if "decision" in case:
        assert decision.id == case["decision"]


def test_the_cases_have_names_of_their_own_and_cover_every_reason() -> None:
    names = [case["name"] for case in CASES]
    reasons = {reason for case in CASES for reason in case.get("why", {}).values()}

    assert len(set(names)) == len(names) >= 100
    assert reasons == {
        "no-address", "no-permission", "stopped", "paused", "suppressed", "not-yet-valid", "expired",
        "not-for-them", "holdout", "cap", "quiet", "below-silence", "outscored", "no-content",
        "template-failed", "switched-off",
    }  # fmt: skip


#: Where they come to us, no address is needed and the night doesn't matter.
ONLY_OUTBOUND = {"no-address", "stopped", "quiet"}


def test_every_reason_has_a_case_at_moments_and_at_placements() -> None:
    told = {
        (reason, "placement" in case.get("ask", {}))
        for case in CASES
        for reason in case.get("why", {}).values()
    }
    outbound = {reason for reason, inbound in told if not inbound}
    inbound = {reason for reason, inbound in told if inbound}

    assert outbound == set(get_args(Reason))
    assert inbound == outbound - ONLY_OUTBOUND


def test_the_same_moment_is_decided_once() -> None:
    profile, ask, rules = profile_of({}, NOW), ask_of({}), rules_of({})
    first = decide(profile, ask, rules, Learned(), Switches(), NOW)
    ledger.enact(profile, first, ask, rules)

    second = decide(profile, ask, rules, Learned(), Switches(), NOW + 5)

    assert second.again
    assert second.id == first.id
    assert [one.delivery for one in second.choices] == [one.delivery for one in first.choices]
    assert ledger.enact(profile, second, ask, rules) == []


def test_a_new_event_is_a_new_moment() -> None:
    profile, rules = profile_of({}, NOW), rules_of({})
    for cause in ("msg-1", "msg-2"):
        ask = ask_of({"cause": cause})
        ledger.enact(profile, decide(profile, ask, rules, Learned(), Switches(), NOW), ask, rules)

    assert len(profile.ledger.contacts) == 2


HERO = {"placement": "web.home.hero"}
NOT_GOLD = {"messages": {"umbrella": {"for": {"trait": "plan", "is": "gold"}}}}


def asked_twice(
    second: dict[str, Any], later: str = "+10m", *, version: int = 1, event: bool = False
) -> Decision:
    profile, rules = profile_of({}, NOW), rules_of(NOT_GOLD)
    ask = ask_of({**HERO, "cause": "1"})
    ledger.enact(profile, decide(profile, ask, rules, Learned(), Switches(), NOW), ask, rules)
    if event:
        profile.facts.last = NOW + 1
    again = ask_of({**HERO, "cause": "2", **second})
    return decide(profile, again, rules_of(NOT_GOLD, version), Learned(), Switches(), ago(later, NOW))


def test_nothing_stands_for_thirty_minutes() -> None:
    assert asked_twice({}, "+29m").again
    assert not asked_twice({}, "+30m").again


def test_nothing_stands_no_more_once_the_customer_did_something() -> None:
    assert not asked_twice({}, event=True).again


def test_nothing_stands_no_more_under_another_playbook() -> None:
    assert not asked_twice({}, version=2).again


def test_nothing_stands_no_more_when_the_facts_of_the_moment_change() -> None:
    assert not asked_twice({"context": {"weather": {"rain_mm": 12}}}).again
    assert asked_twice({"context": {"page": {"path": "/b"}, "userAgent": "x"}}).again


def test_nothing_stands_at_its_placement_only() -> None:
    assert not asked_twice({"placement": "callcentre.next"}).again


def test_nothing_does_not_stand_where_a_switch_was_the_cause() -> None:
    profile, rules, ask = profile_of({}, NOW), rules_of({}), ask_of({**HERO, "cause": "1"})
    off = decide(profile, ask, rules, Learned(), Switches(sending=False), NOW)
    ledger.enact(profile, off, ask, rules)

    on = decide(profile, ask_of({**HERO, "cause": "2"}), rules, Learned(), Switches(), NOW + 1)

    assert (off.outcome, on.outcome) == ("nothing", "offer")


def test_an_offer_given_by_e_mail_is_the_answer_on_the_web() -> None:
    profile, rules, ask = profile_of({}, NOW), rules_of({"messages": ["umbrella", "hat"]}), ask_of({})
    first = decide(profile, ask, rules, Learned(), Switches(), NOW)
    ledger.enact(profile, first, ask, rules)
    hero = ask_of({**HERO, "cause": "2"})

    answer = decide(profile, hero, rules, Learned(), Switches(), ago("+2h", NOW))
    ledger.enact(profile, answer, hero, rules)

    assert (answer.id, given(answer)) == (first.id, ["umbrella@web"])
    assert len(profile.ledger.contacts) == 1


@pytest.mark.parametrize(
    ("changes", "until"),
    [
        ({}, "2026-07-02T17:00:00.000Z"),
        ({"goal": {"did": "Order Completed", "within": "3d"}}, "2026-07-04T17:00:00.000Z"),
        (
            {"goal": {"did": "Order Completed", "within": "3d"}, "valid": {"until": "2026-07-03"}},
            "2026-07-03T05:00:00.000Z",
        ),
    ],
)
def test_an_offer_stands_until_its_validity_else_its_goals_window_else_a_day(
    changes: dict[str, Any], until: str
) -> None:
    decision = decided({"book": {"messages": {"umbrella": changes}}})

    assert to_text(decision.until) == until


def test_the_holdout_is_a_hash_of_the_customer() -> None:
    share = {"policies": {"holdout": {"share": "30%"}}}
    outcomes = {
        seed: decided({"who": {"seed": seed}, "book": share}).outcome for seed in "abcdefghijklmnopqrstuvwxyz"
    }

    assert {seed for seed, outcome in outcomes.items() if outcome == "nothing"} == {
        seed for seed in outcomes if chance("holdout", seed) < 0.3
    }
    assert set(outcomes.values()) == {"nothing", "offer"}


def test_probabilities_are_written_and_add_up() -> None:
    book = {"policies": {"explore": {"share": "10%"}}, "messages": ["umbrella", "hat", "story"]}
    decision = decided({"book": book})
    odds = {one.message: one.probability for one in decision.considered}

    assert sum(odds.values()) == pytest.approx(1)
    assert odds["hat"] == pytest.approx(0.1 * 2.0 / 6.2)
    assert odds["umbrella"] == pytest.approx(0.9 + 0.1 * 3.2 / 6.2)


def test_exploring_draws_by_score() -> None:
    book = {"policies": {"explore": {"share": "100%"}}, "messages": ["umbrella", "hat"]}
    rules = rules_of(book)
    drawn = [
        decide(
            profile_of({"seed": f"s{number}"}, NOW), ask_of({}), rules, Learned(), Switches(), NOW
        ).choices[0]
        for number in range(600)
    ]
    share = sum(one.message == "umbrella" for one in drawn) / len(drawn)

    assert share == pytest.approx(3.2 / 5.2, abs=0.06)
    assert {round(one.probability, 3) for one in drawn} == {0.615, 0.385}


def test_without_exploring_the_best_is_certain() -> None:
    assert decided({"book": {"messages": ["umbrella", "hat"]}}).choices[0].probability == 1.0


def test_the_parts_of_a_score_are_told() -> None:
    best = decided({"book": {"messages": {"umbrella": {"boost": 2}}}}).considered[0]

    assert best.parts == {"propensity": 0.05, "value": 3.2, "weight": 1.0, "boost": 2.0}
    assert best.score == pytest.approx(0.32)


def test_the_ten_best_are_kept() -> None:
    decision = decided(
        {"book": {"messages": {f"m{n}": {**TABLE["library"]["hat"], "value": n + 1} for n in range(15)}}}
    )

    assert [one.message for one in decision.considered] == [f"m{n}" for n in range(14, 4, -1)]
    assert len(decision.ruled_out) == 14


def test_ids_follow_from_their_cause() -> None:
    first, second = decided({}), decided({})
    other = decided({"ask": {"cause": "msg-2"}})

    assert first == second
    assert first.id.startswith("d_")
    assert len(first.id) == len("d_") + 20
    assert first.choices[0].delivery.startswith("m_")
    assert {other.id, other.choices[0].delivery}.isdisjoint({first.id, first.choices[0].delivery})


def test_deciding_changes_nothing() -> None:
    who = {"offers": [{"message": "hat"}], "contacts": [{"ago": "1h"}]}
    profile = profile_of(who, NOW)
    decide(profile, ask_of(HERO), rules_of({"messages": ["umbrella", "hat"]}), Learned(), Switches(), NOW)

    assert profile == profile_of(who, NOW)


def test_of_several_given_only_the_first_is_by_chance() -> None:
    plain = decided({"book": {"messages": ["umbrella", "hat", "story"]}, "ask": {**HERO, "limit": 3}})
    exploring = {"policies": {"explore": {"share": "50%"}}, "messages": ["umbrella", "hat", "story"]}
    drawn = decided({"book": exploring, "ask": {**HERO, "limit": 3}})

    assert [one.probability for one in plain.choices] == [1.0, 1.0, 1.0]
    assert plain.probability == 1.0
    assert drawn.probability == drawn.choices[0].probability < 1.0


MUTE = {
    "umbrella": {"variants": {"plain": {"sms": {"text": "Rain"}}, "bold": {"web": {"headline": "RAIN"}}}},
    "hat": {},
}


def test_what_says_nothing_here_leaves_its_chance_to_the_others() -> None:
    decision = decided({"book": {"messages": MUTE}, "ask": HERO})

    assert decision.ruled_out == {"umbrella": "no-content"}
    assert (decision.choices[0].message, decision.choices[0].probability) == ("hat", 1.0)


def test_the_odds_are_those_beside_what_stands() -> None:
    who = {"offers": [{"message": "umbrella"}]}
    profile, rules = profile_of(who, NOW), rules_of({"messages": ["umbrella", "hat"]})
    ask = ask_of({**HERO, "limit": 2})
    view = view_for(profile, ask, rules, Switches(), NOW, {})

    assert odds_of(view, ask, Learned()) == {"hat/plain": 1.0, "nothing": 0.0}
