"""Writing a message for one customer: content chosen, links tracked, templates filled in, headers made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.content import content_of, data_of, in_full, locale_of
from chalicelib.domain.effects import Deliver
from chalicelib.domain.keys import Secrets
from chalicelib.domain.links import pixel, sent_links, slot_links
from chalicelib.domain.outgoing import SAID, Filled, outgoing_of
from chalicelib.domain.places import located
from chalicelib.domain.profile import Profile
from chalicelib.domain.rules import Rules
from chalicelib.domain.sms_parts import measure
from chalicelib.services.fill_links import fill_links
from chalicelib.services.ports import Outgoing, Templates


@dataclass(frozen=True, slots=True)
class Written:
    """A message ready to go: for a provider (none for the inbox), its content, where its links lead."""

    outgoing: Outgoing | None
    content: dict[str, Any]
    links: dict[str, str]


@dataclass(frozen=True, slots=True)
class WriteMessage:
    """Writes a decided message as the live playbook words it."""

    templates: Templates
    secrets: Secrets
    base_url: str

    def __call__(
        self, effect: Deliver, profile: Profile, rules: Rules, to: Sequence[str], now: int
    ) -> Written | str:
        """The message, or why there is none: `no-content`, `template-failed`."""
        known = rules.messages.get(effect.message)
        content = known and content_of(known.message, effect.variant, effect.channel, locale_of(profile))
        if known is None or not content:
            return "no-content"
        message = known.message
        links = sent_links(
            self.secrets, self.base_url, message.links, delivery=effect.delivery, profile=profile.id,
            channel=effect.channel, topic=message.topic, now=now,
        )  # fmt: skip
        here = located(profile, now)
        data = data_of(profile, here, context=effect.context, event=effect.event, links=links)
        if effect.channel == "email":
            data |= slot_links(
                self.secrets, self.base_url, rules.playbook,
                delivery=effect.delivery, profile=profile.id, now=now,
            )  # fmt: skip
        targets = fill_links(self.templates, message, data)
        filled = self.templates.render(content, data)
        if targets is None or filled is None:
            return "template-failed"
        if not any(str(filled.get(field, "")).strip() for field in SAID.get(effect.channel, filled)):
            return "template-failed"
        filled = in_full(filled, rules.playbook.images, links)
        if effect.channel == "sms" and measure(str(filled["text"])).too_long:
            return "template-failed"
        try:
            opened = pixel(self.secrets, self.base_url, delivery=effect.delivery, now=now)
            ready = Filled(effect, rules.playbook, filled, links, tuple(to), opened, self.base_url, now)
            return Written(outgoing_of(ready), filled, targets)
        except ValueError:  # a sender or address that cannot stand in a header
            return "template-failed"
