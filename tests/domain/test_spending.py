"""What events bring in: orders, refunds, and what nobody may claim."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.events import Event
from chalicelib.domain.spending import MOST, MOST_UNPROVEN, earned_by, spent_by


def event(name: str, *, proven: bool = False, kind: Any = "track", **properties: Any) -> Event:
    return Event("m", kind, 1, 1, event=name, properties=properties, proven=proven)


@pytest.mark.parametrize(
    ("name", "properties", "spent"),
    [
        ("Order Completed", {"revenue": 25, "total": 30}, 25),
        ("Order Completed", {"total": "30.5"}, 30.5),
        ("Order Completed", {"value": 3}, 3),
        ("Order Completed", {}, 0),
        ("Order Refunded", {"total": 5}, -5),
        ("Order Refunded", {"total": -5}, -5),
        ("Subscription Renewed", {"revenue": 9}, 9),
        ("Subscription Renewed", {"total": 9}, 0),
        ("Message Clicked", {"revenue": 9}, 0),
        ("Message Converted", {"revenue": 9}, 0),
        ("Order Completed", {"revenue": "free"}, 0),
    ],
)
def test_what_is_spent(name: str, properties: dict[str, Any], spent: float) -> None:
    assert spent_by(event(name, **properties)) == spent * 1_000_000


def test_only_calls_of_the_kind_track_are_orders() -> None:
    assert spent_by(event("Order Completed", kind="page", revenue=5)) == 0


def test_nobody_spends_without_end_and_least_of_all_unproven() -> None:
    wild = 999_999_999_999
    assert spent_by(event("Order Completed", revenue=wild)) == MOST_UNPROVEN
    assert spent_by(event("Order Completed", revenue=wild, proven=True)) == MOST
    assert spent_by(event("Order Refunded", total=wild)) == -MOST_UNPROVEN


def test_an_unproven_order_earns_a_message_a_hundred_times_its_worth_at_most() -> None:
    assert earned_by(event("Order Completed", revenue=5_000), 3) == 300_000_000
    assert earned_by(event("Order Completed", revenue=5_000, proven=True), 3) == 5_000_000_000
    assert earned_by(event("Order Refunded", total=5), 3) == 0
