"""Sums over sliding windows: points by the minute, at most 512, the oldest coalesced to hours.

Values are integers in millionths, so that addition has no order. Points older than the longest window, seen
from the latest point, are dropped: no window will ask for them again. So the points are a function of the set
of (minute, value) pairs alone. Where more than 512 minutes fall into the window, `hours_before` is the least
hour below which points must be by the hour for 512 to suffice; it only ever rises, so that what differs by
order of arrival is at most which minutes of an hour a sum still tells apart.
"""

from __future__ import annotations

from chalicelib.domain.profile import FeatureState

MINUTE = 60_000
HOUR = 3_600_000
MOST_POINTS = 512
MILLIONTHS = 1_000_000


def millionths(value: object) -> int | None:
    """A number as an integer in millionths, or None for what is no number. Numeric text counts as a number."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if not isinstance(value, int | float) or not abs(value) <= 1e12:
        return None  # also NaN, which is not at most anything
    return round(value * MILLIONTHS)


def add_value(state: FeatureState, at: int, value: int, within: int) -> None:
    """Take one value (millionths) at a time (ms) into the points of a window (ms) and the lifetime total."""
    state.total += value
    _add_point(state, at, value)
    _fit(state, within)


def join_sums(a: FeatureState, b: FeatureState, into: FeatureState, within: int) -> None:
    """The points and total of two disjoint sets of events together."""
    into.total = a.total + b.total
    into.hours_before = max(a.hours_before, b.hours_before)
    into.points = {}
    for source in (a, b):
        for at, value in source.points.items():
            _add_point(into, at, value)
    _fit(into, within)


def _fit(state: FeatureState, within: int) -> None:
    """Drop what no window asks for any more, then coalesce what is still too much."""
    if not state.points:
        return
    latest = max(state.points)
    oldest = latest - latest % HOUR - within
    if oldest > min(state.points):
        state.points = {at: value for at, value in state.points.items() if at >= oldest}
    if state.hours_before <= oldest:
        state.hours_before = 0
    _coalesce(state)


def _add_point(state: FeatureState, at: int, value: int) -> None:
    width = HOUR if at < state.hours_before else MINUTE
    slot = at - at % width
    state.points[slot] = state.points.get(slot, 0) + value


def _coalesce(state: FeatureState) -> None:
    """Raise `hours_before`, hour by hour, until at most 512 points remain; then drop whole hours into one."""
    while len(state.points) > MOST_POINTS:
        fine = [at for at in state.points if at >= state.hours_before]
        if not fine:
            _lump_oldest(state)
            continue
        oldest = min(fine)
        state.hours_before = oldest - oldest % HOUR + HOUR
        for at in [at for at in fine if at < state.hours_before]:
            value = state.points.pop(at)
            _add_point(state, at, value)


def _lump_oldest(state: FeatureState) -> None:
    """Beyond 512 distinct hours, the two oldest become one, at the later hour: about three weeks back at least."""
    first, second = sorted(state.points)[:2]
    state.points[second] += state.points.pop(first)
