"""From a message with its templates filled in to what each channel's provider is handed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain import mime, senders
from chalicelib.domain.effects import Deliver
from chalicelib.domain.playbook.channels import carrier_of
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.stored import Outgoing

#: The fields of which a message needs one that isn't empty; on other channels any of its fields.
SAID = {"email": ("html", "text"), "sms": ("text",), "push": ("title", "body")}


@dataclass(frozen=True, slots=True)
class Filled:
    """A message filled in for one customer: its content, its links, where it goes (none for the inbox).

    `pixel` is the address of the picture that tells that an e-mail was opened; `now` is in ms.
    """

    effect: Deliver
    playbook: Playbook
    content: Mapping[str, Any]
    links: Mapping[str, str]
    to: tuple[str, ...]
    pixel: str
    base_url: str
    now: int


def outgoing_of(filled: Filled) -> Outgoing | None:
    """What the channel's provider is handed; None where nobody carries it (the inbox).

    Raises `ValueError` for a sender or an address that cannot stand in a header.
    """
    make = _MAKERS.get(carrier_of(filled.effect.channel))
    return make(filled) if make else None


def _email(filled: Filled) -> Outgoing:
    letter = _letter(filled)
    return _made(filled, letter.sender, mime=mime.build(letter))


def _letter(filled: Filled) -> mime.Letter:
    """Whoever gets an offer or a brand message can leave with one click; a service message offers none."""
    html = str(filled.content.get("html", ""))
    return mime.Letter(
        delivery=filled.effect.delivery,
        sender=senders.email_sender(filled.playbook.senders, filled.base_url),
        to=filled.to[0],
        subject=str(filled.content.get("subject", "")),
        html=mime.with_pixel(html, filled.pixel) if html else "",
        text=str(filled.content.get("text", "")),
        at=filled.now,
        unsubscribe="" if filled.effect.kind == "service" else filled.links["unsubscribe"],
    )


def _sms(filled: Filled) -> Outgoing:
    sender = senders.sms_sender(filled.playbook.senders, filled.to[0])
    return _made(filled, sender, text=str(filled.content["text"]))


def _as_it_is(filled: Filled) -> Outgoing:
    return _made(filled, filled.playbook.name, content=dict(filled.content))


def _made(filled: Filled, sender: str, **said: Any) -> Outgoing:
    effect, (first, *others) = filled.effect, filled.to
    return Outgoing(
        effect.delivery,
        effect.message,
        first,
        sender,
        kind=effect.kind,
        channel=effect.channel,
        others=tuple(others),
        **said,
    )


_MAKERS: Mapping[str, Callable[[Filled], Outgoing]] = {
    "email": _email,
    "sms": _sms,
    "push": _as_it_is,
    "mail": _as_it_is,
    "webhook": _as_it_is,
}
