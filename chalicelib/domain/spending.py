"""What an event brought in: the revenue of orders, in millionths of the playbook's currency.

Names are those of Segment's e-commerce spec: `Order Completed` carries `revenue` (without shipping and tax) or
`total`, `Order Refunded` a `total` that went back; any other event may carry `revenue`.
https://segment.com/docs/connections/spec/ecommerce/v2/
"""

from __future__ import annotations

from chalicelib.domain.events import OUTCOMES, Event
from chalicelib.domain.sums import millionths

MOST = 10_000_000_000_000
"""Millionths one event may bring in: beyond, one line of a broken feed would outweigh everybody in an average."""
MOST_UNPROVEN = 100_000_000_000
"""The same of an event that anybody with the public key could have sent."""
MOST_TIMES = 100
"""How many times its message's stated value an unproven order may earn a message."""
_ORDERED = "Order Completed"
_REFUNDED = "Order Refunded"


def spent_by(event: Event) -> int:
    """Millionths of currency; less than 0 for a refund, 0 for an event that is about no money.

    What comes of a message (`Message Clicked`) is told by pages, and is no order.
    """
    if event.type != "track" or event.event in OUTCOMES:
        return 0
    told = _told_by(event)
    if not told:
        return 0
    most = MOST if event.proven else MOST_UNPROVEN
    return max(-most, min(most, told))


def earned_by(event: Event, stated: float) -> int:
    """What a message earns by the event that reached its goal (millionths), stated to be worth so much."""
    spent = max(0, spent_by(event))
    return spent if event.proven else min(spent, round(stated * MOST_TIMES * 1_000_000))


def _told_by(event: Event) -> int:
    told = event.properties
    if event.event == _REFUNDED:
        return -abs(millionths(told.get("total", told.get("revenue"))) or 0)
    named = ("revenue", "total", "value") if event.event == _ORDERED else ("revenue",)
    return next((amount for name in named if (amount := millionths(told.get(name))) is not None), 0)
