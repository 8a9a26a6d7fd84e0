"""Split after merge equals never merged, and stays split."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given, settings
from hypothesis import event as note
from hypothesis import strategies as st

from chalicelib.domain.identifiers import Identifier, identifiers_of, parse_identifier
from chalicelib.domain.playbook.model import Playbook
from tests.services.ingest_world import HOUR, MINUTE
from tests.services.splitting_world import PLAYBOOK, Splitting, never_joining

ANYBODY = ["user:u", "email:x@example.com", "email:y@example.com", "phone:+17855550100", "anonymous:a",
           "anonymous:b", "device:t", "loyalty:L"]  # fmt: skip

happenings = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["track", "identify", "track"]),
        "event": st.sampled_from(["Seen", "Order Completed", "Permission Granted"]),
        "ago": st.integers(0, 20),
        "number": st.integers(1, 60),
    },
    optional={
        "user_id": st.just("u"),
        "anonymous_id": st.sampled_from("ab"),
        "traits": st.sampled_from([
            {"email": "x@example.com", "plan": "gold"}, {"email": "y@example.com"}, {"phone": "+17855550100"},
            {"plan": "iron"},
        ]),
        "context": st.sampled_from([
            {"device": {"token": "t"}}, {"externalIds": [{"type": "loyalty", "id": "L"}]},
            {"timezone": "Europe/Rome"},
        ]),
    },
)  # fmt: skip


def live(world: Splitting, history: list[dict[str, Any]]) -> int:
    """Take a history in; how many links were refused."""
    world.publish(PLAYBOOK)
    refused = 0
    for place, one in enumerate(history):
        world.clock.forward(HOUR)
        said = {"properties": {"revenue": one["number"], "channel": "email", "topic": "news"}}
        said |= {k: one[k] for k in ("user_id", "anonymous_id", "traits", "context") if k in one}
        name = one["event"] if one["type"] == "track" else ""
        happened = world.event(
            name,
            type=one["type"],
            timestamp=world.clock() - one["ago"] * 7 * MINUTE,
            message_id=f"m{place}",
            **said,
        )
        if identifiers_of(happened, Playbook("p")).identifiers:
            refused += world.send(happened).refused_links.total()
    return refused


@settings(max_examples=600)
@given(st.lists(happenings, min_size=2, max_size=14), st.sampled_from(ANYBODY))
def test_split_after_merge_equals_never_merged_in_all_facts_and_stays_so(
    history: list[dict[str, Any]], wrong: str
) -> None:
    apart = parse_identifier(wrong, Playbook("p"))
    assert apart is not None
    joined = Splitting()
    assume(live(joined, history) == 0)
    whole = next((names for names in joined.everybody() if wrong in names), frozenset())
    assume(len(whole) > 1)
    note(f"{len(whole)} identifiers")
    told = joined.split(wrong, wrong)
    joined.check()
    never = Splitting()
    with never_joining(apart):
        live(never, history)
    assert joined.facts() == never.facts()
    assert {
        frozenset(f"{one['kind']}:{one['value']}" for one in p["identifiers"]) for p in told["profiles"]
    } == {names for names in joined.everybody() if names <= whole}
    for names, one in joined.everybody().items():
        theirs = never.everybody().get(names)
        if theirs is None:
            assert joined.told(one) == []
            continue
        assert [m for m in joined.told(one) if ":refused:" not in m] == [
            m for m in never.told(theirs) if ":refused:" not in m
        ]
    again(joined, never, apart, sorted(whole - {wrong}))


def again(joined: Splitting, never: Splitting, apart: Identifier, others: list[str]) -> None:
    """The two identifiers meet again, with each other and in threes: nothing joins, and facts stay equal."""
    for other in others:
        met = parse_identifier(other, Playbook("p"))
        assert met is not None
        for world in (joined, never):
            world.clock.forward(HOUR)
        meeting = joined.event("Met", message_id=f"again-{other}", **carrying(apart, met))
        assert joined.send(meeting).refused_links
        with never_joining(apart):
            never.send(meeting)
    joined.check()
    assert joined.facts() == never.facts()


def carrying(*identifiers: Identifier) -> dict[str, Any]:
    """The fields of an event that carries these."""
    return {"context": {"externalIds": [{"type": one.kind, "id": one.value} for one in identifiers]}}
