"""A workspace in which customers are split, beside one in which they were never joined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from chalicelib.domain import refusing
from chalicelib.domain.doors import EARLIEST, LATEST, Doors
from chalicelib.domain.identifiers import CHANGES_HANDS, Identifier, ranks
from chalicelib.domain.profile import Profile, Sign
from chalicelib.services.clear_split import ClearSplit
from chalicelib.services.find_profile import open_doors
from chalicelib.services.resolve_address import ResolveAddress
from chalicelib.services.split_profile import SplitProfile
from infra.local.replacing import replaced
from tests.fakes import FakeAgenda
from tests.services.ingest_world import World

PLAYBOOK = """
playbook: 1
name: shop
segments:
  buyer: {did: Order Completed, within: 7d}
  spender: {did: Order Completed, total: revenue, above: 50, within: 30d}
"""


class Splitting(World):
    """A workspace with an operator who splits."""

    def __init__(self) -> None:
        super().__init__()
        self.agenda = FakeAgenda()
        nonces = iter(range(100_000))
        self.split = SplitProfile(
            resolve=ResolveAddress(self.find, self.rules),
            profiles=self.profiles,
            timeline=self.timeline,
            agenda=self.agenda,
            rules=self.rules,
            secrets=self.secrets,
            clock=self.clock,
            nonce=lambda: f"n{next(nonces)}",
        )
        self.clear = ClearSplit(self.find, self.timeline)

    def everybody(self) -> dict[frozenset[str], Profile]:
        """Who there is, by what they are known by."""
        found = [self.profiles._door(home) for home in self.profiles.homes]
        return {named(one): one for one in found if isinstance(one, Profile)}

    def facts(self) -> dict[frozenset[str], Any]:
        """The facts of everybody who has any. (A part that never did anything by itself is known, and that is all.)"""
        everybody = {names: msgspec.to_builtins(one.facts) for names, one in self.everybody().items()}
        return {names: facts for names, facts in everybody.items() if facts}

    def told(self, profile: Profile) -> list[str]:
        """The message ids in a customer's timeline, in order."""
        from chalicelib.domain.timelines import timelines_of

        return [event.message_id for event in self.timeline.page(timelines_of(profile), 10_000).items][::-1]

    def check(self) -> None:
        """Every identifier leads to who lists it, and so does every earlier id; no sign leads nowhere, at any time."""
        doors = Doors(self.secrets, ranks(()))
        open_doors(self.profiles, doors, [(home, LATEST) for home in self.profiles.homes], owners=True)
        for one in self.everybody().values():
            for known in one.identifiers:
                home = doors.home(known)
                assert doors.leads_to(home, LATEST) == one.id
                assert known.kind not in CHANGES_HANDS or home != one.id or len(one.identifiers) == 1
            assert all(doors.leads_to(earlier, EARLIEST) == one.id for earlier in one.merged)
        for home, door in doors.now.items():
            if isinstance(door, Sign):
                assert isinstance(doors.now.get(doors.leads_to(home, LATEST)), Profile), home
                assert all(isinstance(doors.now.get(end), Profile) for end in doors.ends(home))
                assert isinstance(doors.now.get(doors.leads_to(home, EARLIEST)), Profile)


def named(profile: Profile) -> frozenset[str]:
    return frozenset(f"{one.kind}:{one.value}" for one in profile.identifiers)


@contextmanager
def never_joining(apart: Identifier) -> Iterator[None]:
    """While inside, this identifier's links are refused, as if there had always been a bar."""

    def bars(_doors: Doors, _a: Profile, _b: Profile, together: Sequence[Any]) -> bool:
        listed = {(one.kind, one.value) for one in together}
        return (apart.kind, apart.value) in listed and len(listed) > 1

    with replaced(refusing, _bars=bars):
        yield
