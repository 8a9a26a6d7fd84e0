"""What a customer chooses on the pages of a message's links: to stop, or which topics on which channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.addresses import address
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.events import Event, EventBatch
from chalicelib.domain.permissions import may_contact
from chalicelib.services.find_profile import FindProfile
from chalicelib.services.ingest_events import IngestEvents
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock

#: Channels whose address a customer can see and choose about.
CHANNELS = ("email", "sms")


@dataclass(frozen=True, slots=True)
class Choice:
    """A topic on a channel, and whether the customer is written to about it."""

    channel: str
    topic: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Choices:
    """All of a customer's choices, and the masked addresses they are about."""

    addresses: Mapping[str, str]
    topics: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class ChooseTopics:
    """Every choice is an event, folded before we answer: it applies at once."""

    find: FindProfile
    rules: LiveRules
    ingest: IngestEvents
    clock: Clock
    new_id: Callable[[], str]

    def read(self, profile_id: str) -> Choices | None:
        """The choices as they stand; None where nobody lives there (any more)."""
        profile = self.find.by_id(profile_id)
        if profile is None:
            return None
        playbook = self.rules.current().playbook
        held = {channel: address(profile.facts, channel) for channel in CHANNELS}
        topics = tuple(
            Choice(
                channel, topic.name, topic.label, may_contact(profile.facts, channel, topic.name, playbook)
            )
            for topic in playbook.topics.values()
            for channel in CHANNELS
            if held[channel] is not None
        )
        return Choices({channel: masked(str(one.value)) for channel, one in held.items() if one}, topics)

    def choose(self, profile_id: str, wanted: frozenset[tuple[str, str]]) -> None:
        """Grant what is wanted and deny the rest; what stays as it is says nothing. Raises `Unavailable`."""
        choices = self.read(profile_id)
        topics = choices.topics if choices else ()
        changed = [one for one in topics if ((one.channel, one.topic) in wanted) != one.chosen]
        self._say(
            [
                self._event(
                    "Topeka Permission Set",
                    profile_id,
                    {
                        "channel": one.channel,
                        "topic": one.topic,
                        "state": "denied" if one.chosen else "granted",
                        "source": "preferences",
                    },
                )
                for one in changed
            ]
        )

    def unsubscribe(self, claims: Mapping[str, Any], *, everything: bool) -> None:
        """No more of the message's topic on its channel, or nothing at all on it. Raises `Unavailable`."""
        topic = "*" if everything else str(claims.get("t") or "*")
        about = {
            "channel": str(claims.get("c") or "email"),
            "topic": topic,
            "delivery": str(claims.get("d", "")),
        }
        self._say([self._event("Unsubscribed", str(claims.get("p", "")), about)])

    def label(self, topic: str) -> str:
        """What a topic is called, "" for one the playbook doesn't know."""
        known = self.rules.current().playbook.topics.get(topic)
        return known.label if known else ""

    def _say(self, events: list[Event]) -> None:
        if events and self.ingest([EventBatch(tuple(events))]).failed:
            raise Unavailable("profiles")

    def _event(self, name: str, profile: str, about: dict[str, Any]) -> Event:
        now = self.clock()
        return Event(
            message_id=f"topeka:choice:{self.new_id()}",
            type="track",
            event=name,
            timestamp=now,
            received_at=now,
            properties=about,
            origin="topeka",
            proven=True,
            profile=profile,
        )


def masked(shown: str) -> str:
    """An address that its owner recognises and nobody else learns: `a***@example.com`, `+1********23`."""
    local, at, domain = shown.rpartition("@")
    if at:
        return f"{local[:1]}***@{domain}"
    return f"{shown[:2]}{'*' * max(len(shown) - 4, 3)}{shown[-2:]}"
