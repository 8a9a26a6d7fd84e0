"""The names a playbook declares, gathered before anything is read, so that order does not matter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.domain.conditions.parsing import Scope
from chalicelib.domain.playbook.channels import COMING, GOING, WEBHOOK
from chalicelib.domain.playbook.fields import Field


@dataclass(frozen=True, slots=True)
class Names:
    """What may be referred to, and the zone of dates."""

    topics: frozenset[str]
    placements: frozenset[str]
    segments: frozenset[str]
    moments: frozenset[str]
    messages: frozenset[str]
    webhooks: tuple[str, ...]
    zone: str

    @property
    def contacts(self) -> tuple[str, ...]:
        """The channels on which a moment can reach a customer."""
        return (*GOING, "inbox", *self.webhooks)

    @property
    def channels(self) -> tuple[str, ...]:
        """Every channel."""
        return (*GOING, *COMING, *self.webhooks)

    @property
    def scope(self) -> Scope:
        """What conditions may name."""
        return Scope(self.segments, self.topics, self.channels, self.messages, self.zone)


def gather(top: Mapping[str, Field], zone: str) -> Names:
    """The names under each section; a section of another shape has none."""
    return Names(
        topics=_keys(top, "topics"),
        placements=_keys(top, "placements"),
        segments=_keys(top, "segments"),
        moments=_keys(top, "moments"),
        messages=_keys(top, "messages"),
        webhooks=tuple(WEBHOOK + name for name in sorted(_keys(top, "webhooks"))),
        zone=zone,
    )


def _keys(top: Mapping[str, Field], section: str) -> frozenset[str]:
    field = top.get(section)
    return frozenset(field.value if field is not None and isinstance(field.value, dict) else ())
