"""Many deliveries at once, in virtual time: workers of their own over one set of tables, one queue, one provider."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec

from chalicelib.domain.effects import Deliver
from chalicelib.domain.errors import Busy, NotTaken
from chalicelib.domain.playbook.kept import keep
from chalicelib.domain.playbook.parsing import parse
from chalicelib.domain.profile import Contact, Facts, Ledger, Permission, Profile, Stamped
from chalicelib.domain.rules import Rules
from chalicelib.domain.stored import Delivery, Outgoing, Write
from chalicelib.services.find_profile import FindProfile
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.put_off import PutOff
from chalicelib.services.send_delivery import SendDelivery
from chalicelib.services.take_turn import TakeTurn
from chalicelib.services.write_contact import WriteContact
from chalicelib.services.write_message import Written
from tests.fakes import (
    FakeAgenda,
    FakeClock,
    FakeDeliveries,
    FakeEventQueue,
    FakePlaybooks,
    FakeProfiles,
    FakeStops,
    FakeTimeline,
    FakeTurns,
)
from tests.services.queue_world import Job, QueueWorld
from tests.services.sending_stage import SECRETS

PLAYBOOK = """\
playbook: 1
name: Shop
topics: {offers: {label: Offers, default: assume}}
senders: {email: "Shop <hello@shop.example.com>"}
moments: {rain: {event: Rain Started}}
messages:
  umbrella: &said
    kind: offer
    topic: offers
    moments: [rain]
    channels: [email]
    value: 1
    variants: {plain: {email: {subject: Rain, html: "<p>Rain</p>", text: Rain}}}
  receipt:
    kind: service
    moments: [rain]
    channels: [email]
    variants: {plain: {email: {subject: Thanks, html: "<p>Thanks</p>", text: Thanks}}}
""".replace(" &said", "")


@dataclass
class Provider:
    """Takes what it is given, but for a share that it throttles, and one that it refuses."""

    clock: FakeClock
    throttles: float = 0.0
    refuses: float = 0.0
    chance: Random = field(default_factory=lambda: Random(7))
    taken: list[tuple[int, str]] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)

    def send(self, outgoing: Outgoing) -> str:
        at = self.chance.random()
        answer = (
            "throttled"
            if at < self.throttles
            else "refused"
            if at < self.throttles + self.refuses
            else "taken"
        )
        self.told[answer] += 1
        if answer == "throttled":
            raise Busy
        if answer == "refused":
            raise NotTaken
        self.taken.append((self.clock.now, outgoing.delivery))
        return f"provider-{len(self.taken)}"


def short(effect: Deliver, _profile: Profile, _rules: Rules, to: Sequence[str], _now: int) -> Written:
    """In place of rendering, which would take most of the time here."""
    outgoing = Outgoing(
        effect.delivery, effect.message, to[0], "shop@example.com", channel=effect.channel, text="Rain"
    )
    return Written(outgoing, {}, {})


class Many:
    """`add` puts deliveries into the queue, `run` lets the workers work until nothing is left (or until then)."""

    def __init__(self, *, workers: int = 10, rate: float = 0.0, **provider: Any) -> None:
        self.clock = FakeClock()
        self.queue = QueueWorld(self.clock, workers)
        self.provider = Provider(self.clock, **provider)
        self.profiles, self.deliveries, self.turns = FakeProfiles(), FakeDeliveries(), FakeTurns()
        self.playbooks, self.agenda, self.stops = FakePlaybooks(), FakeAgenda(), FakeStops()
        self.outcomes: Counter[str] = Counter()
        self.made = 0
        self._publish()
        self._workers = [self._worker(rate) for _ in range(workers)]

    def add(self, many: int, message: str = "umbrella", kind: str = "offer") -> list[str]:
        """So many customers with an e-mail each that is due; the ids of their deliveries."""
        added = [self._one(message, kind) for _ in range(many)]
        self.queue.send([{"delivery": id, "profile": f"p_{id}"} for id in added])
        return added

    def run(self, until: int = 1 << 60, at: Callable[[], object] = lambda: None) -> None:
        """`at` is looked in at before each job."""

        def work(worker: int, job: Job) -> int:
            at()
            outcome = self._workers[worker](job).outcome
            self.outcomes[outcome] += 1
            return 120 if outcome in {"sent", "refused"} else 40

        self.queue.run(work, until)

    def states(self) -> Counter[tuple[str, str]]:
        """How many have their row and their contact in which states."""
        return Counter((row.state, self.contact(id).state) for id, row in self.deliveries.rows.items())

    def contact(self, delivery: str) -> Contact:
        profile = self.profiles.read([f"p_{delivery}"])[f"p_{delivery}"]
        assert isinstance(profile, Profile)
        return profile.ledger.contacts[delivery]

    def _publish(self) -> None:
        playbook, faults = parse(PLAYBOOK)[:2]
        assert playbook is not None, faults
        self.playbooks.publish(PLAYBOOK, keep(playbook), self.clock())

    def _one(self, message: str, kind: str) -> str:
        self.made += 1
        id, at = f"m_{self.made}", self.clock.now
        contact = Contact(at, "d_1", message, "plain", kind, "email", "reserved", topic="offers")
        traits = {"email": Stamped(f"{id}@example.com", at, "e1")}
        facts = Facts(
            traits=traits, permissions={"email/offers": {"granted": Permission("granted", at, "e1")}}
        )
        profile = Profile(f"p_{id}", "1.a", facts=facts, ledger=Ledger(seed=id, contacts={id: contact}))
        self.profiles.commit([Write(profile, "")])
        effect = Deliver(id, profile.id, message, "plain", "email", kind, "d_1", at, playbook=1)
        self.deliveries.create(Delivery(id, profile.id, "due", at, body=msgspec.to_builtins(effect)))
        return id

    def _worker(self, rate: float) -> SendDelivery:
        write: Any = short
        find = FindProfile(self.profiles, SECRETS)
        return SendDelivery(
            find=find,
            contacts=WriteContact(find, self.profiles, self.clock, self._nonce),
            deliveries=self.deliveries,
            timeline=FakeTimeline(),
            stops=self.stops,
            live=LiveRules(self.playbooks, self.clock),
            write=write,
            senders={"email": self.provider},
            take_turn=TakeTurn(self.turns, lambda _channel: rate, self.clock),
            put_off=PutOff(self.agenda, FakeEventQueue(), self.queue, self.clock),
            queue=self.queue,
            secrets=SECRETS,
            clock=self.clock,
            nonce=self._nonce,
        )

    def _nonce(self) -> str:
        self.made += 1
        return f"n{self.made}"
