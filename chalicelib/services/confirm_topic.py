"""A customer confirms, from the e-mail that asked, that a topic may be sent to that address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain import permissions
from chalicelib.domain.addresses import normalised
from chalicelib.domain.confirming import CHANNEL, SOURCE
from chalicelib.domain.content import locale_of
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.events import PERMISSION_SET, EventBatch, ours
from chalicelib.domain.keys import Secrets
from chalicelib.domain.languages import languages_of
from chalicelib.domain.masking import masked
from chalicelib.services.find_profile import FindProfile
from chalicelib.services.ingest_events import IngestEvents
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock


@dataclass(frozen=True, slots=True)
class Asked:
    """What is confirmed: the topic by its label, the masked address, and the customer's languages."""

    what: str
    address: str
    languages: list[str]
    granted: bool


@dataclass(frozen=True, slots=True)
class ConfirmTopic:
    """Claims: `p` profile, `t` topic, `h` hash of the address that was asked, `w` version of the wording.

    Who has changed address since, or said no, is asked anew once they say yes again: the old link is void.
    """

    find: FindProfile
    rules: LiveRules
    ingest: IngestEvents
    secrets: Secrets
    clock: Clock
    new_id: Callable[[], str]

    def read(self, claims: Mapping[str, Any]) -> Asked | None:
        """What is asked; None where there is nothing to confirm (any more)."""
        profile = self.find.by_id(str(claims.get("p", "")))
        playbook = self.rules.current().playbook
        topic = playbook.topics.get(str(claims.get("t", "")))
        if profile is None or topic is None:
            return None
        to = normalised(profile.facts, CHANNEL, playbook)
        state = permissions.state(profile.facts, CHANNEL, topic.name, playbook)
        if not to or self.secrets.stop_hash("email", to) != claims.get("h"):
            return None
        if state not in ("pending", "granted"):
            return None
        languages = languages_of(locale_of(profile))
        return Asked(topic.called(languages), masked(to), languages, state == "granted")

    def confirm(self, claims: Mapping[str, Any]) -> Asked | None:
        """Grant it, at once. Raises `Unavailable`."""
        asked = self.read(claims)
        if asked is None or asked.granted:
            return asked
        now = self.clock()
        about = {
            "channel": CHANNEL,
            "topic": claims["t"],
            "state": "granted",
            "source": SOURCE,
            "wording": str(claims.get("w", "")),
            "address_hash": claims["h"],
        }
        id = f"topeka:choice:{self.new_id()}"
        event = ours(id, PERMISSION_SET, str(claims["p"]), now, about, proven=True)
        if self.ingest([EventBatch((event,))]).failed:
            raise Unavailable("profiles")
        return asked
