"""Who is who: named cases, and the rule that a sign stands exactly where the profile lists the identifier."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.circles import Item, order_of_taking
from chalicelib.domain.doors import Doors
from chalicelib.domain.events import Event, EventBatch
from chalicelib.domain.facts import fold
from chalicelib.domain.identifiers import CHANGES_HANDS, Identifier, identifiers_of, parse_identifier, ranks
from chalicelib.domain.keys import Secrets
from chalicelib.domain.linking import place_event
from chalicelib.domain.playbook.compiler import compile_playbook
from chalicelib.domain.playbook.model import DEFAULT_IDENTIFIERS, IdentifierRule, Playbook
from chalicelib.domain.profile import Profile, Sign
from chalicelib.domain.rules import Rules

CASES = json.loads((Path(__file__).parent / "identity_cases.json").read_text())
PLAYBOOK = Playbook("who", identifiers=DEFAULT_IDENTIFIERS)
RULES = compile_playbook(PLAYBOOK, 1)
SECRETS = Secrets(b"s", b"s")
START = 1_790_000_000_000
LATEST = 1 << 62


class World:
    """Every door there is, taken event by event."""

    def __init__(self, rules: Rules = RULES) -> None:
        self.rules = rules
        self.doors = Doors(SECRETS, ranks(PLAYBOOK.identifiers))
        self.refused: list[list[str]] = []
        self.count = 0

    def take(self, **fields: Any) -> Profile | None:
        self.count += 1
        at = START + fields.pop("at", self.count)
        made = {
            "message_id": f"m{self.count}",
            "type": "track",
            "event": "Seen",
            "timestamp": at,
            "received_at": at,
        }
        event = Event(**{**made, **fields})
        item = Item(0, 0, EventBatch(), event, identifiers_of(event, PLAYBOOK).identifiers)
        placed = place_event(self.doors, event, order_of_taking(item, self.doors), self.rules)
        self.refused.extend([str(one.identifier), one.reason] for one in placed.refusals)
        if placed.profile is not None:
            fold(placed.profile, event, self.rules)
            self.doors.put(placed.profile)
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


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_identity(case: dict[str, Any]) -> None:
    world = World()
    for fields in case["events"]:
        world.take(**fields)
    found = [
        {
            "lists": sorted(f"{one.kind}:{one.value}" for one in profile.identifiers),
            "events": len(profile.seen.ids),
        }
        for profile in world.profiles()
    ]
    expected = [{"lists": one["lists"], "events": one["events"]} for one in case["profiles"]]
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert world.refused == case.get("refused", [])
    for one in case["profiles"]:
        if one.get("home"):
            home = parse_identifier(one["home"], PLAYBOOK)
            assert home is not None
            assert isinstance(world.doors.now[SECRETS.home(home.kind, home.value)], Profile)


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
        event = Event(
            "m", fields["type"], 0, 0, **{k: v for k, v in fields.items() if k not in ("type", "at")}
        )
        if identifiers_of(event, PLAYBOOK).identifiers:
            world.take(**fields)
    users = [[k.value for k in profile.identifiers if k.kind == "user"] for profile in world.profiles()]
    assert all(len(values) <= 1 for values in users)
    assert sum(len(profile.seen.ids) for profile in world.profiles()) == world.count


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
