"""What an event brought in: the revenue of orders, in millionths of the playbook's currency.

Names are those of Segment's e-commerce spec: `Order Completed` carries `revenue` (without shipping and tax) or
`total`, `Order Refunded` a `total` that went back; any other event may carry `revenue`.
https://segment.com/docs/connections/spec/ecommerce/v2/
"""

from __future__ import annotations

from chalicelib.domain.events import Event
from chalicelib.domain.sums import millionths

_ORDERED = "Order Completed"
_REFUNDED = "Order Refunded"


def spent_by(event: Event) -> int:
    """Millionths of currency; less than 0 for a refund, 0 for an event that is about no money."""
    if event.type != "track":
        return 0
    told = event.properties
    if event.event == _REFUNDED:
        return -abs(millionths(told.get("total", told.get("revenue"))) or 0)
    named = ("revenue", "total", "value") if event.event == _ORDERED else ("revenue",)
    return next((amount for name in named if (amount := millionths(told.get(name))) is not None), 0)
