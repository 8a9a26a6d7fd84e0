"""Plans: finding messages by what they demand rules out the same as looking at each of them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.deciding import decide_from
from chalicelib.domain.plans import plan_for
from chalicelib.domain.rules import Subject
from chalicelib.domain.sifting import sift, sift_each
from tests.bench.deciding import rules_of as offers
from tests.domain.deciding_random import HERO, RAIN, copied, playbooks, snapshots, views
from tests.domain.deciding_world import rules_of

asks = st.sampled_from([HERO, RAIN])


@settings(max_examples=60)
@given(st.data(), playbooks(), asks)
def test_an_index_finds_what_looking_at_each_finds(data: Any, rules: Any, ask: Any) -> None:
    view, plan = data.draw(views(rules, ask)), plan_for(rules, ask.placement, ask.moment)
    reasons: Counter[Any] = Counter()
    named: dict[str, Any] = {}

    assert sift(plan, view, reasons) == sift_each(plan, view, named)
    assert +reasons == Counter(named.values())


@settings(max_examples=50)
@given(st.data(), playbooks(), asks, snapshots())
def test_naming_what_is_ruled_out_changes_nothing_else(data: Any, rules: Any, ask: Any, learned: Any) -> None:
    view = data.draw(views(rules, ask))
    plain = decide_from(copied(view), ask, learned)
    told = decide_from(view, ask, learned, tell=True)

    assert plain == type(told)(**{**_fields(told), "ruled_out": {}})
    if not plain.again:
        assert Counter(told.ruled_out.values()) == Counter(plain.reasons)


def test_a_message_that_demands_a_value_is_not_looked_at_without_it() -> None:
    rules = offers(1000)
    group = plan_for(rules, "web.home", "").groups[0]

    assert len(list(group.candidates(Subject(now=0, traits={"plan": "plan3"})))) == 100
    assert list(group.candidates(Subject(now=0, traits={"plan": "other"}))) == []


def test_the_most_telling_demand_is_the_one_to_find_by() -> None:
    changes = {
        f"m{n}": {
            "kind": "offer",
            "topic": "offers",
            "placements": ["web.home.hero"],
            "variants": {"plain": {"web": {"headline": "x"}}},
            "for": {"all": [{"trait": "land", "is": "us"}, {"trait": "sku", "is": f"sku-{n}"}]},
        }
        for n in range(5)
    }
    group = plan_for(rules_of({"messages": changes}), "web.home.hero", "").groups[0]

    assert set(group.found_by) == {("trait", ("sku",))}


def test_a_list_meets_a_demand_by_any_of_its_elements_once() -> None:
    demand = {"trait": "likes", "in": ["hats", "rain"]}
    rules = rules_of({"messages": {"umbrella": {"for": demand}}})
    group = plan_for(rules, "web.home.hero", "").groups[0]
    likes_both = Subject(now=0, traits={"likes": ["hats", ["rain"], 5]})

    assert [one.message.name for _, one in group.candidates(likes_both)] == ["umbrella"]


def test_a_plan_is_made_once() -> None:
    rules = offers(3)

    assert plan_for(rules, "web.home", "") is plan_for(rules, "web.home", "")
    assert plan_for(rules, "", "nothing such").entries == ()


def _fields(decision: Any) -> dict[str, Any]:
    return {name: getattr(decision, name) for name in decision.__struct_fields__}
