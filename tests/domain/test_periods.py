"""Slots, hours, days and months, by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.periods import DAY, LATE, SLOT, month_of, slot_for, slot_of, start_of, whole_of

NOON = 1_782_993_600_000  # 2026-07-02T12:00:00Z


@pytest.mark.parametrize(
    ("after", "slot"),
    [
        (0, "2026-07-02T12:00"),
        (SLOT - 1, "2026-07-02T12:00"),
        (SLOT, "2026-07-02T12:05"),
        (-1, "2026-07-02T11:55"),
    ],
)
def test_an_instant_lies_in_the_slot_of_five_minutes_that_has_begun(after: int, slot: str) -> None:
    assert slot_of(NOON + after) == slot


def test_a_slot_is_of_its_hour_day_and_month() -> None:
    slot, found = "2026-07-02T12:05", []
    while slot != "months":
        slot = whole_of(slot)
        found.append(slot)
    assert found == ["2026-07-02T12", "2026-07-02", "2026-07", "months"]


@pytest.mark.parametrize(
    ("period", "at"),
    [
        ("2026-07-02T12:05", NOON + SLOT),
        ("2026-07-02T12", NOON),
        ("2026-07-02", NOON - DAY // 2),
        ("2026-07", NOON - 3 * DAY // 2),
    ],
)
def test_a_period_begins_where_its_name_says(period: str, at: int) -> None:
    assert start_of(period) == at


def test_what_is_two_days_old_is_counted_now() -> None:
    assert slot_for(NOON - LATE + 1, NOON) == slot_of(NOON - LATE)
    assert slot_for(NOON - LATE, NOON) == slot_of(NOON)
    assert slot_for(NOON + SLOT, NOON) == slot_of(NOON + SLOT)


@given(st.integers(0, 4_000_000_000_000))
def test_every_instant_is_within_the_slot_and_the_month_it_lies_in(at: int) -> None:
    slot = slot_of(at)
    assert 0 <= at - start_of(slot) < SLOT
    assert whole_of(whole_of(whole_of(slot))) == month_of(at)
