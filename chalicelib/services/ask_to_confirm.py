"""A yes that nobody proved is asked about by e-mail, at most once a day for each address and topic.

    worker A   row due, noted ..... claim ......... send
    worker B         row is there, noted ... claim refused: stops

As with every message the row's claim decides who may call the provider; without an answer from it nothing is sent
again until the next day's yes. It is noted first, so that whatever is sent is known to the profile and its erasure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain import mime, senders
from chalicelib.domain.addresses import is_stopped, normalised
from chalicelib.domain.confirming import ASKED, CHANNEL, SOURCE, questions_in, waits
from chalicelib.domain.content import locale_of
from chalicelib.domain.deliveries import CLAIM, FREE, SENT
from chalicelib.domain.errors import NotTaken, Unanswered, Unavailable
from chalicelib.domain.events import PERMISSION_SET, Event, EventBatch, ours
from chalicelib.domain.keys import Secrets, cause_id
from chalicelib.domain.languages import languages_of
from chalicelib.domain.links import DAY, confirm_link
from chalicelib.domain.playbook.model import Topic
from chalicelib.domain.profile import Profile
from chalicelib.domain.stored import Delivery, Outgoing
from chalicelib.services.find_profile import FindProfile
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock, Deliveries, EventQueue, Sender, Stops
from chalicelib.web.words import CONFIRMING, Words

MESSAGE = "topeka.confirmation"


@dataclass(frozen=True, slots=True)
class AskToConfirm:
    """Takes the job of a `Confirm` effect. Everything is checked as it stands now: the customer may be gone."""

    find: FindProfile
    deliveries: Deliveries
    stops: Stops
    events: EventQueue
    live: LiveRules
    sender: Sender
    secrets: Secrets
    clock: Clock
    nonce: Callable[[], str]
    base_url: str

    def __call__(self, job: Mapping[str, Any]) -> str:
        """Ask; `asked`, or why not. Raises `Retry` where the queue has to bring it again."""
        profile = self.find.by_id(job["profile"])
        if profile is None:
            return "erased"
        playbook, switches = self.live.current().playbook, self.live.switches()
        if not waits(profile.facts, job["topic"], playbook):
            return "not-pending"
        if not (switches.sending and switches.channels.get(CHANNEL, True)):
            return "switched-off"
        to = normalised(profile.facts, CHANNEL, playbook)
        if not to or not to.isascii():
            return "no-address"
        hashed = self.secrets.stop_hash("email", to)
        if is_stopped(profile, CHANNEL, playbook) or self.stops.among([hashed]):
            return "stopped"
        return self._ask(profile, playbook.topics[job["topic"]], to, hashed)

    def _ask(self, profile: Profile, topic: Topic, to: str, hashed: str) -> str:
        now, claim = self.clock(), self.nonce()
        words = Words(languages_of(locale_of(profile)))
        row = self._row(profile, topic, hashed, now)
        if row is None:
            return "asked-today"
        self.events.send(EventBatch((_asked(row, topic, words.version(CONFIRMING), hashed, now),)))
        if not self.deliveries.move(row.id, **CLAIM, claim=claim, claimed_at=now, address_hash=hashed):
            return "asked-today"
        try:
            provider_id = self.sender.send(self._outgoing(row, profile, topic, words, to, hashed, now))
        except NotTaken as error:
            self.deliveries.move(row.id, **FREE, claim=claim)
            raise Unavailable("ses") from error
        except Unanswered:
            return "unanswered"
        self.deliveries.move(row.id, **SENT, claim=claim, provider_id=provider_id)
        return "asked"

    def _row(self, profile: Profile, topic: Topic, hashed: str, now: int) -> Delivery | None:
        """The row of this question, None if one was asked within a day. Rows are by day, so two are looked at."""
        today = now // DAY
        ids = [cause_id("m_", hashed, topic.name, str(day)) for day in (today, today - 1)]
        known = self.deliveries.read(ids)
        if any(now - one.at < DAY and one.state != "due" for one in known.values()):
            return None
        body = {"channel": CHANNEL, "kind": "service", "message": MESSAGE, "topic": topic.name}
        row = Delivery(ids[0], profile.id, "due", now, body=body)
        self.deliveries.create(row)
        # Only the latest question keeps a row: by it, an erasure finds all there is.
        self.deliveries.erase([one for one in questions_in(profile.facts, topic.name) if one not in ids])
        return row

    def _outgoing(
        self, row: Delivery, profile: Profile, topic: Topic, words: Words, to: str, hashed: str, now: int
    ) -> Outgoing:
        playbook = self.live.current().playbook
        what = topic.called(languages_of(locale_of(profile)))
        link = confirm_link(
            self.secrets, self.base_url, profile=profile.id, topic=topic.name,
            address=hashed, wording=words.version(CONFIRMING), now=now,
        )  # fmt: skip
        letter = mime.Letter(
            delivery=row.id,
            sender=senders.email_sender(playbook.senders, self.base_url),
            to=to,
            subject=words("mail_subject", what=what),
            html="",
            text=words("mail_text", what=what, shop=playbook.name, link=link),
            at=now,
        )
        return Outgoing(row.id, MESSAGE, to, letter.sender, mime=mime.build(letter), kind="service")


def _asked(row: Delivery, topic: Topic, wording: str, hashed: str, now: int) -> Event:
    """That the permission is pending since now: for the profile, and for its timeline, by which the row is found."""
    about = {
        "channel": CHANNEL,
        "topic": topic.name,
        "state": "pending",
        "source": SOURCE,
        "wording": wording,
        "address_hash": hashed,
        "delivery": row.id,
    }
    return ours(f"{ASKED}{row.id}", PERMISSION_SET, row.profile, now, about)
