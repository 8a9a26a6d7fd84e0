"""What was sent and acknowledged, and what came of it: lost and doubled, counted in profiles and at the mailbox."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

RECEIPT, OFFER = "Your order", "It costs less"
KINDS = ("Product Viewed", "Order Completed", "Price Dropped")


@dataclass(slots=True)
class Truth:
    """Events that were acknowledged, by customer and name: each counts once, however often it was sent.

    `doubtful` were sent and never acknowledged: whether they count is open.
    """

    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    doubtful: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledge(self, events: Iterable[tuple[str, str]], *, surely: bool = True) -> None:
        """Note events (customer, name) that were sent once or more."""
        with self._lock:
            (self.told if surely else self.doubtful).update(events)

    def customers(self) -> list[str]:
        """Everybody of whom something was told."""
        return sorted({customer for customer, _ in (*self.told, *self.doubtful)})


@dataclass(slots=True)
class Found:
    """Differences from the truth: numbers of events and messages, and the first few in words."""

    lost: int = 0
    doubled: int = 0
    messages_lost: int = 0
    messages_doubled: int = 0
    words: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Keep the first few, for whoever must look."""
        if len(self.words) < 10:
            self.words.append(text)


def in_profiles(truth: Truth, profiles: Mapping[str, Any], found: Found) -> None:
    """Compare each customer's activity (name to total) with what was acknowledged."""
    for customer in truth.customers():
        activity = profiles.get(customer, {})
        for kind in KINDS:
            total = int(activity.get(kind, 0))
            least = truth.told[customer, kind]
            most = least + truth.doubtful[customer, kind]
            if total < least:
                found.lost += least - total
                found.say(f"{customer}: {total} of {least} {kind}")
            if total > most:
                found.doubled += total - most
                found.say(f"{customer}: {total} {kind}, though {most} were sent")


def at_the_mailbox(truth: Truth, mails: Iterable[Mapping[str, Any]], found: Found, offers: int = 1) -> None:
    """Compare what arrived with what had to: a receipt an order, at most so many offers a customer."""
    arrived = Counter((str(mail["to"]), str(mail["subject"])) for mail in mails)
    for customer in truth.customers():
        receipts = arrived[address_of(customer), RECEIPT]
        least = truth.told[customer, "Order Completed"]
        most = least + truth.doubtful[customer, "Order Completed"]
        if receipts < least:
            found.messages_lost += least - receipts
            found.say(f"{customer}: {receipts} receipts of {least} orders")
        if receipts > most:
            found.messages_doubled += receipts - most
            found.say(f"{customer}: {receipts} receipts, though {most} orders were sent")
        over = arrived[address_of(customer), OFFER] - offers
        if over > 0:
            found.messages_doubled += over
            found.say(f"{customer}: {over} offers over the cap")


def address_of(customer: str) -> str:
    """The customer's e-mail address."""
    return f"{customer}@example.com"
