"""Erasing a customer: which homes are theirs, and what is left at each.

    us     read homes ----------- put Erased at the profile's home and the first 99 others (one transaction)
    ingest     read profile ------- fold --- put profile: conflict; reads again, finds Erased, drops the event

From the first transaction on nobody finds the profile: what still stands at other homes leads to an erasure.
"""

from __future__ import annotations

from chalicelib.domain.keys import Secrets, cause_id
from chalicelib.domain.profile import Door, Erased, Profile, Sign

DAY = 86_400_000
#: When stragglers are swept up: events that were under way during the erasure are long folded by then.
SWEEP_AFTER = DAY
#: Lake files are rewritten without the customer within this time.
LAKE_WITHIN = 30 * DAY


def homes_of(profile: Profile, secrets: Secrets) -> list[str]:
    """The profile's own home first, then those of its identifiers and those it has lived at."""
    doors = [secrets.home(one.kind, one.value) for one in profile.identifiers]
    return list(dict.fromkeys([profile.id, *doors, *profile.merged]))


def is_theirs(door: Door | None, homes: list[str]) -> bool:
    """Whether what stands at one of the customer's homes is still theirs, or nobody's.

    A device's home may lead to its next owner, and a home they once lived at may be somebody else's by now.
    """
    if isinstance(door, Sign):
        return door.forward_to in homes
    return not isinstance(door, Profile) or door.id == homes[0]


def was_erased(door: Door | None, at: int) -> bool:
    """Whether the home was erased at that time, though somebody new may have moved in since."""
    if isinstance(door, Erased):
        return door.at >= at
    return isinstance(door, Profile) and door.born_after >= at


def deliveries_of(profile: Profile) -> list[str]:
    """The ids of every delivery the ledger knows of."""
    made = [delivery for decision in profile.ledger.decisions.values() for delivery in decision.messages]
    offered = [offer.delivery for offer in profile.ledger.offers.values()]
    return list(dict.fromkeys([*profile.ledger.contacts, *made, *offered]))


def groups_of(profile: Profile) -> list[str]:
    """The groups that may hold a row for the profile."""
    segments = [f"segment:{name}" for name in profile.ledger.entries]
    return segments + [f"place:{place}" for place in profile.ledger.places]


def armed_rings(profile: Profile) -> list[tuple[int, str]]:
    """(due, id) of the rings the ledger knows to be on their way, under the ids `reacting.py` gives them.

    One that was kept when its hold restarted may ring earlier; it then finds nobody.
    """
    ledger = profile.ledger
    waits = [
        (wait.due, cause_id("r_", ledger.seed, "wait", name, str(wait.due)))
        for name, wait in ledger.waits.items()
    ]
    return waits + (
        [(ledger.wake, cause_id("r_", profile.id, "wake", str(ledger.wake)))] if ledger.wake else []
    )
