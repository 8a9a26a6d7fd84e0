"""Writing a message for one customer: content chosen, links tracked, templates filled in, headers made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain import mime, senders
from chalicelib.domain.content import content_of, data_of, in_full, locale_of
from chalicelib.domain.effects import Deliver
from chalicelib.domain.keys import Secrets
from chalicelib.domain.links import pixel, sent_links, slot_links
from chalicelib.domain.places import located
from chalicelib.domain.profile import Profile
from chalicelib.domain.rules import Rules
from chalicelib.services.fill_links import fill_links
from chalicelib.services.ports import Outgoing, Templates

#: The fields of which a message needs one that isn't empty.
_SAID = {"email": ("html", "text"), "sms": ("text",)}


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

    def __call__(self, effect: Deliver, profile: Profile, rules: Rules, to: str, now: int) -> Written | str:
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
        if not any(str(filled.get(field, "")).strip() for field in _SAID.get(effect.channel, filled)):
            return "template-failed"
        filled = in_full(filled, rules.playbook.images, links)
        try:
            return Written(self._outgoing(effect, rules, filled, links, to, now), filled, targets)
        except ValueError:  # a sender or address that cannot stand in a header
            return "template-failed"

    def _outgoing(
        self,
        effect: Deliver,
        rules: Rules,
        filled: Mapping[str, Any],
        links: Mapping[str, str],
        to: str,
        now: int,
    ) -> Outgoing | None:
        if effect.channel == "sms":
            sender = senders.sms_sender(rules.playbook.senders, to)
            text = str(filled["text"])
            return Outgoing(effect.delivery, effect.message, to, sender, text=text, kind=effect.kind)
        if effect.channel != "email":
            return None
        letter = self._letter(effect, rules, filled, links, to, now)
        mail = mime.build(letter)
        return Outgoing(effect.delivery, effect.message, to, letter.sender, mime=mail, kind=effect.kind)

    def _letter(
        self,
        effect: Deliver,
        rules: Rules,
        filled: Mapping[str, Any],
        links: Mapping[str, str],
        to: str,
        now: int,
    ) -> mime.Letter:
        """Whoever gets an offer or a brand message can leave with one click; a service message offers none."""
        html = str(filled.get("html", ""))
        opened = pixel(self.secrets, self.base_url, delivery=effect.delivery, now=now)
        return mime.Letter(
            delivery=effect.delivery,
            sender=senders.email_sender(rules.playbook.senders, self.base_url),
            to=to,
            subject=str(filled.get("subject", "")),
            html=mime.with_pixel(html, opened) if html else "",
            text=str(filled.get("text", "")),
            at=now,
            unsubscribe="" if effect.kind == "service" else links["unsubscribe"],
        )
