"""A message whose template fails at sending falls to the next, once, and never beside what went out already."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain import ledger, sending
from chalicelib.domain.deciding import decide, decide_from
from chalicelib.domain.decision import Switches
from chalicelib.domain.effects import Deliver, Effect, Record, Ring
from chalicelib.domain.falling import ask_instead, ring_for
from chalicelib.domain.learning import Learned
from chalicelib.domain.profile import Profile
from chalicelib.domain.reacting import react
from chalicelib.domain.recording import ask_in, record_of, view_in
from chalicelib.domain.rules import Rules
from chalicelib.domain.timers import ring_event
from tests.domain.deciding_world import ask_of, now_of, profile_of, rules_of

NOW = now_of({})
DAY = 86_400_000
CAP: dict[str, Any] = {"messages": 2, "per": "1d"}
RAIN = {"context": {"weather": {"rain_mm": 12}}, "event": {"event": "Rain Started"}}


class World:
    """A customer for whom it rains."""

    def __init__(self, *messages: str, **book: Any) -> None:
        self.rules: Rules = rules_of({"messages": list(messages), **book})
        self.profile: Profile = profile_of({}, NOW)
        self.now = NOW
        ask = ask_of(RAIN)
        decision = decide(self.profile, ask, self.rules, Learned(), Switches(), NOW)
        self.effects: list[Effect] = ledger.enact(self.profile, decision, ask, self.rules)

    def sent(self) -> dict[str, Deliver]:
        """What the last commit hands to the sender, by message."""
        return {one.message: one for one in self.effects if isinstance(one, Deliver)}

    def fail(self, message: str) -> list[Ring]:
        """What the sender does about a template that fails."""
        self.now += 1_000
        effect = self.sent()[message]
        assert sending.close(self.profile, effect.delivery, "dropped", self.now)
        contact = self.profile.ledger.contacts[effect.delivery]
        stored = msgspec.convert(msgspec.to_builtins(effect), Deliver)
        return ring_for(contact, stored, self.profile.id, self.now)

    def ring(self, ring: Ring) -> None:
        self.now += 1_000
        self.effects = react(self.profile, ring_event(ring), self.rules, Learned(), Switches(), self.now)

    def records(self) -> list[dict[str, Any]]:
        return [one.body for one in self.effects if isinstance(one, Record)]

    def states(self) -> list[str]:
        return [f"{one.message} {one.state}" for one in self.profile.ledger.contacts.values()]


def test_the_next_best_goes_out_with_the_moment_as_it_was() -> None:
    world = World("umbrella", "hat", "story")
    (ring,) = world.fail("umbrella")
    world.ring(ring)

    (hat,) = world.sent().values()
    assert (hat.message, hat.channel, hat.context) == ("hat", "email", RAIN["context"])
    assert hat.event == RAIN["event"]
    assert world.states() == ["umbrella dropped", "hat reserved"]
    assert world.profile.ledger.contacts[hat.delivery].moment == "rain"


def test_told_again_it_changes_nothing() -> None:
    world = World("umbrella", "hat")
    (ring,) = world.fail("umbrella")
    world.ring(ring)
    before = msgspec.json.encode(world.profile.ledger.contacts)
    world.ring(ring)

    assert world.sent() == {} and world.records() == []
    assert msgspec.json.encode(world.profile.ledger.contacts) == before


def test_told_again_when_its_decision_is_forgotten_it_changes_nothing() -> None:
    world = World("umbrella", "hat")
    (ring,) = world.fail("umbrella")
    world.ring(ring)
    world.now += 3 * DAY
    world.profile.ledger.decisions.clear()
    world.ring(ring)

    assert world.sent() == {}


def test_what_went_out_beside_it_does_not_go_out_again() -> None:
    world = World("umbrella", "outage", "hat")
    assert set(world.sent()) == {"umbrella", "outage"}
    (ring,) = world.fail("umbrella")
    world.ring(ring)

    assert set(world.sent()) == {"hat"}
    assert world.records()[0]["reasons"] == {"outscored": 1, "template-failed": 1}


def test_each_failure_has_one_less_to_choose_from_until_nothing_is_left() -> None:
    world, heard = World("umbrella", "hat", "story"), []
    for _ in range(4):
        message = next(iter(world.sent()), "")
        if not message:
            break
        heard.append(message)
        (ring,) = world.fail(message)
        world.ring(ring)

    assert heard == ["umbrella", "hat", "story"]
    (record,) = world.records()
    assert (record["outcome"], record["reasons"]) == ("nothing", {"template-failed": 3})
    assert world.states() == ["umbrella dropped", "hat dropped", "story dropped"]


def test_the_room_that_the_failed_one_took_is_given_back_first_and_caps_hold() -> None:
    one_a_day = {"policies": {"caps": [{"messages": 1, "per": "1d"}]}}
    world = World("umbrella", "hat", **one_a_day)
    (ring,) = world.fail("umbrella")
    world.ring(ring)
    assert set(world.sent()) == {"hat"}

    full = World("umbrella", "hat", **one_a_day)
    (ring,) = full.fail("umbrella")
    other = ask_of({"cause": "msg-2"})
    meanwhile = decide(full.profile, other, full.rules, Learned(), Switches(), full.now)
    ledger.enact(full.profile, meanwhile, other, full.rules)
    full.ring(ring)
    assert full.sent() == {}
    assert full.records()[0]["reasons"] == {"cap": 1, "template-failed": 1}


def test_the_decision_made_instead_follows_from_its_record_alone() -> None:
    world = World("umbrella", "outage", "hat", "story")
    (ring,) = world.fail("umbrella")
    world.ring(ring)
    (record,) = world.records()
    ask = ask_in(record)
    again = decide_from(view_in(record, world.rules), ask, Learned())

    assert record_of(again, ask) == record


def test_a_service_message_has_no_next() -> None:
    world = World("outage", "hat")

    assert world.fail("outage") == []


def test_what_was_shown_where_they_came_to_us_has_no_next() -> None:
    world = World("umbrella", "hat")
    contact = world.profile.ledger.contacts[world.sent()["umbrella"].delivery]
    contact.moment, contact.placement = "", "app.inbox"

    assert world.fail("umbrella") == []


def test_a_contact_that_was_not_given_back_has_no_next() -> None:
    world = World("umbrella", "hat")
    (ring,) = world.fail("umbrella")
    (contact,) = world.profile.ledger.contacts.values()
    contact.state = "sent"
    assert ask_instead(world.profile, ring_event(ring)) is None
    world.profile.ledger.contacts.clear()
    assert ask_instead(world.profile, ring_event(ring)) is None


def test_a_moment_that_the_playbook_has_no_more_brings_nothing() -> None:
    world = World("umbrella", "hat")
    (ring,) = world.fail("umbrella")
    world.rules = rules_of({"messages": {}, "moments": {}})
    world.ring(ring)

    assert world.sent() == {}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(("rain", "fail", "tell again")), st.integers(0, 40)), max_size=25))
def test_whatever_fails_in_whatever_order_caps_hold_and_nothing_is_told_twice(
    steps: list[tuple[str, int]],
) -> None:
    """Two a day, whichever rains come, templates fail and rings are told, once or again."""
    rules = rules_of({"messages": ["umbrella", "hat", "story"], "policies": {"caps": [CAP]}})
    profile, now, rings = profile_of({}, NOW), NOW, list[Ring]()
    waiting: dict[str, Deliver] = {}
    for number, (step, which) in enumerate(steps):
        now += which * 20 * 60_000
        effects: list[Effect] = []
        if step == "rain":
            ask = ask_of({"cause": f"rain {number}"})
            decision = decide(profile, ask, rules, Learned(), Switches(), now)
            effects = ledger.enact(profile, decision, ask, rules)
        elif step == "fail" and waiting:
            effect = waiting.pop(sorted(waiting)[which % len(waiting)])
            assert sending.close(profile, effect.delivery, "dropped", now)
            rings += ring_for(profile.ledger.contacts[effect.delivery], effect, profile.id, now)
        elif step == "tell again" and rings:
            event = ring_event(rings[which % len(rings)])
            effects = react(profile, event, rules, Learned(), Switches(), now)
        new = {one.delivery: one for one in effects if isinstance(one, Deliver)}
        assert not new.keys() & waiting.keys()
        waiting |= new
        counting = [one.at for one in profile.ledger.contacts.values() if one.state != "dropped"]
        assert sum(now - DAY < at <= now for at in counting) <= CAP["messages"]
    assert len({ring.id for ring in rings}) == len(rings)
    causes = [f"{one.cause} {one.message}" for one in waiting.values()]
    assert len(set(causes)) == len(causes)
