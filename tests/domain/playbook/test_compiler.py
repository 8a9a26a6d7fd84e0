"""Rules: what a worker looks up, made from a playbook."""

from __future__ import annotations

import time

from chalicelib.domain.conditions.model import InSegment
from chalicelib.domain.playbook.compiler import compile_playbook, segment_order
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.playbook.parsing import parse
from chalicelib.domain.profile import FeatureState
from chalicelib.domain.rules import Rules, Subject
from tests.domain.playbook.example import EXAMPLE

NOW = 1_800_000_000_000
DAY = 86_400_000


def rules_of(text: str) -> Rules:
    """Compiled from YAML."""
    playbook, faults = parse(text)
    assert playbook is not None, faults
    return compile_playbook(playbook, 7)


def test_messages_are_found_by_what_asks_them() -> None:
    rules = rules_of(EXAMPLE)
    offer = rules.messages["umbrella_offer"]
    assert rules.version == 7
    assert rules.by_moment["rain"] == (offer,)
    assert set(rules.by_placement) == {"web.home.hero", "email.slot.main", "callcentre.next"}
    assert rules.by_placement["web.home.hero"] == (offer,)


def test_moments_are_found_by_event_and_by_segment() -> None:
    rules = rules_of(EXAMPLE)
    assert rules.by_event["Rain Started"] == (rules.moments["rain"],)
    assert rules.by_segment["loyal", "enters"] == (rules.moments["became_loyal"],)
    assert ("loyal", "leaves") not in rules.by_segment


def test_equal_needs_share_one_feature() -> None:
    rules = rules_of(EXAMPLE)
    orders, umbrellas = sorted(rules.features.values(), key=lambda one: len(one.where))
    assert (orders.event, orders.keep, orders.within, orders.where) == ("Order Completed", 3, 0, ())
    assert (umbrellas.event, umbrellas.keep) == ("Order Completed", 1)
    assert len(rules.features_by_event["Order Completed"]) == 2


def test_a_feature_is_kept_long_enough_for_whoever_asks_longest() -> None:
    text = "playbook: 1\nname: T\nsegments: {a: {did: X, at_least: 5, within: 1d}, b: {did: X, is: 7, within: 9d}}"
    (feature,) = rules_of(text).features.values()
    assert (feature.keep, feature.within) == (8, 9 * DAY)


def test_a_where_is_checked_against_the_event_as_it_comes_in() -> None:
    checks = [check for _, check in rules_of(EXAMPLE).features_by_event["Order Completed"] if check]
    bought = {"properties": {"products": [{"category": "umbrella"}]}}
    assert [check(Subject(now=NOW, event=bought)) for check in checks] == [True]
    assert [check(Subject(now=NOW, event={"properties": {}})) for check in checks] == [False]


def test_the_examples_condition_answers() -> None:
    rules = rules_of(EXAMPLE)
    check = rules.messages["umbrella_offer"].check
    assert check is not None
    rain = {"weather": {"rain_mm": 5}}
    assert check(Subject(now=NOW, context=rain))
    assert not check(Subject(now=NOW, context={"weather": {"rain_mm": 2}}))
    assert not check(Subject(now=NOW, context=rain, segments=frozenset({"has_umbrella"})))


def test_an_unless_counts_only_what_came_after() -> None:
    rules = rules_of(EXAMPLE)
    unless = rules.moments["cart_abandoned"].unless
    assert unless is not None
    (key,) = (feature.key for feature in rules.features.values() if not feature.where)
    features = {key: FeatureState(times=[(NOW - 60_000, "a")])}
    assert unless(Subject(now=NOW, features=features, since=NOW - 120_000))
    assert not unless(Subject(now=NOW, features=features, since=NOW - 60_000))


def test_equal_conditions_of_messages_are_one_function() -> None:
    message = "{placements: [hero], for: {trait: plan, is: gold}, variants: {a: {web: {headline: Hi}}}}"
    rules = rules_of(
        f"playbook: 1\nname: T\nplacements: {{hero: {{channel: web}}}}\nmessages: {{a: {message}, b: {message}}}"
    )
    assert rules.messages["a"].check is rules.messages["b"].check


def test_segments_come_after_those_they_refer_to() -> None:
    text = "playbook: 1\nname: T\nsegments: {a: {segment: b}, b: {not: {segment: c}}, c: {trait: x, is: 1}}"
    playbook, _ = parse(text)
    assert playbook is not None
    assert segment_order(playbook.segments) == ("c", "b", "a")
    assert list(rules_of(text).segments) == ["c", "b", "a"]


def test_long_chains_of_segments_are_ordered_in_linear_time() -> None:
    chain = {f"s{number}": InSegment(f"s{number + 1}") for number in range(20_000)}
    begun = time.process_time()
    order = segment_order(chain)
    assert (len(order), order[-1]) == (20_000, "s0")
    assert time.process_time() - begun < 2


def test_the_empty_playbook_compiles() -> None:
    rules = compile_playbook(Playbook("empty"), 0)
    assert not rules.messages
    assert not rules.features
