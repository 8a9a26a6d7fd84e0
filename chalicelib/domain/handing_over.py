"""Devices that change hands: from one customer to the next at a login, to nobody at a logout.

time       1          50          100
door       Ana .................. Ana           she was seen with it last at 100
late       Ben's login, 50: he had it from 50 to 100; it is hers
now        Ben's login, 120: it is his from 120 on, and she lists it no more
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.doors import EARLIEST, NOBODY, Doors, is_known, lists, with_owner
from chalicelib.domain.events import Event
from chalicelib.domain.identifiers import CHANGES_HANDS, Identifier
from chalicelib.domain.profile import Known, Profile, Sign
from chalicelib.domain.rules import Rules

SIGNED_OUT = "Signed Out"
"""The event that ends a login on a device (Segment's B2B SaaS events); a client that resets its id needs none."""


def pass_on(doors: Doors, profile: Profile, device: Identifier, event: Event, start: int) -> None:
    """A device's door belongs to the profile from `start` on; the owner before stops listing it.

    One who comes late, to a door that has a later owner or whose owner was seen with it since, only joins its
    memory of owners.
    """
    home = doors.home(device)
    door = doors.now.get(home)
    was = _straight(doors, door) if isinstance(door, Sign) else None
    before = doors.now.get(was.forward_to) if was else None
    sign = with_owner(was, home, profile.id, start)
    held = lists(before, device) if isinstance(before, Profile) else None
    if isinstance(before, Profile) and held is not None and held.last > start and before is not profile:
        sign = with_owner(sign, home, before.id, held.last)
    doors.put(sign)
    if sign.forward_to == profile.id and before is not profile:
        if isinstance(before, Profile):
            before.identifiers = [one for one in before.identifiers if one is not held]
            doors.put(before)
        profile.identifiers.append(
            Known(device.kind, device.value, event.timestamp, event.message_id, event.proven)
        )
        doors.put(profile)


def _straight(doors: Doors, sign: Sign) -> Sign:
    """The sign with its owners under the ids they have by now, so that who was two counts as one."""
    owners = [(doors.leads_to(owner, EARLIEST), start) for owner, start in sign.owners]
    forward_to, heir = (doors.leads_to(id, EARLIEST) if id else "" for id in (sign.forward_to, sign.heir))
    return Sign(sign.id, forward_to, sign.version, owners, sign.born_after, heir)


def log_out(
    doors: Doors, profile: Profile, identifiers: Sequence[Identifier], event: Event, rules: Rules
) -> None:
    """A customer has logged out: whoever sits at their devices from now on, until the next login, is not shown them.

    The devices have proven nothing more. What they do is the customer's, or, where the playbook says so, nobody's:
    that is kept apart, in a profile that joins nobody, so that caps hold for whoever sits there. Devices that are
    named together share one, and go back to it at each logout.
    """
    held = [
        one
        for one in identifiers
        if one.kind in CHANGES_HANDS and doors.resident(doors.home(one), event.timestamp) is profile
    ]
    if not held or not is_known(profile):
        return
    if rules.playbook.after_logout == "last":
        _unprove(doors, profile, held, event)
        return
    start = event.timestamp + 1
    nobody = _nobody(doors, doors.home(held[0]), start)
    for device in held:
        pass_on(doors, nobody, device, event, start)
    doors.put(nobody)


def _unprove(doors: Doors, profile: Profile, held: Sequence[Identifier], event: Event) -> None:
    for device in held:
        known = lists(profile, device)
        if known is not None and known.proven and known.last <= event.timestamp:
            known.proven = False
            doors.put(profile)


def nobodys_home(doors: Doors, home: str) -> str:
    """The home of what a device does for nobody."""
    return NOBODY + doors.secrets.home("minted", f"{home}/nobody")[len(NOBODY) :]


def _nobody(doors: Doors, home: str, since: int) -> Profile:
    apart = nobodys_home(doors, home)
    known = doors.now.get(apart)
    if isinstance(known, Profile):
        return known
    nobody = Profile(id=apart, unclaimed=True)
    nobody.ledger.seed, nobody.ledger.seed_at = apart, since
    return nobody
