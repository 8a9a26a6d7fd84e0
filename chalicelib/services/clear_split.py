"""A day after a split: the events of the whole go, which nobody has read since; or the parts' copies, if it never was.

The records of what was decided for the whole stay with the part that kept its home.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.domain.timelines import timelines_of
from chalicelib.services.find_profile import FindProfile
from chalicelib.services.ports import Timeline


@dataclass(frozen=True, slots=True)
class ClearSplit:
    """Carries out `{"kind": "clear_split", "homes", "ids", "at"}`; again is harmless.

    `homes` are where the parts were to live, `ids` the timelines of the whole and of the parts.
    """

    find: FindProfile
    timeline: Timeline

    def __call__(self, job: dict[str, Any]) -> int:
        """How many items went. What is in use stays, and what somebody new at one of these homes has done since."""
        found = [self.find.by_id(str(home)) for home in job["homes"]]
        used = {id for profile in found if profile for id in timelines_of(profile)}
        ids = [str(id) for id in job["ids"] if str(id) not in used]
        return self.timeline.erase(ids, until=int(job["at"]), records=False)
