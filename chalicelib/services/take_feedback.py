"""What providers and customers tell about messages: rows settled, addresses stopped, events sent.

A notification may come twice, late, or about a message that isn't ours. Every step bears repeating: rows only
move forward, a stop is a stop, and an event's id follows from its notification.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain import feedback, replies, senders
from chalicelib.domain.deliveries import TOLD
from chalicelib.domain.errors import Unanswered
from chalicelib.domain.events import Event, EventBatch
from chalicelib.domain.feedback import Notice
from chalicelib.domain.keys import Secrets
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.replies import Reply
from chalicelib.domain.stored import Delivery, Outgoing, pointer_id
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock, Deliveries, EventQueue, Sender, Stops

TOGETHER = 50
"""Events in one message: each is a few hundred bytes, and a message takes a megabyte."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a notification was, for logs and metrics: the event it became, or why it was passed over.

    `machine` says that it tells of an open or a click by a machine. `event` is yet to be told.
    """

    outcome: str
    delivery: str = ""
    machine: bool = False
    event: Event | None = None


@dataclass(frozen=True, slots=True)
class TakeFeedback:
    """`sms` answers HELP."""

    deliveries: Deliveries
    stops: Stops
    events: EventQueue
    live: LiveRules
    sms: Sender
    secrets: Secrets
    clock: Clock

    def __call__(self, payload: Mapping[str, Any]) -> tuple[Taken, ...]:
        """Take one notification of SES, SNS or End User Messaging, or one SMS from a customer, and tell of it."""
        taken = self.take(payload)
        self.tell(taken)
        return taken

    def take(self, payload: Mapping[str, Any], rows: dict[str, Delivery] | None = None) -> tuple[Taken, ...]:
        """Rows and stops of one notification; what came of it must still be told.

        `rows` are those read in the same batch: a provider tells of one message several times within a second, and
        what a row was a second ago is enough, since a move has its own condition.
        """
        reply = replies.reply_of(payload)
        if reply is not None:
            return (self._take_reply(reply),)
        notices = feedback.notices_of(payload)
        known = {} if rows is None else rows
        return tuple(self._take_notice(notice, known) for notice in notices) or (
            Taken("unknown-notification"),
        )

    def tell(self, taken: Iterable[Taken]) -> None:
        """Send the events of any number of notifications, many in one message: each alone costs a request.

        Where it raises `Retry`, all of these notifications must come again.
        """
        events = [one.event for one in taken if one.event is not None]
        for start in range(0, len(events), TOGETHER):
            self.events.send(EventBatch(tuple(events[start : start + TOGETHER])))

    def _take_notice(self, notice: Notice, rows: dict[str, Delivery]) -> Taken:
        """The row, then the stop, then the event: each is there once the next is."""
        row = self._row(notice, rows)
        if row is None:
            return Taken("foreign-message")
        # A row never comes back to where it was: one that is further already needs no write to say so.
        if notice.row and row.state in TOLD[notice.row]["come_from"]:
            self.deliveries.move(row.id, **TOLD[notice.row], provider_id=notice.provider_id)
        hashed = self._hash(notice)
        if notice.stops and hashed:
            self.stops.add(hashed, notice.stops, notice.at)
        if not notice.title:
            return Taken("settled", row.id)
        event = self._event(notice, row, hashed)
        return Taken(notice.title, row.id, machine=feedback.by_machine(notice), event=event)

    def _event(self, notice: Notice, row: Delivery, hashed: str) -> Event:
        now = self.clock()
        return feedback.event_of(
            notice, delivery=row.id, profile=row.profile, body=row.body, address_hash=hashed, now=now
        )

    def _row(self, notice: Notice, rows: dict[str, Delivery]) -> Delivery | None:
        """The delivery the notice is about: by our tag, else by the provider's id."""
        id = notice.delivery
        if not id:
            pointer = pointer_id(notice.provider_id)
            found = self.deliveries.read([pointer]).get(pointer)
            id = str(found.body["delivery"]) if found else ""
        if id and id not in rows:
            rows.update(self.deliveries.read([id]))
        return rows.get(id)

    def _hash(self, notice: Notice) -> str:
        kind = "email" if notice.channel == "email" else "phone"
        return self.secrets.stop_hash(kind, notice.address) if notice.address else ""

    def _take_reply(self, reply: Reply) -> Taken:
        playbook = self.live.current().playbook
        wish, language = replies.wish_of(reply.text, playbook.stop_words)
        if wish == "help":
            return self._help(reply, playbook, language)
        if not wish:
            return Taken("reply-ignored")
        event = replies.event_of(reply, wish, self.clock())
        return Taken(event.title, event=event)

    def _help(self, reply: Reply, playbook: Playbook, language: str) -> Taken:
        """Answered from the number that was written to. Without an answer from the provider: not again."""
        text = replies.help_text(playbook.name, language, senders.contact(playbook.senders))
        outgoing = Outgoing(f"help-{reply.id}", "help", reply.phone, reply.ours, text=text)
        try:
            self.sms.send(outgoing)
        except Unanswered:
            return Taken("help-unanswered")
        return Taken("help-answered")
