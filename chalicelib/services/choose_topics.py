"""What a customer chooses on the pages of a message's links: to stop, or which topics on which channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from chalicelib.domain.about_address import address_hash_of
from chalicelib.domain.addresses import address
from chalicelib.domain.confirming import CHANNEL, waits
from chalicelib.domain.content import locale_of
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.events import PERMISSION_SET, Event, EventBatch, ours
from chalicelib.domain.keys import Secrets, cause_id
from chalicelib.domain.languages import languages_of
from chalicelib.domain.masking import masked
from chalicelib.domain.permissions import last_other, may_contact
from chalicelib.domain.profile import Profile, Stamped
from chalicelib.services.find_profile import FindProfile
from chalicelib.services.ingest_events import IngestEvents
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock
from chalicelib.web.words import CHOOSING, Words

DAY = 86_400_000
#: Channels whose address a customer can see and choose about.
CHANNELS = ("email", "sms")


@dataclass(frozen=True, slots=True)
class Choice:
    """A topic on a channel, and whether the customer is written to about it, or will be once they confirm.

    `confirmed` says that a yes has to be confirmed from the address, as long as nobody proved whose that is.
    """

    channel: str
    topic: str
    label: str
    chosen: bool
    waits: bool = False
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Choices:
    """All of a customer's choices, and the masked addresses they are about; `languages` are the customer's."""

    addresses: Mapping[str, str]
    topics: tuple[Choice, ...]
    languages: list[str]


@dataclass(frozen=True, slots=True)
class ChooseTopics:
    """Every choice is an event, folded before we answer: it applies at once."""

    find: FindProfile
    rules: LiveRules
    ingest: IngestEvents
    secrets: Secrets
    clock: Clock
    new_id: Callable[[], str]

    def read(self, profile_id: str) -> Choices | None:
        """The choices as they stand; None where nobody lives there (any more)."""
        profile = self.find.by_id(profile_id)
        return self._choices(profile) if profile else None

    def _choices(self, profile: Profile) -> Choices:
        playbook = self.rules.current().playbook
        held = {channel: address(profile.facts, channel) for channel in CHANNELS}
        languages = languages_of(locale_of(profile))
        topics = tuple(
            Choice(
                channel,
                topic.name,
                topic.called(languages),
                may_contact(profile.facts, channel, topic.name, playbook),
                channel == CHANNEL and waits(profile.facts, topic.name, playbook),
                channel == CHANNEL and topic.confirm == "double" and not _is_proven(held[channel]),
            )
            for topic in playbook.topics.values()
            for channel in CHANNELS
            if held[channel] is not None
        )
        shown = {channel: masked(str(one.value)) for channel, one in held.items() if one}
        return Choices(shown, topics, languages)

    def choose(self, profile_id: str, wanted: frozenset[tuple[str, str]], *, by_mail: bool = True) -> None:
        """Grant what is wanted and deny the rest; what stays as it is says nothing. Raises `Unavailable`.

        Who came by a text message has shown whose the number is, and nothing of the e-mail address: what needs to be
        confirmed from there is asked about, as any yes that nobody proved.
        """
        profile = self.find.by_id(profile_id)
        if profile is None:
            return
        choices = self._choices(profile)
        changed = [one for one in choices.topics if ((one.channel, one.topic) in wanted) != one.chosen]
        wording = Words(choices.languages).version(CHOOSING)
        self._say([self._chosen(profile, one, wording, by_mail=by_mail) for one in changed])

    def _chosen(self, profile: Profile, one: Choice, wording: str, *, by_mail: bool) -> Event:
        said = {"channel": one.channel, "topic": one.topic, "source": "preferences", "wording": wording}
        if one.confirmed and not one.chosen and not by_mail:
            return replace(self._event("Permission Granted", profile.id, said), origin="client", proven=False)
        said |= {"state": "denied" if one.chosen else "granted"} | self._about(profile, one.channel)
        return self._event(PERMISSION_SET, profile.id, said)

    def unsubscribe(self, claims: Mapping[str, Any], *, everything: bool) -> None:
        """No more of the message's topic on its channel, or nothing at all on it. Raises `Unavailable`.

        Said again on the same day, with no yes between, it is the same event: who was answered with an error, though it
        had been folded, says it again.
        """
        topic = "*" if everything else str(claims.get("t") or "*")
        profile, channel = str(claims.get("p", "")), str(claims.get("c") or "email")
        about = {"channel": channel, "topic": topic, "delivery": str(claims.get("d", ""))}
        found, now = self.find.by_id(profile), self.clock()
        yes = last_other(found.facts, "denied") if found else 0
        about |= self._about(found, channel)
        id = cause_id("topeka:choice:", profile, *about.values(), str(yes), str(now // DAY))
        self._say([ours(id, "Unsubscribed", profile, now, about, proven=True)])

    def languages(self, profile_id: str) -> list[str]:
        """The customer's, the most exact first; none where nobody lives there (any more)."""
        profile = self.find.by_id(profile_id)
        return languages_of(locale_of(profile)) if profile else []

    def label(self, topic: str, languages: list[str]) -> str:
        """What a topic is called, "" for one the playbook doesn't know."""
        known = self.rules.current().playbook.topics.get(topic)
        return known.called(languages) if known else ""

    def _about(self, profile: Profile | None, channel: str) -> dict[str, str]:
        """The address that is spoken of, as a hash."""
        if profile is None:
            return {}
        hashed = address_hash_of(profile, channel, self.rules.current().playbook, self.secrets)
        return {"address_hash": hashed} if hashed else {}

    def _say(self, events: list[Event]) -> None:
        if events and self.ingest([EventBatch(tuple(events))]).failed:
            raise Unavailable("profiles")

    def _event(self, name: str, profile: str, about: dict[str, Any]) -> Event:
        return ours(f"topeka:choice:{self.new_id()}", name, profile, self.clock(), about, proven=True)


def _is_proven(held: Stamped | None) -> bool:
    return held is not None and held.proven
