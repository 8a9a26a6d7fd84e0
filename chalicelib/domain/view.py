"""What one decision reads of a customer: worked out of the profile when first asked for, and then remembered.

What was remembered is what was read, so the record of a decision keeps just that, and deciding again from a record
(`recording.py`) meets the same answers without the profile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.caps import counted, held_in, paused_until
from chalicelib.domain.decision import Ask, Reason, Switches
from chalicelib.domain.doors import is_known
from chalicelib.domain.permissions import goes_to_them
from chalicelib.domain.profile import Contact, Offer, Profile
from chalicelib.domain.quiet import quiet_until
from chalicelib.domain.reach import Reach
from chalicelib.domain.rules import Check, Rules, Subject
from chalicelib.domain.sifting import Way
from chalicelib.domain.standing import open_offers, seed_of
from chalicelib.domain.subject import subject_of

NONE_EXCLUDED: Mapping[str, Reason] = {}


@dataclass(slots=True)
class Live:
    """Where a view's answers come from: the profile, its contacts that count, and who may be reached."""

    profile: Profile
    reach: Reach
    contacts: list[Contact]


@dataclass(slots=True)
class View:
    """A customer at an instant, under some rules.

    `seed` is the stable id that chance hashes, `stage` visitor, known or buyer, `off` what is ruled out beforehand.
    `room` is how many contacts each cap's window holds, in the playbook's order. `answers` are the conditions that
    hold, where a record keeps those in place of the facts; `whole_moment` is false where the moment's were too long.
    Without `live` only what was read before can be read.
    """

    rules: Rules
    subject: Subject
    seed: str
    stage: str
    off: Mapping[str, Reason] = field(default_factory=dict)
    arms: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    offers: list[Offer] = field(default_factory=list)
    ways: dict[tuple[str, tuple[str, ...], bool], Way] = field(default_factory=dict)
    room: list[int] | None = None
    paused: dict[str, bool] = field(default_factory=dict)
    quiet: dict[str, int] = field(default_factory=dict)
    answers: frozenset[Check] | None = None
    whole_moment: bool = True
    live: Live | None = None

    def holds(self, check: Check) -> bool:
        """Whether a condition is true of the customer."""
        return check(self.subject) if self.answers is None else check in self.answers

    def way(self, key: tuple[str, tuple[str, ...], bool]) -> Way:
        """How messages of this topic, these channels and kind reach the customer."""
        found = self.ways.get(key)
        if found is None:
            topic, channels, service = key
            found = self.ways[key] = self._source().reach.first(channels, topic, service=service)
        return found

    def quiet_on(self, channel: str) -> int:
        """When quiet hours on the channel end (ms), 0 where it isn't quiet."""
        if not goes_to_them(channel):
            return 0
        if channel not in self.quiet:
            profile, now = self._source().profile, self.subject.now
            self.quiet[channel] = quiet_until(profile, self.rules.playbook, channel, now)
        return self.quiet[channel]

    def rests(self, topic: str) -> bool:
        """Whether the topic is paused."""
        if topic not in self.paused:
            pause, contacts = self.rules.playbook.policies.pause, self._source().contacts
            self.paused[topic] = bool(paused_until(pause, contacts, topic, self.subject.now))
        return self.paused[topic]

    def contacts_in(self) -> list[int]:
        """How many contacts the window of each cap holds, in the playbook's order."""
        if self.room is None:
            caps = self.rules.playbook.policies.caps
            self.room = held_in(caps, self._source().contacts, self.subject.now)
        return self.room

    def _source(self) -> Live:
        if self.live is None:
            raise NotRead
        return self.live


class NotRead(LookupError):
    """A record does not hold what is asked for: the decision it is of never read it."""


def view_of(
    profile: Profile,
    rules: Rules,
    switches: Switches,
    now: int,
    *,
    context: Mapping[str, Any] | None = None,
    event: Mapping[str, Any] | None = None,
    excluded: Mapping[str, Reason] = NONE_EXCLUDED,
    without: str = "",
) -> View:
    """The customer as they are now. `without` is a delivery whose own contact is left out (the sender's)."""
    off: dict[str, Reason] = {name: "switched-off" for name, on in switches.messages.items() if not on}
    counts = counted(one for id, one in profile.ledger.contacts.items() if id != without)
    return View(
        rules=rules,
        subject=subject_of(profile, rules, now, context=context, event=event, without=without),
        seed=seed_of(profile),
        stage=stage_of(profile),
        off={**excluded, **off},
        arms=profile.ledger.arms,
        offers=open_offers(profile.ledger, now),
        live=Live(profile, Reach(profile, rules.playbook, switches), counts),
    )


def view_for(
    profile: Profile, ask: Ask, rules: Rules, switches: Switches, now: int, excluded: Mapping[str, Reason]
) -> View:
    """The customer at a moment."""
    return view_of(profile, rules, switches, now, context=ask.context, event=ask.event, excluded=excluded)


def stage_of(profile: Profile) -> str:
    """How far a customer has come: `buyer` (has spent), `known` (by user id, e-mail or phone), else `visitor`."""
    if profile.facts.spent > 0:
        return "buyer"
    return "known" if is_known(profile) else "visitor"
