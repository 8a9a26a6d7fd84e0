"""The shop of the scripted day: its playbook, and what came to its customers if all went as it should.

What is allowed is written down here by hand, and held against the mailbox; the code under test is not asked.
"""

from __future__ import annotations

from dataclasses import dataclass

MINUTE = 60_000
ADDRESS = "ann@example.com"
BOB, CID, DAN, EVE = (f"{name}@example.com" for name in ("bob", "cid", "dan", "eve"))

_PLAYBOOK = """
playbook: 1
name: Umbrellas
timezone: Etc/UTC
topics: {offers: {label: Offers, default: ask}}
senders: {email: "Umbrella Shop <hello@shop.example.com>"}
placements: {web.home: {channel: web}}
segments: {buyers: {did: Order Completed, within: 30d}}
moments:
  left_cart: {event: Cart Updated, hold: 30m, unless: {did: Order Completed}}
  ordered: {event: Order Completed}
  rain: {event: Rain Started}
  flash: {event: Flash Sale}
policies:
  caps: [{messages: 2, per: 7d, channel: email}]
  quiet: {from: "15:30", until: "16:30", channels: [email]}
messages:
  hero:
    kind: brand
    topic: offers
    placements: [web.home]
    variants: {plain: {web: {headline: "Hello"}}}
  reminder:
    kind: offer
    topic: offers
    moments: [left_cart]
    channels: [email]
    variants: {plain: {email: {subject: "Your cart", text: "It waits."}}}
  umbrella:
    kind: offer
    topic: offers
    moments: [rain]
    channels: [email]
    variants: {plain: {email: {subject: "Dry?", text: "It RAINS."}}}
  flash:
    kind: offer
    topic: offers
    moments: [flash]
    channels: [email]
    variants: {plain: {email: {subject: "Today", text: "Only today."}}}
  receipt:
    kind: service
    moments: [ordered]
    channels: [email]
    variants: {plain: {email: {subject: "Thank you", text: "It is on its way."}}}
"""
PLAYBOOK = _PLAYBOOK.replace("RAINS", "rains").encode()
CHANGED = _PLAYBOOK.replace("RAINS", "still rains").encode()

#: When what happens (minutes after noon) that forbids more: a bounce, one click to leave.
BOUNCED, LEFT = 175, 175
#: The hour (minutes after noon) in which nobody is written to, but for service.
QUIET = (210, 270)


@dataclass(frozen=True, slots=True)
class Due:
    """A message that must come to somebody, once."""

    to: str
    message: str


PROMOTIONAL = (
    Due(ADDRESS, "reminder"), Due(ADDRESS, "umbrella"), Due(BOB, "umbrella"), Due(CID, "umbrella"),
    Due(EVE, "umbrella"), Due(EVE, "flash"),
)  # fmt: skip
SERVICE = (Due(ADDRESS, "receipt"),)


def forbidden(
    to: str, message: str, minute: float, promotional_before: int, *, bounced: bool, left: bool
) -> str:
    """Why a message that left at this minute should not have, "" if it may.

    `promotional_before` are the promotional ones that had left to the same address, `bounced` and `left` whether Bob's
    mail came back and Cid has left, as far as was told.
    """
    if message == "receipt":
        return "" if to == ADDRESS else "nothing was ordered"
    if Due(to, message) not in PROMOTIONAL:
        return "without permission or cause"
    if promotional_before >= 2:
        return "over the cap"
    if QUIET[0] <= minute < QUIET[1]:
        return "in quiet hours"
    if to == BOB and bounced and minute >= BOUNCED:
        return "after its address bounced"
    if to == CID and left and minute >= LEFT:
        return "after the customer left"
    return ""
