"""Erasing a customer at once: profile, doors, timeline, deliveries, groups and agenda; and a sweep a day later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.erasure import (
    LAKE_WITHIN,
    SWEEP_AFTER,
    armed_rings,
    deliveries_of,
    groups_of,
    homes_of,
    is_theirs,
)
from chalicelib.domain.errors import Conflict, Unavailable
from chalicelib.domain.instants import to_text
from chalicelib.domain.keys import Secrets, cause_id
from chalicelib.domain.profile import Door, Erased, Profile
from chalicelib.domain.stored import Write
from chalicelib.domain.versions import next_version
from chalicelib.services.ports import Agenda, Clock, Deliveries, Groups, Profiles, Stops, Timeline
from chalicelib.services.resolve_address import ResolveAddress

TRIES = 5
#: Homes of one transaction; DynamoDB takes 100.
TOGETHER = 90


@dataclass(frozen=True, slots=True)
class EraseProfile:
    """The sweep is put on the agenda first, so that an erasure that dies half-way is finished by it.

    The sweep erases only homes that were erased: one whose erasure never committed keeps everything.
    """

    resolve: ResolveAddress
    profiles: Profiles
    timeline: Timeline
    deliveries: Deliveries
    groups: Groups
    agenda: Agenda
    stops: Stops
    secrets: Secrets
    clock: Clock
    nonce: Callable[[], str]

    def __call__(self, address: str) -> dict[str, Any]:
        """Erase who lives at the address; what went, in counts. Raises `NotFound`."""
        for _ in range(TRIES):
            profile = self.resolve(address)
            at = max(self.clock(), profile.ledger.now)
            homes = homes_of(profile, self.secrets)
            self._plan_sweep(profile, homes, at)
            try:
                self._vacate(homes, at)
            except Conflict:
                continue
            return self._clear(profile, homes, at)
        raise Unavailable("profiles")

    def _plan_sweep(self, profile: Profile, homes: list[str], at: int) -> None:
        job = {
            "kind": "sweep",
            "ids": homes,
            "at": at,
            "deliveries": deliveries_of(profile),
            "groups": groups_of(profile),
        }
        self.agenda.put(at + SWEEP_AFTER, cause_id("s_", profile.id, str(at)), job)

    def _vacate(self, homes: list[str], at: int) -> None:
        """The profile's own home goes with the first transaction, so nobody finds it from then on."""
        doors = self.profiles.read(homes, consistent=True)
        if not isinstance(doors.get(homes[0]), Profile):
            raise Conflict((homes[0],))
        self._bury(homes[:TOGETHER], doors, homes, at)
        for start in range(TOGETHER, len(homes), TOGETHER):
            self._bury_surely(homes[start : start + TOGETHER], homes, at)

    def _bury_surely(self, part: list[str], homes: list[str], at: int) -> None:
        """Once the profile has gone, nobody can ask for the rest again: a conflict is settled here."""
        for _ in range(TRIES):
            try:
                return self._bury(part, self.profiles.read(part, consistent=True), homes, at)
            except Conflict:
                continue
        raise Unavailable("profiles")

    def _bury(self, part: list[str], doors: Mapping[str, Door], homes: list[str], at: int) -> None:
        theirs = [home for home in part if is_theirs(doors.get(home), homes)]
        if theirs:
            self.profiles.commit([self._tombstone(home, doors.get(home), at) for home in theirs])

    def _tombstone(self, home: str, door: Door | None, at: int) -> Write:
        version = door.version if door else ""
        return Write(Erased(home, at, next_version(version, self.nonce())), version)

    def _clear(self, profile: Profile, homes: list[str], at: int) -> dict[str, Any]:
        rings = armed_rings(profile)
        held = [(one.held_until, id) for id, one in profile.ledger.contacts.items() if one.held_until]
        self.agenda.remove([*rings, *held])
        groups = groups_of(profile)
        for group in groups:
            self.groups.leave(group, profile.id)
        for home in homes:
            self.stops.add(home, "erased", at)
        return {
            "profile": profile.id,
            "erased": {
                "identifiers": len(profile.identifiers),
                "homes": len(homes),
                "timeline": self.timeline.erase(homes),
                "deliveries": self.deliveries.erase(deliveries_of(profile)),
                "groups": len(groups),
                "agenda": len(rings) + len(held),
            },
            "at": to_text(at),
            "sweptAgainAt": to_text(at + SWEEP_AFTER),
            "lakeRewrittenBy": to_text(at + LAKE_WITHIN),
        }
