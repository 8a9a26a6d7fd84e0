"""The laws of facts: any order, repetition, grouping or join of the same events gives equal facts."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.addresses import is_stopped
from chalicelib.domain.conditions.features import with_feature
from chalicelib.domain.conditions.model import Compare, Did
from chalicelib.domain.events import Event, EventType
from chalicelib.domain.facts import fold, join_facts, join_profiles
from chalicelib.domain.keys import short_id
from chalicelib.domain.playbook.compiler import compile_playbook
from chalicelib.domain.playbook.model import DEFAULT_IDENTIFIERS, Playbook
from chalicelib.domain.profile import Activity, Facts, Profile, Stamped
from chalicelib.domain.seen import MEMORY, MOST, may_have_forgotten

START = 1_790_000_000_000
DAY = 86_400_000
SEGMENTS = {
    "three": Did("Order Completed", operator="at_least", value=3, within=7 * DAY),
    "hats": Did("Product Viewed", where=(Compare("property", "category", "is", "hats"),), within=DAY),
    "spender": Did("Order Completed", operator="above", value=100, within=90 * DAY, total="total"),
    "ever": Did("Order Completed", operator="above", value=100, total="total"),
}
RULES = compile_playbook(
    Playbook(
        "laws",
        identifiers=DEFAULT_IDENTIFIERS,
        segments={name: with_feature(did, since=False) for name, did in SEGMENTS.items()},
    ),
    1,
)

names = st.sampled_from(
    ["Order Completed", "Product Viewed", "Cart Updated", "Permission Granted", "Permission Denied"]
)
properties = st.fixed_dictionaries(
    {},
    optional={
        "total": st.one_of(
            st.integers(-50, 500), st.floats(0, 99, allow_nan=False), st.just("12.5"), st.none()
        ),
        "category": st.sampled_from(["hats", "umbrellas", ["hats", "coats"]]),
        "channel": st.sampled_from(["email", "sms"]),
        "topic": st.sampled_from(["offers", "news"]),
        "address": st.sampled_from(["a@example.com", "b@example.com"]),
        "type": st.sampled_from(["Permanent", "Transient"]),
    },
)
traits = st.dictionaries(
    st.sampled_from(["email", "phone", "plan", "address"]),
    st.one_of(
        st.none(),
        st.integers(0, 3),
        st.sampled_from(["a@example.com", "gold", "030 901820", "+4930901820"]),
        st.sampled_from([{"city": "Topeka"}, {"country": "DE"}]),
    ),
    max_size=3,
)
contexts = st.fixed_dictionaries(
    {},
    optional={
        "timezone": st.sampled_from(["America/Chicago", "UTC"]),
        "location": st.sampled_from(
            [{"city": "Topeka", "country": "US"}, {"city": "Tampa", "country": "US"}, {}]
        ),
        "locale": st.sampled_from(["en-US", "es-MX"]),
        "traits": st.just({"plan": "silver"}),
    },
)


@st.composite
def events(draw: st.DrawFn, number: int) -> Event:
    at = START + draw(st.integers(0, 20)) * 30_000
    kinds: list[EventType] = ["track", "track", "track", "identify", "page", "screen", "group", "alias"]
    kind = draw(st.sampled_from(kinds))
    own = draw(st.integers(0, 9)) == 0
    title = (
        draw(st.sampled_from(["Email Bounced", "Unsubscribed", "Topeka Permission Set"]))
        if own
        else draw(names)
    )
    return Event(
        message_id=f"m{number}",
        type=kind,
        timestamp=at,
        received_at=START + 700_000,
        event=title if kind == "track" else "",
        properties=draw(properties),
        traits=draw(traits),
        context=draw(contexts),
        origin="topeka" if own and kind == "track" else "client",
        proven=draw(st.booleans()),
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    return [draw(events(number)) for number in range(draw(st.integers(0, 14)))]


def folded(history: list[Event]) -> Profile:
    profile = Profile("p")
    for event in history:
        fold(profile, event, RULES)
    return profile


@given(histories(), st.randoms())
def test_order_and_repetition_change_nothing(history: list[Event], chance: random.Random) -> None:
    again = [*chance.sample(history, len(history)), *chance.sample(history, len(history) // 2)]
    chance.shuffle(again)
    assert folded(again).facts == folded(history).facts


@given(histories(), st.integers(0, 14), st.randoms())
def test_any_grouping_joins_to_the_same_facts(history: list[Event], cut: int, chance: random.Random) -> None:
    shuffled = chance.sample(history, len(history))
    a, b = folded(shuffled[:cut]), folded(shuffled[cut:])
    expected = folded(history).facts
    assert join_facts(a.facts, b.facts, RULES) == expected
    assert join_facts(b.facts, a.facts, RULES) == expected


@given(histories(), st.integers(0, 14), st.integers(0, 14))
def test_events_folded_on_both_sides_count_once(history: list[Event], start: int, end: int) -> None:
    left, right = history[:end], history[start:]
    both = history[start:end]
    joined = join_facts(folded(left).facts, folded(right).facts, RULES, repeated=both)
    expected = folded([*left, *right]).facts
    assert {name: one.total for name, one in joined.activity.items()} == {
        name: one.total for name, one in expected.activity.items()
    }
    assert sums(joined) == sums(expected)
    assert joined.traits == expected.traits


def sums(facts: Facts) -> dict[str, tuple[int, dict[int, int], list[Any]]]:
    return {
        key: (state.total, {at: value for at, value in state.points.items() if value}, state.times)
        for key, state in facts.features.items()
        if state.total or state.times or any(state.points.values())
    }


@given(histories(), histories(), st.integers(0, 14))
def test_a_joined_profile_goes_on_as_if_it_had_always_been_one(
    before: list[Event], after: list[Event], cut: int
) -> None:
    later = [Event(**{**as_fields(event), "message_id": f"after-{event.message_id}"}) for event in after]
    joined = folded(before[:cut])
    join_profiles(joined, folded(before[cut:]), RULES)
    for event in [*later, *before]:
        fold(joined, event, RULES)
    assert joined.facts == folded([*before, *later]).facts


def as_fields(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__struct_fields__}


def track(number: int, **fields: Any) -> Event:
    made = {
        "message_id": f"m{number}",
        "type": "track",
        "event": "Seen",
        "timestamp": START,
        "received_at": START,
    }
    return Event(**{**made, **fields})


def identify(message_id: str, at: int, *, proven: bool = False, **traits_sent: Any) -> Event:
    return Event(message_id, "identify", START + at, START + at, traits=traits_sent, proven=proven)


def test_features_keep_what_the_conditions_ask() -> None:
    one = folded(
        [track(1, event="Order Completed", properties={"total": 5}), track(2, event="Product Viewed")]
    )
    assert sorted((state.total, len(state.times)) for state in one.facts.features.values()) == [
        (0, 1),
        (5_000_000, 0),
    ]


def test_the_later_trait_stands_and_on_a_tie_the_greater_message_id() -> None:
    one = folded(
        [identify("b", 5, plan="gold"), identify("a", 5, plan="silver"), identify("c", 1, plan="iron")]
    )
    assert one.facts.traits["plan"].value == "gold"


def test_a_proven_address_is_not_replaced_by_an_unproven_later_one() -> None:
    one = folded(
        [identify("a", 1, proven=True, email="ana@example.com"), identify("b", 9, email="eve@example.com")]
    )
    assert one.facts.traits["email"].value == "ana@example.com"


def test_another_trait_is_replaced_whoever_says_so() -> None:
    one = folded([identify("a", 1, proven=True, plan="gold"), identify("b", 9, plan="iron")])
    assert one.facts.traits["plan"].value == "iron"


def test_identify_group_and_alias_are_no_activity_but_pages_are() -> None:
    kinds = ["identify", "group", "alias", "page", "screen"]
    one = folded([Event(f"m{at}", kind, START, START) for at, kind in enumerate(kinds)])  # type: ignore[arg-type]
    assert one.facts.activity == {
        "Page Viewed": Activity(1, START, START),
        "Screen Viewed": Activity(1, START, START),
    }


def test_two_hundred_event_names_are_kept_and_the_rest_is_other() -> None:
    history = [track(number, event=f"Event {number:03}") for number in range(205)]
    kept = folded(history).facts.activity
    assert len(kept) == 201
    assert kept["other"].total == 5
    assert kept == folded(history[::-1]).facts.activity


@pytest.mark.parametrize(("kind", "stopped"), [("Permanent", True), ("Transient", False)])
def test_only_a_permanent_bounce_stops_an_address(kind: str, stopped: bool) -> None:
    bounce = track(
        1, event="Email Bounced", origin="topeka", properties={"address": "a@example.com", "type": kind}
    )
    assert ("a@example.com" in folded([bounce]).facts.stops) is stopped


def test_nobody_outside_stops_an_address() -> None:
    forged = track(1, event="Email Bounced", properties={"address": "a@example.com", "type": "Permanent"})
    assert not folded([forged]).facts.stops


def test_our_own_events_are_not_the_customers_own() -> None:
    one = folded([track(1, origin="moment"), track(2, event="Email Delivered", origin="topeka")])
    assert (one.facts.first, one.facts.last) == (0, 0)


def test_the_memory_holds_a_day_and_says_what_it_may_have_forgotten() -> None:
    one = folded([track(1), track(2, received_at=START + 2 * MEMORY, timestamp=START + 2 * MEMORY)])
    assert may_have_forgotten(one.seen, track(1))
    assert not may_have_forgotten(
        one.seen, track(3, received_at=START + 2 * MEMORY, timestamp=START + MEMORY + 1)
    )


def test_the_memory_holds_a_large_request_whole() -> None:
    history = [track(number, timestamp=START - number) for number in range(MOST + 100)]
    one = folded(history)
    assert len(one.seen.ids) == MOST + 100
    assert not any(may_have_forgotten(one.seen, event) for event in history)


@settings(max_examples=10)
@given(st.randoms())
def test_the_memory_holds_at_most_five_hundred(chance: random.Random) -> None:
    history = [track(number, received_at=START + number, timestamp=START + number) for number in range(700)]
    one = folded(chance.sample(history, len(history)))
    assert len(one.seen.ids) == MOST
    assert short_id("m699") in one.seen.ids
    assert one.seen.floor >= START + 200


def test_a_profile_stays_small_whatever_clients_send() -> None:
    def told(number: int) -> Event:
        traits = {f"t{number:03}": "x" * 900, "email": "a@example.com", f"big{number}": "x" * 2_000}
        return Event(f"m{number}", "identify", START + number, START, traits=traits)

    history = [told(number) for number in range(400)]
    named = [Event(f"n{n}", "track", START, START, event=f"{n}" + "x" * 5_000) for n in range(50)]
    forward, backward = folded([*history, *named]).facts, folded([*reversed(history), *named]).facts
    assert (
        forward
        == backward
        == join_facts(folded(history[::2]).facts, folded([*history[1::2], *named]).facts, RULES)
    )
    assert forward.traits.keys() == {"email", *(f"t{number:03}" for number in range(150))}
    assert forward.activity.keys() == {"other"} and forward.activity["other"].total == 50


@pytest.mark.parametrize(
    ("days", "stopped"),
    [
        ([0], False),
        ([0, 0, 0], False),
        ([0, 1], False),
        ([0, 1, 5], True),
        ([0, 1, 40], False),
        ([0, 1, 40, 41, 60], True),
    ],
)
def test_an_address_that_bounces_softly_on_three_days_of_thirty_is_given_up(
    days: list[int], stopped: bool
) -> None:
    profile = Profile("p_1")
    profile.facts.traits["email"] = Stamped("ana@example.com", 1, "t")
    about = {"address": "ana@example.com", "type": "Transient"}
    for number, day in enumerate(reversed(days)):
        at = START + day * DAY
        bounce = Event(
            f"b{number}", "track", at, at, event="Email Bounced", properties=about, origin="topeka"
        )
        fold(profile, bounce, RULES)

    assert is_stopped(profile, "email", RULES.playbook) is stopped
