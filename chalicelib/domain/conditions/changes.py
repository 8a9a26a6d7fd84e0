"""When a condition may change its mind with no event: windows slide, dates come near, days come round.

`next_change` may be early (asking again then is harmless) but never late. It sees what the subject shows:
a segment's own change is asked of the segment's condition, and a place that grows old of the place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import islice, takewhile

from chalicelib.domain.conditions import dates
from chalicelib.domain.conditions.comparing import spread
from chalicelib.domain.conditions.interpreting import NUMERIC, amount, holds, left_value
from chalicelib.domain.conditions.model import All, Any_, Compare, Condition, Did, Not, Received
from chalicelib.domain.conditions.windows import inside, millionths, opening, point_end
from chalicelib.domain.profile import FeatureState
from chalicelib.domain.rules import Subject


def next_change(condition: Condition, subject: Subject) -> int | None:
    """The earliest ms after `subject.now` at which the answer may differ; None if only an event can do it."""
    if isinstance(condition, Not):
        return next_change(condition.of, subject)
    if isinstance(condition, All | Any_):
        return _group_change(condition, subject)
    return _first(_changes(condition, subject), subject.now)


def _first(times: Iterable[int], now: int) -> int | None:
    return min((at for at in times if at > now), default=None)


def _group_change(group: All | Any_, subject: Subject) -> int | None:
    """One deciding part is enough to hold a group where it is: all such parts must change before it does."""
    deciding = isinstance(group, Any_)
    holding = [part for part in group.of if holds(part, subject) is deciding]
    changes = [next_change(part, subject) for part in holding or group.of]
    known = [at for at in changes if at is not None]
    if holding:
        return max(known) if len(known) == len(holding) else None
    return min(known, default=None)


def _changes(condition: Condition, subject: Subject) -> Iterator[int]:
    if isinstance(condition, Did):
        yield from _did_changes(condition, subject)
    elif isinstance(condition, Received):
        at = subject.received.get(condition.message)
        if at is not None and condition.within:
            yield at + condition.within
    elif isinstance(condition, Compare) and condition.operator == "within":
        for at in _instants(condition, subject):
            yield from (at - int(_window(condition)) + 1, at + int(_window(condition)))
    elif isinstance(condition, Compare) and condition.operator == "anniversary":
        for value in spread(left_value(condition, subject)):
            yield from _days(dates.day(value), subject)


def _instants(compare: Compare, subject: Subject) -> Iterator[int]:
    for value in spread(left_value(compare, subject)):
        at = dates.instant(value, compare.zone)
        if at is not None:
            yield at


def _window(compare: Compare) -> float:
    return compare.value if isinstance(compare.value, int | float) else 0


def _days(first: date | None, subject: Subject) -> Iterator[int]:
    """The midnights that begin and end the days on which the date comes round, this year and next."""
    current = dates.today(subject.now, subject.zone)
    if first is None or current is None or current.year >= date.max.year - 1:
        return
    soonest = max(current.year, first.year + 1)
    for year in (soonest, soonest + 1):
        if year < date.max.year:
            day = dates.anniversary_in(first, year)
            yield dates.midnight(day, subject.zone)
            yield dates.midnight(day + timedelta(days=1), subject.zone)


def _did_changes(did: Did, subject: Subject) -> Iterator[int]:
    state = subject.features.get(did.feature)
    if state is None:
        return
    yield from _arrivals(did, state, subject.now)
    if did.within:
        yield from _flips(did, _leaving(did, state, subject), subject)


def _arrivals(did: Did, state: FeatureState, now: int) -> Iterable[int]:
    """Times that are still to come."""
    if did.total:
        return (at for at in state.points if at > now)
    return (at for at, _ in takewhile(lambda one: one[0] > now, reversed(state.times)))


def _leaving(did: Did, state: FeatureState, subject: Subject) -> Iterable[tuple[int, int]]:
    """What is in the window, with what it counts, oldest first."""
    if not did.total:
        first, end = inside(state, subject, did.within)
        return ((at, 1) for at, _ in islice(state.times, first, end))
    start = opening(subject, did.within)
    points = [(point_end(state, at), sum_) for at, sum_ in state.points.items() if at <= subject.now]
    return sorted(point for point in points if point[0] > start)


def _flips(did: Did, leaving: Iterable[tuple[int, int]], subject: Subject) -> Iterator[int]:
    """When what leaves the window, oldest first, turns the comparison over."""
    left = amount(did, subject)
    wanted = millionths(did.value) if did.total else did.value
    answer = NUMERIC[did.operator](left, wanted)
    for at, value in leaving:
        left -= value
        if NUMERIC[did.operator](left, wanted) is not answer:
            yield at + did.within
            return
