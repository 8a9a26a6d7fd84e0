"""Sending one delivery: decide again, commit, claim, call the provider once, settle.

Two things guard a delivery. Its *row* says who may call the provider: one claim at a time. The *contact* in
the profile says that it counts. Three orders make every death harmless:

- Sending: the contact first, then the row, then the provider. The commit is the instant of sending for every
  law.

      us       commit contact: sent   dies                                  (row due: nothing was sent)
      queue                                 again: decide, commit, claim, send

      us       commit, claim   dies     (row claimed: was the provider called?)
      queue                       again: open claim -> looked at after an hour

- Giving back: the row first, then the contact. A sender that has committed but not claimed yet loses the row:

      sender A   commit sent .................... claim refused: stops
      sender B                 row due -> dropped ............. commit: contact given back

  The other order would let A send what B has already given back, and the caps would be broken.
- Doubt: the row first, then the contact, as in giving back, but it keeps counting.

Two senders on one delivery: the second commit conflicts, or comes later and confirms again; one claim wins.

The kill switch (everything, a channel, a message) is heard within 30 seconds, by what is queued as well: a worker
looks at most 10 s late (`LiveRules.max_age`), a decision is good for 10 s, and a connection takes 2 s at most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from chalicelib.domain import document, sending
from chalicelib.domain.addresses import STOP_KINDS, addresses
from chalicelib.domain.adopting import is_adopted
from chalicelib.domain.deciding import reconsider
from chalicelib.domain.deliveries import CLAIM, DROP, FREE, GIVE_UP, LAY, LOSE_TRACK, SENT
from chalicelib.domain.effects import Deliver
from chalicelib.domain.errors import Busy, Conflict, NotTaken, Unanswered, Undeliverable
from chalicelib.domain.keys import Secrets
from chalicelib.domain.pacing import between
from chalicelib.domain.playbook.channels import carrier_of, goes_out
from chalicelib.domain.profile import Contact, Profile
from chalicelib.domain.rules import Rules
from chalicelib.domain.sending import Sent
from chalicelib.domain.stored import Delivery, pointer_id
from chalicelib.domain.timers import MINUTE
from chalicelib.services.adopt_playbook import adopt_playbook
from chalicelib.services.find_profile import FindProfile
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock, Deliveries, JobQueue, Outgoing, Sender, Stops, Timeline
from chalicelib.services.put_off import PutOff, Waiting
from chalicelib.services.take_turn import NOW, TakeTurn, Turn
from chalicelib.services.write_contact import TRIES, WriteContact
from chalicelib.services.write_message import WriteMessage, Written

#: How long a claim with no answer stays open (ms).
DOUBT = 60 * MINUTE
#: How often a provider may refuse, in an hour all in all, and the longest wait in between (ms).
REFUSALS = 8
LONGEST_WAIT = 15 * MINUTE
#: How long (ms, from and to) what a busy provider did not take waits; that counts as no refusal.
BUSY_WAIT = (5_000, 30_000)
#: How long after deciding the provider may be called (ms): a commit or claim that took longer means deciding again.
GOOD_FOR = 10_000


@dataclass(frozen=True, slots=True)
class SendDelivery:
    """`senders` are the providers by carrier; `nonce` makes the claims, each a value never made before."""

    find: FindProfile
    contacts: WriteContact
    deliveries: Deliveries
    timeline: Timeline
    stops: Stops
    live: LiveRules
    write: WriteMessage
    senders: Mapping[str, Sender]
    take_turn: TakeTurn
    put_off: PutOff
    queue: JobQueue
    secrets: Secrets
    clock: Clock
    nonce: Callable[[], str]

    def __call__(self, job: Mapping[str, Any]) -> Sent:
        """Do what is to be done about `{"delivery", "profile", "attempt", "slot"}` now.

        Raises `Retry` where the queue has to bring it again.
        """
        row = self.deliveries.read([job["delivery"]]).get(job["delivery"])
        if row is None:  # erased
            return Sent("nothing-to-do", job["delivery"], "no-row")
        match row.state:
            case "due":
                return self._decide(row, int(job.get("attempt", 0)), int(job.get("slot", 0)))
            case "claimed":
                return self._settle_claim(row)
            case "dropped" | "unknown":
                self.contacts.close(row, row.state, row.reason)
        return Sent("nothing-to-do", row.id, row.state)

    def _decide(self, row: Delivery, attempt: int = 0, slot: int = 0) -> Sent:
        """Decide again and carry it out; on a conflict with another writer, all of it anew."""
        effect = msgspec.convert(row.body, Deliver)
        for _ in range(TRIES):
            profile = self.find.by_id(row.profile)
            contact = sending.open_contact(profile, row.id) if profile else None
            if profile is None or contact is None:
                return self._drop(row, "given-back" if profile else "erased")
            sent = self._decide_once(row, effect, profile, contact, attempt, slot)
            if sent is not None:
                return sent
        raise Conflict((row.profile,))

    def _decide_once(
        self, row: Delivery, effect: Deliver, profile: Profile, contact: Contact, attempt: int, slot: int
    ) -> Sent | None:
        """None if another writer was at the profile first."""
        looked = self.clock()
        now = max(looked, profile.ledger.now)
        rules = self._rules(effect.playbook)
        judged = self._under(profile, rules, now)
        verdict = reconsider(
            judged, row.id, rules, self.live.switches(), now, context=effect.context, event=effect.event
        )
        if verdict.action == "hold":
            return self._hold(row, effect, profile, contact, verdict.until, now)
        if sending.outlasts(verdict.reason, effect.kind, row.at, now):
            return self._wait(row, attempt, Turn(between(*sending.LOOKS, row.id, str(now)), "switched-off"))
        if verdict.action == "drop":
            return self._drop(row, verdict.reason)
        to = self._addresses(profile, effect.channel, rules)
        if isinstance(to, _Barred):
            return self._drop(row, to.reason)
        turn = self.take_turn(effect.channel, effect.kind, row.id, slot) if to else NOW
        if turn.wait:
            return self._wait(row, attempt, turn)
        written = self.write(effect, profile, rules, to, now)
        if isinstance(written, str):
            return self._drop(row, written)
        if effect.channel == "inbox":
            return self._lay_in_inbox(row, profile, contact, written, now)
        if written.outgoing is None or carrier_of(effect.channel) not in self.senders:
            return self._drop(row, "no-provider")
        sending.confirm(profile, contact, "sent", now)
        if not self.contacts.commit(profile):
            return None
        return self._claim_and_send(row, written, written.outgoing, attempt, turn, looked)

    def _under(self, profile: Profile, rules: Rules, now: int) -> Profile:
        """The profile as these rules need it.

        One that no event has touched since they were published is brought under them to be judged, and stored
        as it was.
        """
        if is_adopted(profile, rules):
            return profile
        judged = document.decode(document.encode(profile))
        adopt_playbook(self.timeline, judged, rules, now)
        return judged

    def _rules(self, decided_under: int) -> Rules:
        """The live playbook's: what it has no more was withdrawn, what it words anew is sent in those words.

        What this worker believes to be live may be seconds old, and older than the decision: then it looks.
        """
        rules = self.live.current()
        if rules.version < decided_under:
            self.live.forget()
            rules = self.live.current()
        return rules

    def _addresses(self, profile: Profile, channel: str, rules: Rules) -> tuple[str, ...] | _Barred:
        """Where it goes, as the profile says now, without what is stopped; where they come to us there is none."""
        if not goes_out(channel):
            return ()
        found = addresses(profile, channel, rules.playbook)
        hashes = {to: self._stop_hash(channel, to) for to in found}
        stopped = self.stops.among([hash for hash in hashes.values() if hash])
        open = tuple(to for to in found if hashes[to] not in stopped)
        return open or _Barred("stopped" if found else "no-address")

    def _hold(
        self, row: Delivery, effect: Deliver, profile: Profile, contact: Contact, until: int, now: int
    ) -> Sent | None:
        """The contact first; if we die before the agenda has it, the queue brings the delivery again."""
        if sending.hold(profile, contact, until, now) and not self.contacts.commit(profile):
            return None
        self.put_off.delivery(Waiting(row.id, row.profile, effect.kind, until))
        return Sent("held", row.id)

    def _wait(self, row: Delivery, attempt: int, turn: Turn) -> Sent:
        """Back into the queue until its turn comes, reserved as it is; then all is decided again."""
        again = {"delivery": row.id, "profile": row.profile, "attempt": attempt, "slot": turn.slot}
        self.queue.send([again], delay=turn.wait)
        return Sent("waits", row.id, turn.why)

    def _drop(self, row: Delivery, reason: str) -> Sent:
        """The row first (see above). Who loses it to a sender leaves the contact alone."""
        if not self.deliveries.move(row.id, **DROP, reason=reason):
            return Sent("nothing-to-do", row.id, "lost-race")
        self.contacts.close(row, "dropped", reason)
        return Sent("dropped", row.id, reason, str(row.body.get("message", "")))

    def _lay_in_inbox(
        self, row: Delivery, profile: Profile, contact: Contact, written: Written, now: int
    ) -> Sent | None:
        """No provider: the row itself is what the customer reads."""
        sending.confirm(profile, contact, "delivered", now)
        if not self.contacts.commit(profile):
            return None
        body = {**row.body, "content": written.content, "links": written.links}
        laid = self.deliveries.move(row.id, **LAY, body=body)
        return Sent("sent", row.id) if laid else Sent("nothing-to-do", row.id, "lost-race")

    def _claim_and_send(
        self, row: Delivery, written: Written, outgoing: Outgoing, attempt: int, turn: Turn, looked: int
    ) -> Sent:
        """From here on the row decides: the provider is called by who holds the claim, once."""
        claim = self.nonce()
        claimed = self.deliveries.move(
            row.id, **CLAIM, claim=claim, claimed_at=self.clock(),
            body={**row.body, "links": written.links}, address_hash=self._stop_hash(outgoing.channel, outgoing.to),
        )  # fmt: skip
        if not claimed:
            return Sent("nothing-to-do", row.id, "lost-race")
        if self.clock() - looked > GOOD_FOR:
            return self._refused(row, claim, attempt, busy=True)
        channel = str(row.body["channel"])
        try:
            with self.take_turn.calling(channel, turn):
                provider_id = self.senders[carrier_of(channel)].send(outgoing)
        except NotTaken as refusal:
            return self._refused(row, claim, attempt, busy=isinstance(refusal, Busy))
        except Undeliverable as never:
            return self._give_up(row, claim, never.reason)
        except Unanswered:
            self._look_again(row, self.clock() + DOUBT)
            return Sent("unanswered", row.id)
        noted = self.deliveries.move(row.id, **SENT, claim=claim, provider_id=provider_id)
        if channel == "sms" and (noted or self.deliveries.read([row.id])):  # no row: erased meanwhile
            self._note_provider_id(row, provider_id)
        return Sent("sent", row.id)

    def _refused(self, row: Delivery, claim: str, attempt: int, *, busy: bool) -> Sent:
        """Certainly not sent: reserved again (it counts), freed, tried later; given back after the last refusal."""
        if busy or attempt + 1 < REFUSALS:
            self.contacts.reserve_again(row)
            self.deliveries.move(row.id, **FREE, claim=claim)
            wait = between(*BUSY_WAIT, row.id, claim) if busy else min(LONGEST_WAIT, MINUTE << attempt)
            again = {"delivery": row.id, "profile": row.profile, "attempt": attempt + (not busy)}
            self.queue.send([again], delay=wait)
            return Sent("refused", row.id, "busy" if busy else "")
        return self._give_up(row, claim, "not-taken")

    def _give_up(self, row: Delivery, claim: str, reason: str) -> Sent:
        """It ends unsent, and the contact is given back."""
        if not self.deliveries.move(row.id, **GIVE_UP, claim=claim, reason=reason):
            return Sent("nothing-to-do", row.id, "lost-race")
        self.contacts.close(row, "dropped")
        return Sent("dropped", row.id, reason)

    def _settle_claim(self, row: Delivery) -> Sent:
        """A claim left open: a sender died, or no answer came. The provider's own events settle it meanwhile.

        After an hour without them a promotional message closes as `unknown`, never sent again; a service
        message is freed and sent again. Both conditions name the claim, so of two who look one acts.
        """
        due = row.claimed_at + DOUBT
        if self.clock() < due:
            self._look_again(row, due)
            return Sent("open", row.id)
        if row.body.get("kind") == "service":
            freed = self.deliveries.move(row.id, **FREE, claim=row.claim)
            return self._decide(row) if freed else Sent("nothing-to-do", row.id, "lost-race")
        if not self.deliveries.move(row.id, **LOSE_TRACK, claim=row.claim):
            return Sent("nothing-to-do", row.id, "lost-race")
        self.contacts.close(row, "unknown")
        return Sent("unknown", row.id)

    def _look_again(self, row: Delivery, due: int) -> None:
        # As a service message's: looking is never spread over minutes.
        self.put_off.delivery(Waiting(row.id, row.profile, "service", due))

    def _note_provider_id(self, row: Delivery, provider_id: str) -> None:
        """SNS knows no tags of ours: a row of its own leads from its id to the delivery."""
        pointer = Delivery(
            pointer_id(provider_id), row.profile, "pointer", self.clock(), {"delivery": row.id}
        )
        self.deliveries.create(pointer)

    def _stop_hash(self, channel: str, to: str) -> str:
        """The hash the address is stopped under, "" on a channel where none ever is."""
        kind = STOP_KINDS.get(channel)
        return self.secrets.stop_hash(kind, to) if kind else ""


@dataclass(frozen=True, slots=True)
class _Barred:
    reason: str
