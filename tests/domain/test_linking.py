"""Who is who: named cases, and the rule that a sign stands exactly where the profile lists the identifier."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.circles import Item, order_of_taking
from chalicelib.domain.doors import Doors
from chalicelib.domain.events import Event, EventBatch
from chalicelib.domain.facts import fold
from chalicelib.domain.handing_over import SIGNED_OUT, log_out
from chalicelib.domain.identifiers import CHANGES_HANDS, Identifier, identifiers_of, ranks
from chalicelib.domain.keys import Secrets
from chalicelib.domain.linking import place_event
from chalicelib.domain.playbook.compiler import compile_playbook
from chalicelib.domain.playbook.model import DEFAULT_IDENTIFIERS, IdentifierRule, Playbook
from chalicelib.domain.playbook.parsing import parse
from chalicelib.domain.profile import Profile, Sign
from chalicelib.domain.rules import Rules

#: Rows of `name`, `events` (as they arrive; `at` is the time in ms, or `3h`, else their number; `repeat: 3` makes an
#: event of each `{n}` from 1 to 3) and `profiles`: what each `lists` (`device:t{1..3}` is three), how many `events` it
#: has folded, and perhaps its `traits`, `activity` and `home` (null: no identifier's). `refused` are the links that
#: were refused and why, `unusable` what identifies nobody, `nobody` the events that had nothing else, by number.
#: `playbook` is YAML for what a row needs of one.
CASES = json.loads((Path(__file__).parent / "identity_cases.json").read_text())
PLAYBOOK = Playbook("who", identifiers=DEFAULT_IDENTIFIERS)
RULES = compile_playbook(PLAYBOOK, 1)
SECRETS = Secrets(b"s", b"s")
START = 1_790_000_000_000
LATEST = 1 << 62
HOUR = 3_600_000


class World:
    """Every door there is, taken event by event."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.rules = rules
        self.doors = Doors(SECRETS, ranks(rules.playbook.identifiers))
        self.refused: list[list[str]] = []
        self.unusable: list[list[str]] = []
        self.nobody: list[int] = []
        self.count = 0

    def take(self, **fields: Any) -> Profile | None:
        self.count += 1
        at = fields.pop("at", self.count)
        at = START + (int(at[:-1]) * HOUR if isinstance(at, str) else at)
        made = {
            "message_id": f"m{self.count}",
            "type": "track",
            "event": "Seen",
            "timestamp": at,
            "received_at": at,
        }
        event = Event(**{**made, **fields})
        found = identifiers_of(event, self.rules.playbook)
        self.unusable.extend([one.kind, one.reason] for one in found.unusable)
        if not found.identifiers:
            self.nobody.append(self.count)
            return None
        item = Item(0, 0, EventBatch(), event, found.identifiers)
        taken = order_of_taking(item, self.doors)
        placed = place_event(self.doors, event, taken, self.rules)
        self.refused.extend([str(one.identifier), one.reason] for one in placed.refusals)
        if placed.profile is not None:
            fold(placed.profile, event, self.rules)
            self.doors.put(placed.profile)
            if event.title == SIGNED_OUT:
                log_out(self.doors, placed.profile, taken, event, self.rules)
        self.check()
        return placed.profile

    def profiles(self) -> list[Profile]:
        return [door for door in self.doors.now.values() if isinstance(door, Profile)]

    def check(self) -> None:
        """Each listed identifier leads to its profile; each identifier's sign leads to one that lists it."""
        for profile in self.profiles():
            for known in profile.identifiers:
                home = SECRETS.home(known.kind, known.value)
                assert self.doors.resident(home, LATEST) is profile
                if known.kind in CHANGES_HANDS and home == profile.id:
                    assert len(profile.identifiers) == 1
        shaky = {SECRETS.home("anonymous", f"{name}") for name in "abc"}
        for door in self.doors.now.values():
            if isinstance(door, Sign):
                assert isinstance(self.doors.now.get(self.doors.leads_to(door.id, LATEST)), Profile)
                assert door.forward_to not in shaky


def rules_of(case: dict[str, Any]) -> Rules:
    if "playbook" not in case:
        return RULES
    playbook, faults = parse("playbook: 1\nname: who\n" + case["playbook"])
    assert playbook is not None, faults
    return compile_playbook(playbook, 1)


def told(events: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The events of a case, those to be repeated made out."""
    for event in events:
        template = json.dumps({name: value for name, value in event.items() if name != "repeat"})
        for number in range(1, event.get("repeat", 1) + 1):
            yield json.loads(template.replace("{n}", str(number)))


def spelled_out(identifiers: list[str]) -> list[str]:
    """`device:t{1..3}` as the three it stands for."""
    found: list[str] = []
    for one in identifiers:
        head, brace, span = one.partition("{")
        first, _, last = span.rstrip("}").partition("..")
        found += [f"{head}{n}" for n in range(int(first), int(last) + 1)] if brace else [one]
    return sorted(found)


def as_told(profile: Profile, like: dict[str, Any]) -> dict[str, Any]:
    """A profile in the words of a case that has these."""
    home = [
        f"{one.kind}:{one.value}"
        for one in profile.identifiers
        if SECRETS.home(one.kind, one.value) == profile.id
    ]
    words = {
        "events": len(profile.seen.ids),
        "traits": {name: stamped.value for name, stamped in profile.facts.traits.items()},
        "activity": {name: one.total for name, one in profile.facts.activity.items()},
        "home": home[0] if home else None,
    }
    return {name: words[name] for name in like if name != "lists"}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_identity(case: dict[str, Any]) -> None:
    world = World(rules_of(case))
    for fields in told(case["events"]):
        world.take(**fields)
    expected = {tuple(spelled_out(one["lists"])): one for one in case["profiles"]}
    found = {
        tuple(sorted(f"{one.kind}:{one.value}" for one in profile.identifiers)): profile
        for profile in world.profiles()
    }
    assert sorted(found) == sorted(expected)
    for lists, like in expected.items():
        assert as_told(found[lists], like) == {name: like[name] for name in like if name != "lists"}
    assert world.refused == case.get("refused", [])
    assert world.unusable == case.get("unusable", [])
    assert world.nobody == case.get("nobody", [])


def test_the_cases_are_many_and_each_has_its_own_name() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES) >= 40


anything = st.fixed_dictionaries(
    {"type": st.sampled_from(["track", "identify"])},
    optional={
        "anonymous_id": st.sampled_from("abc"),
        "user_id": st.sampled_from(["u", "v"]),
        "traits": st.sampled_from(
            [{"email": "x@example.com"}, {"email": "y@example.com"}, {"phone": "+17855550100"}]
        ),
        "context": st.sampled_from(
            [{"device": {"token": "t"}}, {"externalIds": [{"type": "loyalty", "id": "L"}]}]
        ),
        "at": st.integers(0, 12),
    },
)


@settings(max_examples=500, deadline=None)
@given(st.lists(anything, max_size=12))
def test_doors_stay_sound_whatever_comes(history: list[dict[str, Any]]) -> None:
    world = World()
    for fields in history:
        world.take(**fields)
    users = [[k.value for k in profile.identifiers if k.kind == "user"] for profile in world.profiles()]
    assert all(len(values) <= 1 for values in users)
    assert sum(len(profile.seen.ids) for profile in world.profiles()) == world.count - len(world.nobody)


def known_in(world: World, identifier: Identifier) -> dict[str, bool]:
    profile = world.doors.resident(SECRETS.home(identifier.kind, identifier.value), LATEST)
    assert profile is not None
    return {f"{one.kind}:{one.value}": one.proven for one in profile.identifiers}


def test_a_stranger_who_links_himself_to_a_known_user_proves_nothing() -> None:
    world = World()
    world.take(user_id="victim", anonymous_id="b", proven=True)
    world.take(anonymous_id="a", proven=True)
    world.take(user_id="victim", anonymous_id="a")
    proofs = known_in(world, Identifier("user", "victim"))
    assert proofs == {"user:victim": True, "anonymous:b": True, "anonymous:a": False}


def test_a_login_that_is_proven_proves_the_device() -> None:
    world = World()
    world.take(anonymous_id="a")
    world.take(user_id="u", anonymous_id="a", proven=True)
    assert known_in(world, Identifier("user", "u"))["anonymous:a"]


def test_two_known_customers_joined_without_proof_lose_their_devices_proof() -> None:
    world = World()
    world.take(user_id="stranger", anonymous_id="a", proven=True)
    world.take(type="identify", traits={"email": "x@example.com"}, anonymous_id="b", proven=True)
    world.take(type="identify", user_id="stranger", traits={"email": "x@example.com"})
    proofs = known_in(world, Identifier("user", "stranger"))
    assert (proofs["anonymous:a"], proofs["anonymous:b"]) == (False, False)


def test_a_device_that_changes_hands_counts_towards_the_limit_too() -> None:
    kinds = [rule for rule in DEFAULT_IDENTIFIERS if rule.kind != "device"]
    one_device = IdentifierRule("device", limit=1)
    world = World(compile_playbook(Playbook("who", identifiers=(*kinds, one_device)), 1))
    world.take(user_id="ben", context={"device": {"token": "b"}})
    world.take(user_id="ana", context={"device": {"token": "a"}})
    world.take(user_id="ana", context={"device": {"token": "b"}})
    assert world.refused == [["device:b", "over-limit"]]
    assert known_in(world, Identifier("user", "ana")).keys() == {"user:ana", "device:a"}


def test_a_logout_takes_the_proof_of_the_device_and_a_late_one_does_not() -> None:
    world = World()
    out = {"event": "Signed Out", "user_id": "ana", "anonymous_id": "a", "proven": True}
    world.take(user_id="ana", anonymous_id="a", proven=True, at=10)
    world.take(**out, at=20)
    assert not known_in(world, Identifier("user", "ana"))["anonymous:a"]
    world.take(user_id="ana", anonymous_id="a", proven=True, at=30)
    world.take(**out, at=25)
    assert known_in(world, Identifier("user", "ana"))["anonymous:a"]
