"""Instants at the edge: ISO 8601 text outside, milliseconds since 1970 inside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
#: 9999-12-31T23:59:59.999Z, the last instant ISO 8601 can write with four digits.
LAST = 253_402_300_799_999


def from_text(text: str) -> int:
    """The instant an ISO 8601 text means, in ms; without an offset it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MILLISECOND


def to_text(instant: int) -> str:
    """ISO 8601 in UTC with milliseconds: `2026-07-01T15:00:00.000Z`."""
    moment = _EPOCH + max(0, min(instant, LAST)) * _MILLISECOND
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def corrected(timestamp: int | None, sent_at: int | None, received_at: int) -> int:
    """When it happened by our clock, in ms, never in the future and never before 1970.

    A client's clock may be off, but the time between the call and its sending is right: Segment's rule is
    `receivedAt - (sentAt - timestamp)` (Segment, Spec: Common fields, "Timestamps"). Without `sentAt` the
    timestamp is taken as it stands; without a timestamp it happened when it was received.
    """
    if timestamp is None:
        return received_at
    skew = 0 if sent_at is None else received_at - sent_at
    return max(0, min(timestamp + skew, received_at))
