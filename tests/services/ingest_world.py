"""Ingest over fakes: what the tests of this folder share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec

from chalicelib.domain.events import Event, EventBatch
from chalicelib.domain.keys import Secrets
from chalicelib.domain.learning import Learned
from chalicelib.domain.playbook.parsing import parse
from chalicelib.domain.profile import Profile
from chalicelib.domain.timelines import timelines_of
from chalicelib.services.find_profile import FindProfile
from chalicelib.services.ingest_events import Ingested, IngestEvents
from chalicelib.services.live_rules import LiveRules
from tests.fakes import (
    FakeClock,
    FakeEventQueue,
    FakeLake,
    FakePlaybooks,
    FakeProfiles,
    FakeQuarantine,
    FakeRejected,
    FakeTimeline,
)

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@dataclass
class World:
    """One workspace in memory. `send` ingests one batch as the queue would bring it."""

    clock: FakeClock = field(default_factory=FakeClock)
    profiles: FakeProfiles = field(default_factory=FakeProfiles)
    timeline: FakeTimeline = field(default_factory=FakeTimeline)
    lake: FakeLake = field(default_factory=FakeLake)
    rejected: FakeRejected = field(default_factory=FakeRejected)
    quarantine: FakeQuarantine = field(default_factory=FakeQuarantine)
    queue: FakeEventQueue = field(default_factory=FakeEventQueue)
    playbooks: FakePlaybooks = field(default_factory=FakePlaybooks)
    secrets: Secrets = field(default_factory=lambda: Secrets(b"s", b"s"))
    number: int = 0

    def __post_init__(self) -> None:
        self.rules = LiveRules(self.playbooks, self.clock)
        self.ingest = self.worker()
        self.find = FindProfile(self.profiles, self.secrets)

    def worker(self, pool: int = 1, most: int = 5_000) -> IngestEvents:
        """One more worker over the same tables."""
        return IngestEvents(
            profiles=self.profiles,
            timeline=self.timeline,
            lake=self.lake,
            rejected=self.rejected,
            quarantine=self.quarantine,
            queue=self.queue,
            rules=LiveRules(self.playbooks, self.clock),
            secrets=self.secrets,
            learned=Learned,
            clock=self.clock,
            pool=pool,
            most=most,
        )

    def publish(self, text: str) -> None:
        """Put a playbook in force for every worker that looks."""
        playbook, faults = parse(text)[:2]
        assert playbook is not None, faults
        self.playbooks.publish(text, msgspec.msgpack.encode(playbook), self.clock())
        self.rules.forget()
        self.ingest.rules.forget()

    def event(self, event: str = "Page Seen", **fields: Any) -> Event:
        """A track event now, with a message id of its own."""
        self.number += 1
        now = self.clock()
        made = {
            "message_id": f"m{self.number}",
            "type": "track",
            "event": event,
            "timestamp": now,
            "received_at": now,
        }
        return Event(**{**made, **fields})

    def send(self, *events: Event) -> Ingested:
        """Ingest one message that carries these events."""
        return self.ingest([EventBatch(events=events)])

    def profile(self, kind: str, value: str) -> Profile:
        """The profile behind an identifier."""
        found = self.find.by_identifier(kind, value)
        assert found is not None
        return found

    def user(self, value: str) -> Profile:
        """The profile of a user id."""
        return self.profile("user", value)

    def did(self, profile: Profile) -> list[str]:
        """What a customer's timeline tells, by name, oldest first."""
        return [event.event for event in self.timeline.page(timelines_of(profile), 1_000).items][::-1]
