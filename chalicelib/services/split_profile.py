"""Taking one identifier's links back: the customer becomes the customers they would have been without them.

    us       read profile, doors, history ... agenda: old timelines go tomorrow ... write each part's own timeline
             ... one transaction: profiles, signs
    ingest   fold an event into the profile ........ (our transaction conflicts: all of it anew)
    ingest   read profile ...................................................... put: conflict; reads the parts

Up to the transaction nothing but unread copies has changed; after it nobody reads the old timelines. What nobody
uses is cleared a day later, the copies of a split that was never committed too. Where more
doors change than one transaction holds, they are led to their part's home first, while that still leads to
the whole: so every door leads to who lists it at each moment. Where there are more parts than one transaction holds,
some leave first, the identifier itself last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.doors import EARLIEST, LATEST, Doors, lists
from chalicelib.domain.errors import BadRequest, Clash, Conflict, NotFound, Unavailable
from chalicelib.domain.events import Event
from chalicelib.domain.identifiers import Identifier, parse_identifier, ranks
from chalicelib.domain.keys import Secrets, cause_id
from chalicelib.domain.parting import home_for, set_apart, straight
from chalicelib.domain.profile import Profile, Sign
from chalicelib.domain.reacting import settle
from chalicelib.domain.rules import Rules
from chalicelib.domain.splitting import (
    Part,
    carried,
    devices_in,
    history_of,
    is_whole,
    only_some,
    past_devices,
    regroup,
)
from chalicelib.domain.stored import Unchanged, Write
from chalicelib.domain.timelines import timelines_of
from chalicelib.domain.versions import next_version
from chalicelib.services.find_profile import open_doors
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Agenda, Clock, Profiles, Timeline
from chalicelib.services.read_profile import every
from chalicelib.services.resolve_address import ResolveAddress

TRIES = 5
DAY = 86_400_000
#: Puts of one transaction; DynamoDB takes 100 actions. And parts: further ones leave with the next.
TOGETHER = 90
PARTS = 40
_PAGE = 1000


@dataclass(slots=True)
class _Plan:
    """A split worked out over what was read. `first` are the signs to go up before doors are led on one by one."""

    profile: Profile
    parts: list[Part]
    doors: Doors
    first: list[Sign]
    made: list[Profile]
    is_all: bool


@dataclass(frozen=True, slots=True)
class SplitProfile:
    """Carries out `POST /v1/profiles/{id}/split`."""

    resolve: ResolveAddress
    profiles: Profiles
    timeline: Timeline
    agenda: Agenda
    rules: LiveRules
    secrets: Secrets
    clock: Clock
    nonce: Callable[[], str]

    def __call__(self, address: str, identifier: str) -> dict[str, Any]:
        """Split `identifier` from the customer; who they are now, the one that keeps the profile id first.

        Raises `NotFound` where nobody lives there or they are not known by it, `Clash` (`nothing-to-split`,
        `history-expired`), `Unavailable` where other writers keep being first.
        """
        apart = parse_identifier(identifier, self.rules.current().playbook)
        if apart is None:
            raise BadRequest(
                "invalid-identifier",
                "Name one identifier as the profile lists it: `kind:value`.",
                "identifier",
            )
        left: list[Profile] = []
        lost = 0
        while lost < TRIES:
            try:
                done, made = self._once(self.resolve(address), apart)
            except Conflict:
                lost += 1
                continue
            if done:
                return _told(apart, [made[0], *left, *made[1:]])
            if made:
                address, left = made[0].id, [*left, *made[1:]]
        raise Unavailable("profiles")

    def _once(self, profile: Profile, apart: Identifier) -> tuple[bool, list[Profile]]:
        """Whether that was all, and the parts it made; none where only doors were led on. Raises `Conflict`."""
        if lists(profile, apart) is None:
            raise NotFound("not-found", "This customer is not known by that identifier.")
        if len(profile.identifiers) == 1:
            raise Clash("nothing-to-split", "This customer is known by that identifier alone.")
        plan = self._plan(profile, apart, max(self.clock(), profile.ledger.now))
        signs = [door for home in plan.doors.changed if isinstance(door := plan.doors.now[home], Sign)]
        if len(plan.doors.changed) > TOGETHER:
            self._lead_on(plan, signs)
            return False, []
        self._write_timelines(plan)
        self._commit(plan)
        return plan.is_all, plan.made

    def _plan(self, profile: Profile, apart: Identifier, now: int) -> _Plan:
        rules = self.rules.current()
        stored: list[Event] = every(lambda at: self.timeline.page(timelines_of(profile), _PAGE, at))
        history = history_of(profile, stored)
        named = carried(history, rules)
        doors = Doors(self.secrets, ranks(rules.playbook.identifiers))
        self._open(doors, profile, devices_in(named))
        gone = past_devices(profile, named, doors)
        parts = regroup(profile, apart, history, named, gone, doors)
        if parts is None or not is_whole(profile, history, rules):
            raise Clash(
                "history-expired", "Their history is not kept any more in full: it cannot be told apart."
            )
        parts, is_all = only_some(parts, apart, PARTS)
        parts[0].home = profile.id
        for part in parts[1:]:
            part.home = home_for(part, profile, doors)
        homes = [*(part.home for part in parts), *profile.merged]
        open_doors(self.profiles, doors, [(home, EARLIEST) for home in homes], consistent=True)
        first = straight(profile, parts, doors)
        made = set_apart(profile, apart, parts, doors, rules, now)
        self._settle(made, doors, rules, now)
        return _Plan(profile, parts, doors, first, made, is_all)

    def _open(self, doors: Doors, profile: Profile, devices: set[Identifier]) -> None:
        """All their doors, and those of devices that may have been theirs. Raises `Conflict` if they have changed."""
        listed = [(doors.home(one), LATEST) for one in profile.identifiers]
        theirs = [(doors.home(one), LATEST) for one in devices]
        open_doors(
            self.profiles, doors, [(profile.id, EARLIEST), *listed, *theirs], consistent=True, owners=True
        )
        here = doors.now.get(profile.id)
        if not isinstance(here, Profile) or here.version != profile.version:
            raise Conflict((profile.id,))

    def _settle(self, made: Sequence[Profile], doors: Doors, rules: Rules, now: int) -> None:
        for customer in made:
            customer.timelines = [doors.secrets.home("timeline", f"{customer.id}/{self.nonce()}")]
            doors.outbox.setdefault(customer.id, []).extend(settle(customer, rules, now))

    def _lead_on(self, plan: _Plan, signs: Sequence[Sign]) -> None:
        """Some of the doors, while all parts are still one. Their homes lead straight to the whole until then."""
        doors, whole = plan.doors, plan.profile
        relied = [Unchanged(whole.id, whole.version)]
        if plan.first:
            self.profiles.commit([self._straight(sign, doors) for sign in plan.first], relied)
            return
        for start in range(0, len(signs), TOGETHER):
            part = signs[start : start + TOGETHER]
            self.profiles.commit([self._write(door, doors) for door in part], relied)

    def _straight(self, sign: Sign, doors: Doors) -> Write:
        expected = doors.versions[sign.id]
        sign.version = next_version(expected, self.nonce())
        return Write(sign, expected)

    def _write(self, door: Profile | Sign, doors: Doors) -> Write:
        expected = doors.versions[door.id]
        door.version = next_version(expected, self.nonce())
        return Write(door, expected, tuple(doors.outbox.get(door.id, ())))

    def _write_timelines(self, plan: _Plan) -> None:
        """A copy for each part of its own events. The old ones go a day later, but for what was decided."""
        whole, now = plan.profile, self.clock()
        ids = [*timelines_of(whole), *(customer.timelines[0] for customer in plan.made)]
        job = {"kind": "clear_split", "homes": [part.home for part in plan.parts], "ids": ids, "at": now}
        self.agenda.put(now + DAY, cause_id("s_", *ids), job)
        made = zip(plan.parts, plan.made, strict=True)
        self.timeline.append([(customer.timelines[0], part.events) for part, customer in made])

    def _commit(self, plan: _Plan) -> None:
        doors = plan.doors
        changed = [doors.now[home] for home in sorted(doors.changed)]
        self.profiles.commit(
            [self._write(door, doors) for door in changed if isinstance(door, Profile | Sign)]
        )


def _told(apart: Identifier, made: Sequence[Profile]) -> dict[str, Any]:
    return {
        "split": str(apart),
        "profiles": [
            {
                "id": customer.id,
                "identifiers": [{"kind": one.kind, "value": one.value} for one in customer.identifiers],
            }
            for customer in made
        ],
    }
