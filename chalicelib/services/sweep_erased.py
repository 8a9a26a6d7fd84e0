"""The second sweep of an erasure, a day later: whatever was under way when it happened.

That is: events that a slow worker stored before its commit was refused, and what relay carried out of commits from
before: rows of deliveries (their senders find nobody and send nothing), records of decisions, rows in groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.domain.erasure import swept_by, was_erased
from chalicelib.services.erase_rows import EraseRows
from chalicelib.services.ports import Profiles


@dataclass(frozen=True, slots=True)
class SweepErased:
    """Carries out `{"kind": "sweep", ...}`, an `Erasure` as a job; again is harmless."""

    profiles: Profiles
    rows: EraseRows

    def __call__(self, job: dict[str, Any]) -> int:
        """Remove what is left of the customer; how many rows. Somebody new at a home keeps what is theirs."""
        erasure = swept_by(job)
        doors = self.profiles.read(erasure.ids, consistent=True)
        if not was_erased(doors.get(erasure.ids[0]), erasure.at):
            return 0
        return sum(self.rows(erasure, doors, last=True).values())
