"""The second sweep of an erasure, a day later: whatever was under way when it happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.domain.erasure import was_erased
from chalicelib.domain.profile import Erased
from chalicelib.services.ports import Deliveries, Groups, Profiles, Timeline


@dataclass(frozen=True, slots=True)
class SweepErased:
    """Carries out `{"kind": "sweep", "ids", "at", "deliveries", "groups"}`; again is harmless."""

    profiles: Profiles
    timeline: Timeline
    deliveries: Deliveries
    groups: Groups

    def __call__(self, job: dict[str, Any]) -> int:
        """Remove what is left of the customer; how many rows. Somebody new at a home keeps what is theirs."""
        ids, at = [str(id) for id in job["ids"]], int(job["at"])
        doors = self.profiles.read(ids, consistent=True)
        if not was_erased(doors.get(ids[0]), at):
            return 0
        empty = [id for id in ids if isinstance(doors.get(id), Erased)]
        lived_in = [id for id in ids if id not in empty and was_erased(doors.get(id), at)]
        for group in job["groups"] if ids[0] in empty else ():
            self.groups.leave(str(group), ids[0])
        gone = self.timeline.erase(empty) + self.timeline.erase(lived_in, until=at)
        return gone + self.deliveries.erase([str(id) for id in job["deliveries"]])
