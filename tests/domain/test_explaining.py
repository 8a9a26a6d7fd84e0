"""Explaining: every message that was considered, each with its score and parts or with a reason in words."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from chalicelib.domain.deciding import decide
from chalicelib.domain.explaining import explain
from chalicelib.domain.learning import Learned
from chalicelib.domain.ledger import enact
from tests.domain.deciding_world import TABLE, ask_of, now_of, profile_of, rules_of, switches_of


def explained(case: dict[str, Any]) -> dict[str, Any]:
    now, rules = now_of(case), rules_of(case.get("book", {}))
    profile, ask = profile_of(case.get("who", {}), now), ask_of(case.get("ask", {}))
    switches = switches_of(case.get("switches", {}))
    decision = decide(
        profile, ask, rules, Learned(), switches, now, excluded=case.get("excluded", {}), tell=True
    )
    return explain(profile, ask, rules, Learned(), switches, now, decision)


def case_named(name: str) -> dict[str, Any]:
    return next(case for case in TABLE["cases"] if case["name"] == name)


@pytest.mark.parametrize("case", TABLE["cases"], ids=[case["name"] for case in TABLE["cases"]])
def test_every_message_has_its_score_or_its_reason_in_words(case: dict[str, Any]) -> None:
    told = explained(case)
    reasons = {one["message"]: one["reason"] for one in told["messages"] if one.get("reason")}

    msgspec.json.encode(told)
    if "why" in case:
        assert reasons == case["why"]
    for one in told["messages"]:
        if one.get("reason"):
            assert one["words"]


@pytest.mark.parametrize(
    ("name", "message", "words"),
    [
        ("address: none at all", "umbrella", "no address for push, sms, email"),
        (
            "permission: never asked is no under ask",
            "umbrella",
            "no permission for offers (push: never, sms: never, email: never)",
        ),
        ("stops: a bounced address", "hat", "email address bounced"),
        ("validity: not yet", "umbrella", "valid from 2026-07-02 00:00"),
        ("caps: of a message, not of others", "umbrella", "has had 1 message per 7d (umbrella)"),
        (
            "pause: three ignored in a row",
            "umbrella",
            "offers rests until 2026-07-30 12:00: 3 in a row were ignored",
        ),
        (
            "quiet: over before it may be said",
            "umbrella",
            "not now: 22:40 in America/Chicago, quiet until 08:00, when it is no longer valid",
        ),
        ("silence: nothing worth saying", "umbrella", "worth 0.16, and under 0.2 nothing is said"),
        ("holdout: nothing promotional", "umbrella", "in the holdout of 100%: hears service messages only"),
        ("switches: a message, so the next best", "umbrella", "the message is switched off"),
        ("limit: one", "hat", "umbrella came before it"),
    ],
)
def test_the_words_of_a_reason(name: str, message: str, words: str) -> None:
    told = explained(case_named(name))

    assert [one["words"] for one in told["messages"] if one["message"] == message] == [words]


def test_what_is_held_says_where_it_is_night() -> None:
    case = {**case_named("quiet: held until the end, on the first channel")}
    case["who"] = {"location": {"city": "Topeka", "region": "KS", "country": "US"}}

    assert explained(case)["messages"][0]["words"] == "held: 22:40 in Topeka, quiet until 08:00"


def test_scores_come_with_their_parts_best_first() -> None:
    told = explained({"book": {"messages": ["story", "hat", "umbrella"]}})["messages"]

    assert [(one["message"], round(one["score"], 3)) for one in told] == [
        ("umbrella", 0.16),
        ("hat", 0.1),
        ("story", 0.05),
    ]
    assert all(set(one["parts"]) == {"propensity", "value", "weight", "boost"} for one in told)


def test_all_are_explained_not_only_the_ten_best() -> None:
    many = {f"m{n}": {**TABLE["library"]["hat"], "value": n + 1} for n in range(30)}

    assert len(explained({"book": {"messages": many}})["messages"]) == 30


def test_a_condition_that_failed_is_named() -> None:
    told = explained(case_named("for: too little rain"))["messages"][0]

    assert told["reason"] == "not-for-them"
    assert "rain" in told["words"]


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        ({}, "umbrella came before it"),
        ({"placement": "web.home.hero"}, "outage came before it"),
    ],
    ids=["service goes out beside the best", "service takes the only place"],
)
def test_what_took_the_place_of_the_outscored_is_named(ask: dict[str, Any], words: str) -> None:
    told = explained({"book": {"messages": ["hat", "umbrella", "outage"]}, "ask": ask})["messages"]

    assert [one["words"] for one in told if one["message"] == "hat"] == [words]


def test_nothing_that_stands_from_before_is_explained_afresh() -> None:
    case: dict[str, Any] = {"book": {"messages": ["umbrella"], "policies": {"silence": {"below": 1}}}}
    now, rules = now_of(case), rules_of(case["book"])
    profile = profile_of({}, now)
    first, again = (ask_of({"placement": "web.home.hero", "cause": cause}) for cause in ("a", "b"))
    made = decide(profile, first, rules, Learned(), switches_of({}), now)
    enact(profile, made, first, rules)
    later = decide(profile, again, rules, Learned(), switches_of({}), now + 1)
    told = explain(profile, again, rules, Learned(), switches_of({}), now + 1, later)

    assert (told["decision"], told["again"]) == (made.id, True)
    assert [(one["message"], one["reason"]) for one in told["messages"]] == [("umbrella", "below-silence")]


def test_what_could_be_said_now_waits_while_nothing_stands() -> None:
    now, rules, dull = now_of({}), rules_of({}), rules_of({"policies": {"silence": {"below": 1}}})
    profile, ask = profile_of({}, now), ask_of({"placement": "web.home.hero", "cause": "a"})
    made = decide(profile, ask, dull, Learned(), switches_of({}), now)
    enact(profile, made, ask, dull)
    told = explain(
        profile, ask, rules, Learned(), switches_of({}), now + 1, msgspec.structs.replace(made, again=True)
    )

    assert told["messages"][0]["reason"] == "outscored"
    assert told["messages"][0]["words"].startswith("nothing was said at ")


def test_what_is_worth_nothing_says_so() -> None:
    told = explained({"book": {"messages": {"umbrella": {"boost": 0}}}})["messages"]

    assert [one["words"] for one in told] == ["worth nothing: its value, boost or weight is 0"]
