"""A shop whose decisions are looked back at: customers come, rain falls, some buy; over fakes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.effects import Record
from chalicelib.domain.learning import Learned
from chalicelib.services.evaluate_playbook import EvaluatePlaybook
from chalicelib.services.measure_sms import MeasureSms
from chalicelib.services.publish_playbook import PublishPlaybook
from chalicelib.services.replay_decision import ReplayDecision
from chalicelib.services.resolve_address import ResolveAddress
from chalicelib.services.survey_playbook import SurveyPlaybook
from tests.fakes import FakeJobQueue
from tests.services.ingest_world import MINUTE, World

PLAYBOOK = """
playbook: 1
name: Rain
topics: {offers: {label: Offers, default: assume}}
moments: {rain: {event: Rain Started}}
messages:
  umbrella:
    kind: offer
    topic: offers
    moments: [rain]
    channels: [email]
    value: 3
    for: {not: {did: Order Completed, where: [{property: sku, is: umbrella}]}}
    goal: {did: Order Completed, within: 3d}
    variants: {plain: {email: {subject: Rain, text: Dry}}, bold: {email: {subject: RAIN, text: DRY}}}
  boots:
    kind: offer
    topic: offers
    moments: [rain]
    channels: [email]
    value: 2
    variants: {plain: {email: {subject: Boots, text: Dry feet}}}
policies:
  caps: [{messages: 2, per: 1d}]
  explore: {share: 100%}
  holdout: {share: 5%}
experiments: {copy: {message: umbrella, split: {plain: 50%, bold: 50%}}}
"""


class Plain:
    """Templates that take every content as it is."""

    def prepare(self, content: Any) -> tuple[dict[str, Any], tuple[tuple[str, str], ...]]:
        return dict(content), ()

    def render(self, content: Any, data: Any) -> dict[str, Any] | None:
        return dict(content)

    def try_out(self, content: Any, links: Any) -> dict[str, Any] | None:
        return dict(content)


@dataclass
class Replays(World):
    """A workspace, with the services that look back."""

    learned: Learned = field(default_factory=Learned)

    def __post_init__(self) -> None:
        super().__post_init__()
        resolve = ResolveAddress(self.find, self.rules)
        publish = PublishPlaybook(
            self.playbooks, self.rules, Plain(), FakeJobQueue(),
            SurveyPlaybook(self.profiles, self.rules, self.clock), MeasureSms(Plain(), "https://c.example.com"),
            self.clock,
        )  # fmt: skip
        self.replay = ReplayDecision(resolve, self.timeline, self.rules, self.version)
        self.evaluate = EvaluatePlaybook(
            publish, self.profiles, self.timeline, self.rules, self.version, lambda: self.learned, self.clock
        )
        self.relayed = 0

    def version(self, number: int) -> Learned:
        """The snapshots there are: none, and the latest."""
        if number not in (0, self.learned.version):
            raise KeyError(number)
        return self.learned if number else Learned()

    def comes(self, name: str) -> None:
        """Somebody gives an address."""
        self.send(self.event("", type="identify", user_id=name, traits={"email": f"{name}@example.com"}))

    def does(self, name: str, event: str, **properties: Any) -> None:
        """Somebody does something, a minute later; what was decided is kept."""
        self.clock.forward(MINUTE)
        self.send(self.event(event, user_id=name, properties=properties))
        self.keep()

    def keep(self) -> None:
        """Relay the records of what was decided."""
        effects = self.profiles.outbox()
        for effect in effects[self.relayed :]:
            if isinstance(effect, Record):
                self.timeline.record(
                    [(effect.timeline or effect.profile, effect.decision, effect.at, effect.body)]
                )
        self.relayed = len(effects)

    def decided(self) -> list[tuple[str, str]]:
        """Profile and decision of everything decided."""
        return [
            (effect.profile, effect.decision)
            for effect in self.profiles.outbox()
            if isinstance(effect, Record)
        ]
