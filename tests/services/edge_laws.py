"""The provider at its edge: it knows the laws, and holds each message it takes against them.

It goes by what it was told itself, who said yes, who bounced, what was sent when, and asks nothing of the code it
watches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from chalicelib.domain.errors import Busy, NotTaken, Unanswered
from chalicelib.domain.stored import Outgoing
from tests.fakes import FakeClock, FakeDeliveries

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
PLAYBOOK = """\
playbook: 1
name: Shop
timezone: UTC
topics: {offers: {label: Offers, default: ask}, news: {label: News, default: assume}}
senders: {email: "Shop <hello@shop.example.com>", sms: {US: "+17855550100"}}
moments: {rain: {event: Rain Started}, sun: {event: Sun Came Out}, paid: {event: Order Completed}}
messages:
  umbrella:
    {kind: offer, topic: offers, moments: [rain], channels: [sms, email], value: 2,
     variants: {plain: {sms: {text: Rain}, email: {subject: Rain, html: "<p>Rain</p>", text: Rain}}}}
  sunscreen:
    {kind: brand, topic: news, moments: [sun], channels: [email], value: 1,
     variants: {plain: {email: {subject: Sun, html: "<p>Sun</p>", text: Sun}}}}
  receipt:
    {kind: service, moments: [paid], channels: [email],
     variants: {plain: {email: {subject: Thanks, html: "<p>Thanks</p>", text: Thanks}}}}
policies:
  caps: [{messages: 2, per: 1d}, {messages: 1, per: 1d, channel: sms}]
  quiet: {from: "21:00", until: "08:00", channels: [sms, email]}
"""
TOPICS = {"umbrella": ("offers", False), "sunscreen": ("news", True)}
"""The topic of each promotional message, and whether silence is a yes."""
CUSTOMERS = ("ann", "ben")
MOMENTS = ("Rain Started", "Sun Came Out", "Order Completed")

ANSWERS: Sequence[tuple[type[Exception], bool]] = (
    (Busy, False), (NotTaken, False), (Unanswered, False), (Unanswered, True),
)  # fmt: skip


class Broken(AssertionError):
    """A law was broken at the edge."""


@dataclass
class Edge:
    """The provider. `answers` come first, in turn: an exception, and whether it took the message all the same.

    `ids` are the customers by profile. `said` is what each said last by channel and topic, `stopped` are addresses,
    `off_since` is when sending was turned off. `taken`: when, delivery, customer, channel, address.
    """

    clock: FakeClock
    deliveries: FakeDeliveries
    ids: dict[str, str] = field(default_factory=dict)
    answers: list[tuple[type[Exception], bool]] = field(default_factory=list)
    taken: list[tuple[int, str, str, str, str]] = field(default_factory=list)
    said: dict[tuple[str, str, str], str] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    off_since: int | None = None

    def send(self, outgoing: Outgoing) -> str:
        answer, takes = self.answers.pop(0) if self.answers else (None, True)
        if takes:
            self._judge(outgoing)
        if answer is not None:
            raise answer
        return f"provider-{len(self.taken)}"

    def _judge(self, outgoing: Outgoing) -> None:
        """The provider takes a message. Raises `Broken` where none may be sent."""
        row = self.deliveries.rows[outgoing.delivery]
        name, channel, message = self.ids[row.profile], str(row.body["channel"]), str(row.body["message"])
        now, service = self.clock.now, message == "receipt"
        if outgoing.to in self.stopped:
            raise Broken("to a stopped address")
        if not 8 * 60 <= now // MINUTE % 1440 < 21 * 60:
            raise Broken("in quiet hours")
        if self.off_since is not None and now - self.off_since > 30 * SECOND:
            raise Broken("while sending is off")
        before = [at for at, id, *_ in self.taken if id == row.id]
        if before and not (service and now - before[-1] >= HOUR):
            raise Broken("twice")
        if not service:
            self._judge_promotional(name, channel, message, now)
        self.taken.append((now, row.id, name, channel, outgoing.to))

    def _judge_promotional(self, name: str, channel: str, message: str, now: int) -> None:
        topic, assumed = TOPICS[message]
        state = self.said.get((name, channel, topic))
        if state != "granted" and not (state is None and assumed):
            raise Broken("without a permission")
        promotional = {id for id, row in self.deliveries.rows.items() if row.body.get("message") in TOPICS}
        today = [
            entry
            for entry in self.taken
            if entry[2] == name and entry[0] > now - DAY and entry[1] in promotional
        ]
        if len(today) >= 2 or (channel == "sms" and any(entry[3] == "sms" for entry in today)):
            raise Broken("over a cap")
