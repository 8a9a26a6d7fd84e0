"""The channels: which go to the customer, which the customer comes to, and what each must be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

WEBHOOK = "webhook."
#: Where we go to the customer: a permission is needed.
GOING = ("email", "sms", "push", "mail")
#: Where the customer comes to us: only a denial counts.
COMING = ("web", "inbox", "email_slot", "callcentre")


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of a channel's content: all of `needed`, one of `either`; only these and `more`."""

    needed: tuple[str, ...]
    either: tuple[str, ...] = ()
    more: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        """Every field there is."""
        return (*self.needed, *self.either, *self.more)


#: Channels that are not here take any fields.
SHAPES: Mapping[str, Shape] = {
    "email": Shape(("subject",), ("mjml", "html", "text")),
    "sms": Shape(("text",)),
    "push": Shape(("title", "body"), more=("link",)),
    "email_slot": Shape(("image", "fallback"), more=("link",)),
    "callcentre": Shape(("say",)),
}


def is_channel(name: str) -> bool:
    """Whether there is such a channel."""
    return name in GOING or name in COMING or (name.startswith(WEBHOOK) and name != WEBHOOK)


def goes_out(channel: str) -> bool:
    """Whether we go to the customer there."""
    return channel in GOING or channel.startswith(WEBHOOK)


def carrier_of(channel: str) -> str:
    """Who carries the channel: all webhooks have one carrier, every other channel its own."""
    return channel.partition(".")[0]
