"""Instants: text to milliseconds and back, and Segment's correction of a client's clock."""

from __future__ import annotations

import pytest

from chalicelib.domain.instants import corrected, from_text, to_text

NOON = 1_782_907_200_000


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-07-01T12:00:00Z", NOON),
        ("2026-07-01T12:00:00.123456+00:00", NOON + 123),
        ("2026-07-01T07:00:00-05:00", NOON),
        ("2026-07-01T12:00:00", NOON),
        ("2026-07-01", NOON - 12 * 3_600_000),
        ("1969-12-31T23:59:59Z", -1_000),
    ],
)
def test_text_is_read(text: str, instant: int) -> None:
    """With any offset or none; before 1970 is negative."""
    assert from_text(text) == instant


def test_the_first_day_of_the_calendar_is_read_with_any_offset() -> None:
    """Offsets that reach past the calendar's ends overflow nothing."""
    assert from_text("0001-01-01T00:00:00+14:00") < from_text("0001-01-01T00:00:00Z")
    assert from_text("9999-12-31T23:59:59-14:00") > from_text("9999-12-31T23:59:59Z")


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01T00:00:00Z", "1782907200", "+002026-01-01T00:00:00Z"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    """As a ValueError, for the edge to turn into words."""
    with pytest.raises(ValueError, match=r"[Ii]nvalid|out of range|must be in"):
        from_text(text)


def test_text_is_written_in_utc_with_milliseconds() -> None:
    """And never fails, whatever the number."""
    assert to_text(NOON + 5) == "2026-07-01T12:00:00.005Z"
    assert to_text(-1) == "1970-01-01T00:00:00.000Z"
    assert to_text(10**18).startswith("9999-12-31")


@pytest.mark.parametrize(
    ("name", "timestamp", "sent_at", "instant"),
    [
        ("no timestamp: when it was received", None, None, NOON),
        ("no sentAt: as it stands", NOON - 5_000, None, NOON - 5_000),
        ("a clock an hour ahead", NOON + 3_600_000 - 10_000, NOON + 3_600_000, NOON - 10_000),
        ("a clock a day behind", NOON - 86_400_000 - 10_000, NOON - 86_400_000, NOON - 10_000),
        ("2999 without sentAt: now", from_text("2999-01-01T00:00:00Z"), None, NOON),
        ("later than it was sent: now", NOON + 60_000, NOON, NOON),
        ("1970 stands", 5, None, 5),
        ("before 1970 is 1970", -5, None, 0),
    ],
)
def test_a_clients_clock_is_corrected(
    name: str, timestamp: int | None, sent_at: int | None, instant: int
) -> None:
    """Segment: receivedAt - (sentAt - timestamp), never in the future."""
    assert corrected(timestamp, sent_at, NOON) == instant, name
