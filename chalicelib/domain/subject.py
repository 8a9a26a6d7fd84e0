"""What a condition may look at, gathered from a profile at an instant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.domain import permissions
from chalicelib.domain.facts import retold
from chalicelib.domain.places import located, zone_at
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.profile import Contact, Facts, Profile
from chalicelib.domain.rules import Rules, Subject


class Said(Mapping[tuple[str, str], str]):
    """Permission states by (channel, topic), worked out when asked for; every pair has an answer."""

    __slots__ = ("_facts", "_playbook")

    def __init__(self, facts: Facts, playbook: Playbook) -> None:
        self._facts = facts
        self._playbook = playbook

    def __getitem__(self, key: tuple[str, str]) -> str:
        return permissions.state(self._facts, *key, self._playbook)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        for key in self._facts.permissions:
            channel, _, topic = key.partition("/")
            yield channel, topic

    def __len__(self) -> int:
        return len(self._facts.permissions)


def subject_of(
    profile: Profile,
    rules: Rules,
    now: int,
    *,
    context: Mapping[str, Any] | None = None,
    event: Mapping[str, Any] | None = None,
    without: str = "",
) -> Subject:
    """The customer as conditions see them at `now`, segments worked out from the facts at that instant.

    `without` is a delivery that is not yet to count as received (the sender's own reservation).
    """
    facts, here = profile.facts, located(profile, now)
    subject = Subject(
        now=now,
        traits={name: held.value for name, held in facts.traits.items() if held.value is not None},
        context=context or {},
        event=retold(event, context or {}) if event else {},
        activity=facts.activity,
        features=facts.features,
        permissions=Said(facts, rules.playbook),
        received=_received(profile.ledger.contacts, without),
        place=here.slug if here else "",
        zone=zone_at(profile, here) or rules.playbook.timezone,
    )
    for name, check in rules.segments.items():
        if check(subject):
            subject.segments |= {name}
    return subject


def _received(contacts: Mapping[str, Contact], without: str) -> dict[str, int]:
    latest: dict[str, int] = {}
    for delivery, contact in contacts.items():
        if contact.state != "dropped" and delivery != without:
            latest[contact.message] = max(contact.at, latest.get(contact.message, 0))
    return latest
