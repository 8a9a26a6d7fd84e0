"""The record of a decision: under 2 KB, and enough to make the same decision again."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain import recording
from chalicelib.domain.deciding import decide, decide_from
from chalicelib.domain.decision import Switches
from chalicelib.domain.learning import Learned
from chalicelib.domain.ledger import enact
from chalicelib.domain.recording import RECORD_AT_MOST, ask_in, considered_in, record_of, view_in
from chalicelib.domain.replaying import tells_moment
from chalicelib.domain.rules import Rules
from tests.domain.deciding_random import HERO, RAIN, playbooks, snapshots, stored, views
from tests.domain.deciding_world import TABLE, ask_of, now_of, profile_of, rules_of, switches_of


def again(record: dict[str, Any], rules: Rules, learned: Learned) -> dict[str, Any]:
    """The record of the decision made again from a record."""
    ask = ask_in(record)
    return record_of(decide_from(view_in(record, rules), ask, learned), ask)


@pytest.mark.parametrize("case", TABLE["cases"], ids=[case["name"] for case in TABLE["cases"]])
def test_every_case_is_decided_again_from_its_record(case: dict[str, Any]) -> None:
    now, rules, ask = now_of(case), rules_of(case.get("book", {})), ask_of(case.get("ask", {}))
    profile, switches = profile_of(case.get("who", {}), now), switches_of(case.get("switches", {}))
    decision = decide(profile, ask, rules, Learned(), switches, now, excluded=case.get("excluded", {}))
    record = stored(record_of(decision, ask))

    if not decision.again:
        assert again(record, rules, Learned()) == record


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), playbooks(), st.sampled_from([HERO, RAIN]), snapshots(), st.sampled_from([900, 0]))
def test_any_decision_is_made_again_bit_for_bit(
    data: Any, rules: Any, ask: Any, learned: Any, most: int
) -> None:
    """Also where the facts are too long, and the conditions' answers are kept in their place."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(recording, "FACTS_AT_MOST", most)
        decision = decide_from(data.draw(views(rules, ask)), ask, learned)
        if decision.again:
            return
        record = stored(record_of(decision, ask))

        assert ("holds" in record["facts"]) is (most == 0)
        assert again(record, rules, learned) == record


LONG = {"messages": {"umbrella": {"for": {"trait": "note", "starts_with": "x"}}}}


def test_facts_that_are_long_give_way_to_what_held() -> None:
    now, rules, ask = now_of({}), rules_of(LONG), ask_of({})
    profile = profile_of({"traits": {"phone": "+17855550100", "note": "x" * 1000}}, now)
    record = stored(record_of(decide(profile, ask, rules, Learned(), Switches(), now), ask))

    assert "traits" not in record["facts"]
    assert record["facts"]["holds"] == "AQ=="
    assert again(record, rules, Learned()) == record


def test_a_thousand_messages_fit_and_are_decided_again() -> None:
    library = TABLE["library"]["hat"]
    book = {
        "messages": {
            f"a_message_with_a_long_name_{n}": {
                **library,
                "value": n + 1,
                "for": {"trait": f"trait_{n % 40}", "is": f"value {n % 40}"},
                "weights": [{"when": {"trait": f"trait_{n % 40}", "starts_with": "v"}, "times": 1.5}],
            }
            for n in range(1000)
        }
    }
    now, rules, ask = now_of({}), rules_of(book), ask_of({"placement": "web.home.hero"})
    profile = profile_of({"traits": {f"trait_{n}": f"value {n}" for n in range(0, 40, 2)}}, now)
    decision = decide(profile, ask, rules, Learned(), Switches(), now)
    record = stored(record_of(decision, ask))

    assert sum(decision.reasons.values()) == 999
    assert len(considered_in(record)) == 10
    assert len(msgspec.json.encode(record)) < RECORD_AT_MOST
    assert again(record, rules, Learned()) == record


def test_the_record_says_what_was_read_and_what_the_moment_was() -> None:
    book = {"messages": {"umbrella": {"for": {"trait": "plan", "is": "gold"}}}}
    who = {"traits": {"phone": "+17855550100", "plan": "gold", "secret": "s"}}
    now, ask = now_of({}), ask_of({"context": {"weather": {"rain_mm": 3}}})
    record = record_of(decide(profile_of(who, now), ask, rules_of(book), Learned(), Switches(), now), ask)

    assert record["facts"] == {
        "seed": "p_customer", "ways": ["sms"], "quiet": {"sms": 0}, "zone": "America/Chicago",
        "traits": {"plan": "gold"}, "context": {"weather": {"rain_mm": 3}},
    }  # fmt: skip
    assert "+17855550100" not in str(record)


def test_the_ten_best_are_told_with_their_parts() -> None:
    now, ask = now_of({}), ask_of({})
    rules = rules_of({"messages": ["umbrella", "hat"]})
    record = stored(record_of(decide(profile_of({}, now), ask, rules, Learned(), Switches(), now), ask))

    assert considered_in(record)[1] == {
        "message": "hat", "channel": "email", "score": 0.1, "probability": 0.0, "reason": "outscored",
        "parts": {"propensity": 0.05, "value": 2.0},
    }  # fmt: skip


def test_what_stood_from_before_leaves_no_record() -> None:
    now, rules, ask = now_of({}), rules_of({}), ask_of({})
    profile = profile_of({}, now)
    enact(profile, decide(profile, ask, rules, Learned(), Switches(), now), ask, rules)

    assert enact(profile, decide(profile, ask, rules, Learned(), Switches(), now), ask, rules) == []


def test_a_short_moment_is_kept_even_where_the_facts_are_long() -> None:
    now, rules = now_of({}), rules_of(LONG)
    profile = profile_of({"traits": {"phone": "+17855550100", "note": "x" * 1000}}, now)
    short = ask_of({"placement": "web.home.hero", "context": {"weather": {"rain_mm": 3}}})
    long = ask_of({"placement": "web.home.hero", "context": {"cart": {"note": "y" * 900}}})
    kept, cut = (
        stored(record_of(decide(profile, ask, rules, Learned(), Switches(), now), ask))
        for ask in (short, long)
    )

    assert kept["facts"]["context"] == {"weather": {"rain_mm": 3}}
    assert "context" not in cut["facts"]
    assert (tells_moment(kept), tells_moment(cut)) == (True, False)
    assert again(kept, rules, Learned()) == kept
    assert again(cut, rules, Learned()) == cut


@pytest.mark.parametrize("standing", [0, 12, 16, 40])
def test_what_is_chosen_anew_is_the_last_to_be_cut(standing: int) -> None:
    library = TABLE["library"]
    book = {f"offer_with_a_long_name_number_{n}": library["umbrella"] for n in range(standing)}
    rules = rules_of({"messages": {**book, "outage": library["outage"]}})
    who = {"offers": [{"message": name, "id": f"m_{name}"} for name in book]}
    now, ask = now_of({}), ask_of({"placement": "web.home.hero", "limit": 10})
    record = stored(record_of(decide(profile_of(who, now), ask, rules, Learned(), Switches(), now), ask))

    assert len(msgspec.json.encode(record)) <= RECORD_AT_MOST
    assert [one["message"] for one in record["choices"] if not one.get("standing")] == ["outage"]
    assert record.get("cut", False) is (standing > 0)
    if "facts" in record:
        assert again(record, rules, Learned()) == record
