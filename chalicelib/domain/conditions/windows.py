"""Counting and summing what a feature keeps, exactly as far as its window reaches.

An event at t counts at now iff now - within < t <= now, and t > since. A sum's point stands for a minute
(an hour before `hours_before`) and counts as long as part of it is in the window.
"""

from __future__ import annotations

from bisect import bisect_right
from operator import itemgetter

from chalicelib.domain.profile import FeatureState
from chalicelib.domain.rules import Subject

MINUTE = 60_000
HOUR = 3_600_000
MILLION = 1_000_000
#: Earlier than every event.
EVER = -(1 << 62)

_time = itemgetter(0)


def opening(subject: Subject, within: int) -> int:
    """Where the window opens (exclusive ms); `within` 0 is for ever."""
    start = subject.now - within if within else EVER
    return max(start, subject.since) if subject.since else start


def count(state: FeatureState | None, subject: Subject, within: int) -> int:
    """How many of the kept times are in the window."""
    if state is None:
        return 0
    first, end = inside(state, subject, within)
    return max(0, end - first)


def inside(state: FeatureState, subject: Subject, within: int) -> tuple[int, int]:
    """Which of the kept times are in the window: from the first place up to the second, which is no part of it."""
    times = state.times
    if not times:
        return 0, 0
    start = opening(subject, within)
    late = times[-1][0] > subject.now
    end = bisect_right(times, subject.now, key=_time) if late else len(times)
    return 0 if times[0][0] > start else bisect_right(times, start, key=_time), end


def total(state: FeatureState | None, subject: Subject, within: int) -> int:
    """The sum in the window, in millionths."""
    if state is None:
        return 0
    start = opening(subject, within)
    if start == EVER:
        return state.total
    return sum(
        amount for at, amount in state.points.items() if at <= subject.now and point_end(state, at) > start
    )


def point_end(state: FeatureState, at: int) -> int:
    """When the time that a point stands for is over (ms)."""
    return at + (HOUR if at < state.hours_before else MINUTE)


def millionths(value: float) -> int:
    """A number of the playbook on the scale of sums."""
    return round(value * MILLION)
