"""Erasing a customer at once: profile, doors, timeline, deliveries, groups and agenda; and a sweep a day later.

What is not removed goes by itself: rings that a merge or a restarted hold left in the agenda find nobody and leave
it when they ring, excerpts of refused events go after 14 days. The lake is rewritten at the next pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.erasure import SWEEP_AFTER, Erasure, armed_rings, sweep_job
from chalicelib.domain.errors import Conflict, Unavailable
from chalicelib.domain.instants import to_text
from chalicelib.domain.keys import cause_id
from chalicelib.domain.lake_lines import first_job, pass_after, rewritten_by
from chalicelib.domain.profile import Door, Profile
from chalicelib.services.erase_rows import EraseRows
from chalicelib.services.ports import Agenda, Clock
from chalicelib.services.resolve_address import ResolveAddress
from chalicelib.services.vacate_homes import VacateHomes

TRIES = 5


@dataclass(frozen=True, slots=True)
class EraseProfile:
    """The sweep is put on the agenda first, so that an erasure that dies half-way is finished by it.

    The sweep erases only homes that were erased: one whose erasure never committed keeps everything.
    """

    resolve: ResolveAddress
    vacate: VacateHomes
    rows: EraseRows
    agenda: Agenda
    clock: Clock

    def __call__(self, address: str) -> dict[str, Any]:
        """Erase who lives at the address; what went, in counts. Raises `NotFound`."""
        for _ in range(TRIES):
            profile = self.resolve(address)
            at = max(self.clock(), profile.ledger.now)
            try:
                erasure, doors = self.vacate.survey(profile, at)
                self._plan(erasure)
                self.vacate(erasure, doors)
            except Conflict:
                continue
            return self._clear(profile, erasure, doors)
        raise Unavailable("profiles")

    def _plan(self, erasure: Erasure) -> None:
        """The sweep, and the lake's next pass: one for all erasures before it, whoever asks for it first."""
        sweep = cause_id("s_", erasure.ids[0], str(erasure.at))
        self.agenda.put(erasure.at + SWEEP_AFTER, sweep, sweep_job(erasure))
        due = pass_after(erasure.at)
        self.agenda.put(due, cause_id("l_", str(due)), first_job())

    def _clear(self, profile: Profile, erasure: Erasure, doors: Mapping[str, Door]) -> dict[str, Any]:
        rings = armed_rings(profile)
        held = [(one.held_until, id) for id, one in profile.ledger.contacts.items() if one.held_until]
        self.agenda.remove([*rings, *held])
        return {
            "profile": profile.id,
            "erased": {
                "identifiers": len(profile.identifiers),
                "homes": len(erasure.ids),
                **self.rows(erasure, doors, last=False),
                "groups": len(erasure.groups),
                "agenda": len(rings) + len(held),
            },
            "at": to_text(erasure.at),
            "sweptAgainAt": to_text(erasure.at + SWEEP_AFTER),
            "lakeRewrittenBy": to_text(rewritten_by(erasure.at)),
        }
