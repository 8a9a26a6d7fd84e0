"""The laws of contacting, over random lives: caps, quiet hours and permission are never broken, at no instant.

A life is moments, visits, changes of mind and senders that come late, in random order at random times. What is
looked at is when each contact was really given, not what the code believes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.domain import ledger
from chalicelib.domain.deciding import decide, reconsider
from chalicelib.domain.decision import Ask, Switches
from chalicelib.domain.effects import Deliver
from chalicelib.domain.learning import Learned
from chalicelib.domain.profile import Permission, Profile
from tests.domain.deciding_world import NOON, now_of, profile_of, rules_of

HOUR = 3_600_000
RULES = rules_of({
    "messages": ["umbrella", "hat", "story", "outage"],
    "policies": {
        "caps": [
            {"messages": 3, "per": "1d"},
            {"messages": 1, "per": "6h", "channel": "sms"},
            {"messages": 2, "per": "2d", "topic": "offers"},
            {"messages": 1, "per": "3d", "message": "hat"},
        ],
        "quiet": {"from": "21:00", "until": "08:00", "channels": ["sms"]},
        "explore": {"share": "50%"},
        "pause": {"after_ignored": 3, "days": 2},
    },
})  # fmt: skip
CAPS = RULES.playbook.policies.caps


@dataclass
class Life:
    """A customer, the deliveries on their way, and what was really given when."""

    profile: Profile
    now: int
    count: int = 0
    waiting: list[tuple[int, Deliver]] = field(default_factory=list)
    given: list[tuple[int, str, str, str, str]] = field(default_factory=list)
    decided: set[str] = field(default_factory=set)

    def ask(self, ask: Ask) -> None:
        decision = decide(self.profile, ask, RULES, Learned(), Switches(), self.now)
        effects = ledger.enact(self.profile, decision, ask, RULES)
        deliveries = [effect for effect in effects if isinstance(effect, Deliver)]
        self.waiting += [(max(one.due, self.now), one) for one in deliveries]
        going = {one.delivery for one in deliveries}
        for choice in decision.choices:
            if not choice.standing and choice.delivery not in going:
                self.give(choice.message, choice.kind, choice.channel)

    def give(self, message: str, kind: str, channel: str) -> None:
        topic = RULES.messages[message].message.topic
        self.given.append((self.now, message, kind, channel, topic))

    def send(self, late: int) -> None:
        """The sender takes what is due, `late` ms after it could have."""
        due = [(at, one) for at, one in self.waiting if at + late <= self.now]
        self.waiting = [entry for entry in self.waiting if entry not in due]
        for _, one in due:
            verdict = reconsider(
                self.profile, one.delivery, RULES, Switches(), self.now, context=one.context, event=one.event
            )
            contact = self.profile.ledger.contacts[one.delivery]
            if verdict.action == "hold":
                contact.held_until = verdict.until
                self.waiting.append((verdict.until, one))
            elif verdict.action == "drop":
                contact.state = "dropped"
            else:
                contact.state, contact.at, contact.held_until = "sent", self.now, 0
                assert self.permitted(one.channel, one.kind, RULES.messages[one.message].message.topic)
                self.give(one.message, one.kind, one.channel)

    def permitted(self, channel: str, kind: str, topic: str) -> bool:
        said = self.profile.facts.permissions.get(f"{channel}/{topic}", {})
        granted, denied = (said[one].at if one in said else -1 for one in ("granted", "denied"))
        default = RULES.playbook.topics[topic].default == "assume" and not said
        return kind == "service" or granted > denied or default

    def say(self, channel: str, state: Any) -> None:
        slots = self.profile.facts.permissions.setdefault(f"{channel}/offers", {})
        slots[state] = Permission(state, self.now, f"say-{self.count}")


said = st.sampled_from([("sms", "denied"), ("sms", "granted"), ("email", "denied"), ("email", "granted")])
moments = st.tuples(st.just("moment"), st.just("rain"))
sends = st.tuples(st.just("send"), st.sampled_from([0, 5, 7 * HOUR]))
steps = st.one_of(
    moments,
    moments,
    sends,
    sends,
    st.tuples(st.just("visit"), st.sampled_from(["web.home.hero", "callcentre.next"])),
    st.tuples(st.just("say"), said),
    st.tuples(st.just("again"), st.just("rain")),
)
passing = st.one_of(st.integers(0, HOUR), st.integers(0, 14 * HOUR))
lives = st.lists(st.tuples(passing, steps), min_size=1, max_size=40)


def lived(life: list[tuple[int, tuple[str, Any]]]) -> Life:
    one = Life(profile_of({}, now_of({"at": NOON})), now_of({"at": NOON}))
    for passed, (what, detail) in life:
        one.now += passed
        one.count += 1
        if what == "moment":
            one.ask(Ask(cause=f"e{one.count}", moment=detail))
        elif what == "again":
            one.ask(Ask(cause=f"e{one.count - 1}", moment=detail))
        elif what == "visit":
            one.ask(Ask(cause=f"v{one.count}", placement=detail, limit=1 + one.count % 3))
        elif what == "say":
            one.say(*detail)
        else:
            one.send(detail)
    return one


@settings(max_examples=150, deadline=None)
@given(lives)
@example([(0, ("moment", "rain")), (14 * HOUR, ("moment", "rain")), (8 * HOUR, ("send", 0))])
def test_no_window_ever_holds_more_than_its_cap(life: list[tuple[int, tuple[str, Any]]]) -> None:
    counted = [one for one in lived(life).given if one[2] != "service"]
    for cap in CAPS:
        concerned = [
            at for at, message, _, channel, topic in counted
            if cap.channel in ("", channel) and cap.topic in ("", topic) and cap.message in ("", message)
        ]  # fmt: skip
        for at in concerned:
            assert sum(at - cap.per < other <= at for other in concerned) <= cap.messages


@settings(max_examples=100, deadline=None)
@given(lives)
def test_nothing_goes_out_at_night_on_a_quiet_channel(life: list[tuple[int, tuple[str, Any]]]) -> None:
    for at, _, _, channel, _ in lived(life).given:
        if channel == "sms":
            assert 8 <= datetime.fromtimestamp(at / 1000, ZoneInfo("America/Chicago")).hour < 21


@settings(max_examples=50, deadline=None)
@given(lives)
def test_a_moment_is_decided_once(life: list[tuple[int, tuple[str, Any]]]) -> None:
    ids = [made.id for made in lived(life).profile.ledger.decisions.values()]

    assert len(ids) == len(set(ids))
