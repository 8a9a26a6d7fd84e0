"""Erasing a customer: which homes are theirs, and what is left at each.

    us     read homes ----------- put Erased at the profile's home and the first 89 others (one transaction)
    ingest     read profile ------- fold --- put profile: conflict; reads again, finds Erased, drops the event

From the first transaction on nobody finds the profile: what still stands at other homes leads to an erasure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from chalicelib.domain.confirming import questions_in
from chalicelib.domain.keys import Secrets, cause_id
from chalicelib.domain.profile import Door, Erased, Profile, Sign

DAY = 86_400_000
#: When stragglers are swept up: events that were under way during the erasure are long folded by then.
SWEEP_AFTER = DAY
#: Why a home is among the stops: with all that happened there, or the door alone.
WITH_HISTORY, DOOR_ALONE = "erased", "vacated"
_DOOR = "#door"


class Gone(NamedTuple):
    """A home that was erased, as the stops keep it: when (ms), and whether what happened there went with it.

    The two kinds are stops of their own. A device's home may have lost the history of its first owner at one time,
    and be the door of the next, erased at another.
    """

    home: str
    at: int
    history: bool

    @property
    def stop(self) -> tuple[str, str, int]:
        """The stop it is kept as: hash, reason, time."""
        if self.history:
            return self.home, WITH_HISTORY, self.at
        return self.home + _DOOR, DOOR_ALONE, self.at


def gone_of(hash: str, reason: str, at: int) -> Gone:
    """The erased home that a stop is about."""
    return Gone(hash.removesuffix(_DOOR), at, history=reason == WITH_HISTORY)


class Erasure(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one erasure removes; also the job of its sweep.

    `ids` are all homes of the customer, the profile's own first, and `lived` those it lives or has lived at: its
    decisions and its rows in groups are stored under them. `until` says up to when (ms) what happened at a home is
    theirs, where that is not simply `at`: somebody else lives there since, or only ever lived there (then 0).
    """

    ids: list[str]
    at: int
    deliveries: list[str] = []
    groups: list[str] = []
    lived: list[str] = []
    until: dict[str, int] = {}

    @property
    def history(self) -> dict[str, int]:
        """Up to when (ms) what is stored under each home goes."""
        wanted = ((home, self.until.get(home, self.at)) for home in self.ids)
        return {home: until for home, until in wanted if until}

    @property
    def gone(self) -> list[Gone]:
        """What the stops are to keep of it."""
        ends = ((home, self.until.get(home, self.at)) for home in self.ids)
        return [Gone(home, until or self.at, history=until > 0) for home, until in ends]


def erasure_of(profile: Profile, doors: Mapping[str, Door], secrets: Secrets, at: int) -> Erasure:
    """What erasing the profile at that time removes; `doors` is what stands at its homes."""
    homes = homes_of(profile, secrets)
    ends = {home: _until(doors.get(home), home, profile, homes, at) for home in homes}
    return Erasure(
        ids=[home for home in homes if ends[home] or is_theirs(doors.get(home), homes)],
        at=at,
        deliveries=deliveries_of(profile),
        groups=groups_of(profile),
        lived=list(dict.fromkeys([profile.id, *profile.merged, *profile.timelines, *profile.records])),
        until={home: until for home, until in ends.items() if until != at},
    )


def _until(door: Door | None, home: str, profile: Profile, homes: list[str], at: int) -> int:
    """Up to when what happened at the home is theirs, 0 if nothing of it.

    A device's home keeps what its first owner did before anybody knew them; later owners stored nothing there.
    Once that was erased, the next to come by the device lives there in turn, with a timeline of their own.
    """
    lived_in = home == profile.id or home in profile.merged
    if lived_in and profile.timelines and home not in (*profile.timelines, *profile.records):
        return 0
    if isinstance(door, Profile) and door.id != profile.id:
        return door.born_after if home in profile.merged else 0
    if isinstance(door, Sign):
        first = door.heir or (door.owners[0][0] if door.owners else door.forward_to)
        if first not in homes:
            return (door.born_after or at) if home in profile.merged else 0
    return at


def nobody_elses(erasure: Erasure, doors: Mapping[str, Door]) -> list[str]:
    """The homes they have lived at where nobody lives who came after or is another."""
    return [
        home
        for home in erasure.lived
        if not isinstance(door := doors.get(home), Profile)
        or (home == erasure.ids[0] and not was_erased(door, erasure.at))
    ]


def sweep_job(erasure: Erasure) -> dict[str, Any]:
    """The erasure as it waits in the agenda for its sweep."""
    return {"kind": "sweep", **msgspec.to_builtins(erasure)}


def swept_by(job: Mapping[str, Any]) -> Erasure:
    """The erasure a sweep is about."""
    return msgspec.convert(job, Erasure)


def homes_of(profile: Profile, secrets: Secrets) -> list[str]:
    """The profile's own home first, then those of its identifiers and those it has lived at.

    Timelines of its own (after a split) count as homes: nobody lives there, but history lies there.
    """
    doors = [secrets.home(one.kind, one.value) for one in profile.identifiers]
    return list(dict.fromkeys([profile.id, *doors, *profile.merged, *profile.timelines, *profile.records]))


def is_theirs(door: Door | None, homes: list[str]) -> bool:
    """Whether what stands at one of the customer's homes is still theirs, or nobody's.

    A device's home may lead to its next owner, and a home they once lived at may be somebody else's by now.
    """
    if isinstance(door, Sign):
        return door.forward_to in homes
    return not isinstance(door, Profile) or door.id == homes[0]


def was_erased(door: Door | None, at: int) -> bool:
    """Whether the home was erased at that time, though somebody new may have moved in since, or out again."""
    if isinstance(door, Erased):
        return door.at >= at
    return door is not None and door.born_after >= at


def deliveries_of(profile: Profile) -> list[str]:
    """The ids of every delivery the ledger knows of, and of what was asked to be confirmed."""
    made = [delivery for decision in profile.ledger.decisions.values() for delivery in decision.messages]
    offered = [offer.delivery for offer in profile.ledger.offers.values()]
    return list(dict.fromkeys([*profile.ledger.contacts, *made, *offered, *questions_in(profile.facts)]))


def deliveries_in(records: Iterable[Mapping[str, Any]], until: int | None = None) -> list[str]:
    """The delivery ids that decisions' records (of that time, in ms, or before) tell of.

    The ledger forgets a contact after 90 days, and of more than 500 the oldest; rows and records stay 400 days. A
    record that would have more than 2 KB lacks its last choices: such rows go by themselves, after 400 days.
    """
    return [
        str(choice["delivery"])
        for record in records
        if until is None or record.get("at", 0) <= until
        for choice in record.get("choices", ())
    ]


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
