"""What may rule a message out although it is for the customer: suppress, caps, pause, quiet hours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from chalicelib.domain.caps import concerns, counted, full, paused_until
from chalicelib.domain.decision import Reason
from chalicelib.domain.permissions import goes_to_them
from chalicelib.domain.playbook.model import Cap, Message
from chalicelib.domain.profile import Contact, Profile
from chalicelib.domain.quiet import quiet_until
from chalicelib.domain.rules import MessageRules, Rules, Subject

#: A slot inside an e-mail: its contact is its e-mail's, so no cap applies to it and it counts in none.
INSIDE_ANOTHER = frozenset({"email_slot"})


@dataclass(slots=True)
class Gates:
    """The policies as they stand for one customer now; answers are remembered per topic and channel.

    `without` is a delivery whose own contact is left out (the sender's own reservation).
    """

    profile: Profile
    rules: Rules
    subject: Subject
    without: str = ""
    _contacts: list[Contact] = field(default_factory=list)
    _full: tuple[Cap, ...] | None = None
    _topics: dict[str, Reason | None] = field(default_factory=dict)
    _quiet: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        contacts = self.profile.ledger.contacts
        self._contacts = counted(one for delivery, one in contacts.items() if delivery != self.without)

    def let_through(
        self, wanted: Iterable[tuple[MessageRules, str]], ruled_out: dict[str, Reason]
    ) -> list[tuple[MessageRules, str]]:
        """Those of the wanted that no policy rules out; the others go to `ruled_out`.

        The answer is one for a (topic, channel, kind), but for caps on single messages and quiet hours that
        outlast a message.
        """
        capped = {cap.message for cap in self.full_caps() if cap.message}
        known: dict[tuple[str, str, str], tuple[Reason | None, int]] = {}
        through: list[tuple[MessageRules, str]] = []
        for one in wanted:
            message, channel = one[0].message, one[1]
            key = (message.topic, channel, message.kind)
            found = known.get(key)
            if found is None:
                found = known[key] = (self._against_all(message, channel), self._quiet_on(channel))
            reason, held = found
            if reason is None and (held or message.name in capped):
                reason = self.reason_against(message, channel)
            if reason is None:
                through.append(one)
            else:
                ruled_out[message.name] = reason
        return through

    def reason_against(self, message: Message, channel: str) -> Reason | None:
        """The first policy that rules the message out on the channel now, None if none does."""
        reason = self._against_all(message, channel)
        if reason is not None:
            return reason
        if message.kind != "service" and self._is_full(channel, message.topic, message.name):
            return "cap"
        held = self.held_until(message, channel)
        return "quiet" if held and 0 < message.valid_until <= held else None

    def topic(self, topic: str) -> Reason | None:
        """Why the topic is not talked about now: `suppressed` for an audience, or `paused`."""
        if topic not in self._topics:
            self._topics[topic] = self._against_topic(topic)
        return self._topics[topic]

    def held_until(self, message: Message, channel: str) -> int:
        """When quiet hours let the message out on the channel (ms), 0 for now."""
        return 0 if message.quiet_ignore else self._quiet_on(channel)

    def full_caps(self) -> tuple[Cap, ...]:
        """The caps that have no room left."""
        if self._full is None:
            self._full = full(self.rules.playbook.policies.caps, self._contacts, self.subject.now)
        return self._full

    def give(self, contact: Contact) -> None:
        """Count a contact that this decision makes."""
        self._contacts += counted([contact])
        self._full = None

    def _against_all(self, message: Message, channel: str) -> Reason | None:
        """What rules out every message of this topic and kind on the channel."""
        if message.kind == "service":
            return None
        return self.topic(message.topic) or ("cap" if self._is_full(channel, message.topic, "") else None)

    def _against_topic(self, topic: str) -> Reason | None:
        if any(name == topic and check(self.subject) for name, check in self.rules.suppress):
            return "suppressed"
        pause = self.rules.playbook.policies.pause
        return "paused" if paused_until(pause, self._contacts, topic, self.subject.now) else None

    def _is_full(self, channel: str, topic: str, message: str) -> bool:
        """Whether a cap that concerns such a message has no room; message "" for caps on no single one."""
        if channel in INSIDE_ANOTHER:
            return False
        return any(concerns(cap, channel, topic, message) for cap in self.full_caps())

    def _quiet_on(self, channel: str) -> int:
        if channel not in self._quiet:
            held = goes_to_them(channel)
            now, playbook = self.subject.now, self.rules.playbook
            self._quiet[channel] = quiet_until(self.profile, playbook, channel, now) if held else 0
        return self._quiet[channel]
