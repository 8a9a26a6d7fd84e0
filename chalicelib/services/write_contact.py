"""Writing a delivery's contact into the profile, also while other writers are at that profile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from chalicelib.domain import counting, sending
from chalicelib.domain.effects import Deliver, Effect
from chalicelib.domain.errors import Conflict
from chalicelib.domain.falling import ring_for
from chalicelib.domain.profile import Contact, Profile
from chalicelib.domain.stored import Delivery, Write
from chalicelib.domain.versions import next_version
from chalicelib.services.find_profile import FindProfile
from chalicelib.services.ports import Clock, Profiles

#: How often a commit that conflicts is made anew before the queue brings the work again.
TRIES = 5


@dataclass(frozen=True, slots=True)
class WriteContact:
    """`nonce` makes a value never made before."""

    find: FindProfile
    profiles: Profiles
    clock: Clock
    nonce: Callable[[], str]

    def commit(self, profile: Profile, effects: Sequence[Effect] = ()) -> bool:
        """Store the profile as it is now; False if another writer was first, and all must be read again."""
        expected = profile.version
        profile.version = next_version(expected, self.nonce())
        try:
            self.profiles.commit([Write(profile, expected, tuple(effects))])
        except Conflict:
            return False
        return True

    def close(self, row: Delivery, state: Literal["dropped", "unknown"], reason: str = "") -> None:
        """Bring the contact to where its row has ended; nothing, where it is there already.

        What ended for its template has the moment asked about again (`domain/falling.py`). Raises `Conflict` if
        others keep being first: the row tells what is still to be done.
        """
        fell = state == "dropped" and reason == "template-failed"
        self._change(row, lambda profile, now: sending.close(profile, row.id, state, now), fell=fell)

    def reserve_again(self, row: Delivery) -> None:
        """The contact of a message that the provider did not take waits again. Raises `Conflict`."""
        self._change(row, lambda profile, now: sending.reserve_again(profile, row.id, now))

    def _change(self, row: Delivery, change: Callable[[Profile, int], bool], *, fell: bool = False) -> None:
        for _ in range(TRIES):
            profile = self.find.by_id(row.profile)
            now = max(self.clock(), profile.ledger.now) if profile else 0
            if profile is None or not change(profile, now):
                return
            contact = profile.ledger.contacts[row.id]
            effects = _counted(contact, row.id, now)
            if fell:
                effects += ring_for(contact, msgspec.convert(row.body, Deliver), profile.id, now)
            if self.commit(profile, effects):
                return
        raise Conflict((row.profile,))


def _counted(contact: Contact, delivery: str, now: int) -> list[Effect]:
    """What ended unsent was not given: learning takes it back."""
    if contact.state != "dropped" or contact.kind == "service":
        return []
    return counting.counts(now, counting.given_back(contact), delivery, "dropped")
