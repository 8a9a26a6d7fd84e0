"""What may rule a message out although it is for the customer: suppress, caps, pause, quiet hours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass, field

from chalicelib.domain.caps import concerns
from chalicelib.domain.decision import Reason
from chalicelib.domain.playbook.model import Cap, Message
from chalicelib.domain.sifting import Wanted
from chalicelib.domain.view import View

#: A slot inside an e-mail: its contact is its e-mail's, so no cap applies to it and it counts in none.
INSIDE_ANOTHER = frozenset({"email_slot"})


@dataclass(slots=True)
class Gates:
    """The policies as they stand for one customer now; answers are remembered per topic and channel."""

    view: View
    _given: list[int] = field(default_factory=list)
    _full: tuple[Cap, ...] | None = None
    _topics: dict[str, Reason | None] = field(default_factory=dict)

    def let_through(
        self,
        wanted: Iterable[Wanted],
        reasons: Counter[Reason],
        ruled_out: MutableMapping[str, Reason] | None = None,
    ) -> list[Wanted]:
        """Those of the wanted that no policy rules out; the others are counted, and named in `ruled_out`.

        The answer is one for a (topic, channel, kind), but for caps on single messages and quiet hours that
        outlast a message.
        """
        capped: set[str] | None = None
        known: dict[tuple[str, str, str], tuple[Reason | None, int]] = {}
        through: list[Wanted] = []
        for one in wanted:
            message, channel = one[0].message, one[1]
            key = (message.topic, channel, message.kind)
            found = known.get(key)
            if found is None:
                found = known[key] = (self._against_all(message, channel), self.view.quiet_on(channel))
            reason, held = found
            if reason is None:
                if capped is None:
                    capped = {cap.message for cap in self.full_caps() if cap.message}
                if held or message.name in capped:
                    reason = self.reason_against(message, channel)
            if reason is None:
                through.append(one)
                continue
            reasons[reason] += 1
            if ruled_out is not None:
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
        return 0 if message.quiet_ignore else self.view.quiet_on(channel)

    def full_caps(self) -> tuple[Cap, ...]:
        """The caps that have no room left."""
        if self._full is None:
            caps, held = self.view.rules.playbook.policies.caps, self.view.contacts_in()
            given = self._given or [0] * len(caps)
            self._full = tuple(
                cap
                for cap, before, now in zip(caps, held, given, strict=True)
                if before + now >= cap.messages
            )
        return self._full

    def give(self, message: Message, channel: str) -> None:
        """Count a contact that this decision makes."""
        if message.kind == "service":
            return
        caps = self.view.rules.playbook.policies.caps
        given = self._given or [0] * len(caps)
        self._given = [
            many + concerns(cap, channel, message.topic, message.name)
            for cap, many in zip(caps, given, strict=True)
        ]
        self._full = None

    def _against_all(self, message: Message, channel: str) -> Reason | None:
        """What rules out every message of this topic and kind on the channel."""
        if message.kind == "service":
            return None
        return self.topic(message.topic) or ("cap" if self._is_full(channel, message.topic, "") else None)

    def _against_topic(self, topic: str) -> Reason | None:
        rules = self.view.rules
        if any(name == topic and self.view.holds(check) for name, check in rules.suppress):
            return "suppressed"
        return "paused" if rules.playbook.policies.pause and self.view.rests(topic) else None

    def _is_full(self, channel: str, topic: str, message: str) -> bool:
        """Whether a cap that concerns such a message has no room; message "" for caps on no single one."""
        if channel in INSIDE_ANOTHER:
            return False
        return any(concerns(cap, channel, topic, message) for cap in self.full_caps())
