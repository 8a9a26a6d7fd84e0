"""A stage for sending: one customer with one reserved contact, one delivery row, every port a fake."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import msgspec

from chalicelib.domain.decision import Switches
from chalicelib.domain.effects import Deliver
from chalicelib.domain.keys import Secrets
from chalicelib.domain.playbook.model import Message, Playbook, Policies, Quiet, Topic, Variant
from chalicelib.domain.profile import Contact, Facts, Ledger, Permission, Profile, Stamped
from chalicelib.domain.rules import MessageRules, Rules
from chalicelib.domain.stored import Delivery, Outgoing, Write
from chalicelib.services.find_profile import FindProfile
from chalicelib.services.put_off import PutOff
from chalicelib.services.send_delivery import SendDelivery
from chalicelib.services.take_turn import TakeTurn
from chalicelib.services.write_contact import WriteContact
from chalicelib.services.write_message import WriteMessage
from tests.fakes import (
    FakeAgenda,
    FakeClock,
    FakeDeliveries,
    FakeEventQueue,
    FakeJobQueue,
    FakeProfiles,
    FakeStops,
    FakeTimeline,
    FakeTurns,
)

SECRETS = Secrets(b"s" * 32, b"d" * 32)
PHONE = "+17855550123"
MAIL = "ada@example.com"
HOUR = 3_600_000
JOB = {"delivery": "m_1", "profile": "p_1"}


@dataclass
class Live:
    """The playbook in force, as a worker believes it to be; `newest` is what it sees when it looks."""

    rules: Rules
    newest: Rules | None = None
    switched: Switches = field(default_factory=Switches)

    def current(self) -> Rules:
        return self.rules

    def forget(self) -> None:
        self.rules = self.newest or self.rules

    def switches(self) -> Switches:
        return self.switched


class Plain:
    """Templates that put every text through as it is, with `{{ link.shop }}` filled in."""

    broken = False

    def prepare(self, content: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[tuple[str, str], ...]]:
        return dict(content), ()

    def render(self, content: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any] | None:
        shop = data["link"].get("shop", "")
        return (
            None if self.broken else {k: str(v).replace("{{ link.shop }}", shop) for k, v in content.items()}
        )

    def try_out(self, content: Mapping[str, Any], links: Mapping[str, str]) -> dict[str, Any] | None:
        return self.render(content, {"link": links})


@dataclass
class Provider:
    """`sent`: what it took. `answers` are raised in turn, after taking the message where `takes` says so."""

    sent: list[Outgoing] = field(default_factory=list)
    answers: list[BaseException] = field(default_factory=list)
    takes: bool = False
    meanwhile: Callable[[], object] = lambda: None

    def send(self, outgoing: Outgoing) -> str:
        self.meanwhile()
        if self.answers:
            if self.takes:
                self.sent.append(outgoing)
            raise self.answers.pop(0)
        self.sent.append(outgoing)
        return f"provider-{len(self.sent)}"


def rules(
    version: int = 1, *, kind: str = "offer", message: str = "umbrella", sms: str = "Rain!", **policies: Any
) -> Rules:
    """A playbook of one message, on every channel there is."""
    contents = {
        "email": {"subject": "Rain", "html": "<p>Buy: {{ link.shop }}</p>"},
        "sms": {"text": f"{sms} {{{{ link.shop }}}}"},
        "inbox": {"headline": "Rain"},
        "push": {"title": "Rain"},
    }
    said = Message(
        message,
        kind,  # type: ignore[arg-type]
        topic="offers",
        channels=("sms", "email", "push", "inbox"),
        links={"shop": "https://shop.example.com/"},
        variants={"plain": Variant("plain", contents)},
    )
    playbook = Playbook(
        "Shop",
        senders={"email": "Shop <hello@shop.example.com>", "sms": {"US": "+17855550100"}},
        topics={"offers": Topic("offers", "Offers", "assume")},
        messages={message: said},
        policies=Policies(**policies),
    )
    message_rules = MessageRules(said, None, (), None, 0)
    return Rules(version, playbook, {}, {}, {}, {}, {}, {}, {message: message_rules}, {}, {}, ())


def night(clock: FakeClock) -> Quiet:
    """Quiet hours (UTC) that began an hour ago and end in one."""
    minute = clock.now // 60_000 % 1440
    return Quiet((minute - 60) % 1440, (minute + 60) % 1440, ("sms", "email"))


class Stage:
    """Everything a sender touches; `send()` does the job once."""

    def __init__(self, *, kind: str = "offer", channel: str = "sms", playbook: Rules | None = None) -> None:
        self.clock = FakeClock()
        self.profiles, self.deliveries, self.stops = FakeProfiles(), FakeDeliveries(), FakeStops()
        self.agenda, self.events, self.queue = FakeAgenda(), FakeEventQueue(), FakeJobQueue()
        self.provider, self.templates = Provider(), Plain()
        self.live = Live(playbook or rules(kind=kind))
        self.turns = FakeTurns()
        self.rate = 0.0
        self.nonces = count(1)
        self.kind, self.channel = kind, channel
        self._customer(kind, channel)
        self._row(kind, channel)

    def sender(self) -> SendDelivery:
        find = FindProfile(self.profiles, SECRETS)
        live: Any = self.live
        return SendDelivery(
            find=find,
            contacts=WriteContact(find, self.profiles, self.clock, self.nonce),
            deliveries=self.deliveries,
            timeline=FakeTimeline(),
            stops=self.stops,
            live=live,
            write=WriteMessage(self.templates, SECRETS, "https://crm.example.com"),
            senders=dict.fromkeys(("sms", "email", "push", "webhook", "mail"), self.provider),
            take_turn=TakeTurn(self.turns, self.rates, self.clock),
            put_off=PutOff(self.agenda, self.events, self.queue, self.clock),
            queue=self.queue,
            secrets=SECRETS,
            clock=self.clock,
            nonce=self.nonce,
        )

    def send(self, **job: Any) -> str:
        """Do the job once; its outcome."""
        return self.sender()({**JOB, **job}).outcome

    def rates(self, _channel: str) -> float:
        """Messages a second, on every channel."""
        return self.rate

    def nonce(self) -> str:
        return f"n{next(self.nonces)}"

    @property
    def row(self) -> Delivery:
        return self.deliveries.rows["m_1"]

    @property
    def profile(self) -> Profile:
        found = self.profiles.read(["p_1"])["p_1"]
        assert isinstance(found, Profile)
        return found

    @property
    def contact(self) -> Contact:
        return self.profile.ledger.contacts["m_1"]

    def change(self, change: Callable[[Profile], object]) -> None:
        """Another writer commits to the profile."""
        profile = self.profile
        expected, profile.version = profile.version, f"9.{self.nonce()}"
        change(profile)
        self.profiles.commit([Write(profile, expected)])

    def _customer(self, kind: str, channel: str) -> None:
        at = self.clock.now
        traits = {
            "phone": Stamped(PHONE, at, "e1"),
            "email": Stamped(MAIL, at, "e1"),
            "firstName": Stamped("A", at, "e"),
        }
        contact = Contact(
            at, "d_1", "umbrella", "plain", kind, channel, "reserved", topic="offers", goal_until=at + HOUR
        )
        granted = {"granted": Permission("granted", at, "e1")}
        facts = Facts(traits=traits, permissions={f"{channel}/offers": granted})
        profile = Profile("p_1", "1.a", facts=facts, ledger=Ledger(seed="seed", contacts={"m_1": contact}))
        self.profiles.commit([Write(profile, "")])

    def _row(self, kind: str, channel: str) -> None:
        effect = Deliver("m_1", "p_1", "umbrella", "plain", channel, kind, "d_1", self.clock.now, playbook=1)
        body = msgspec.to_builtins(effect)
        self.deliveries.create(Delivery("m_1", "p_1", "due", self.clock.now, body=body))
