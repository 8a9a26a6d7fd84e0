"""A day after a split: the events of the whole go, which nobody has read since.

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
    """Carries out `{"kind": "clear_split", "profile", "ids", "at"}`; again is harmless."""

    find: FindProfile
    timeline: Timeline

    def __call__(self, job: dict[str, Any]) -> int:
        """How many items went. Nothing where the split was never committed: then they are still in use.

        Somebody new at one of these homes keeps what began after the split.
        """
        profile = self.find.by_id(str(job["profile"]))
        used = set(timelines_of(profile)) if profile else set()
        ids = [str(id) for id in job["ids"] if str(id) not in used]
        return self.timeline.erase(ids, until=int(job["at"]), records=False)
