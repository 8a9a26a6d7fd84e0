"""Random conditions and subjects for the laws: few names, so that they meet."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from chalicelib.domain.conditions.features import with_feature
from chalicelib.domain.conditions.model import (
    All,
    Any_,
    AtPlace,
    Compare,
    Condition,
    Did,
    EventValue,
    InSegment,
    Not,
    Permitted,
    Received,
)
from chalicelib.domain.profile import Activity, FeatureState
from chalicelib.domain.rules import Subject

NOW = 1_800_000_000_000
MINUTE = 60_000
EVENTS = ("Order Completed", "Product Viewed")
NUMERIC = ("is", "is_not", "above", "at_least", "below", "at_most")

texts = st.sampled_from(
    ["a", "b", "ab", "5", "5.0", "05", "1", "2027-01-15", "1990-01-15", "2027-01-15T10:00:00Z"]
)
scalars = st.one_of(texts, st.integers(-2, 6), st.sampled_from([0.5, 5.0, 1.0]), st.booleans())
values = st.recursive(
    st.one_of(st.none(), scalars, st.integers(NOW - 5 * MINUTE, NOW + 5 * MINUTE)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("xyz"), inner, max_size=2)
    ),
    max_leaves=4,
)
records = st.dictionaries(st.sampled_from("xyz"), values, max_size=3)
paths = st.sampled_from(["x", "y", "x.y", "z.x", "x.y.z"])
numbers = st.one_of(st.integers(-2, 6), st.sampled_from([0.5, 5.0]))
windows = st.sampled_from([0, MINUTE, 5 * MINUTE, 60 * MINUTE])


@st.composite
def comparisons(draw: st.DrawFn) -> Compare:
    """A comparison of any operator."""
    start: Any = draw(st.sampled_from(["trait", "context", "event", "score"]))
    path = draw(paths)
    path = f"properties.{path}" if start == "event" else path
    operator: Any = draw(
        st.sampled_from(
            [
                *NUMERIC,
                "in",
                "not_in",
                "contains",
                "starts_with",
                "ends_with",
                "like",
                "exists",
                "before",
                "after",
                "within",
                "anniversary",
            ]
        )
    )
    dated = operator in ("before", "after", "within")
    if operator not in ("exists", "within", "anniversary") and draw(st.booleans()):
        return Compare(start, path, operator, EventValue("properties.x"), "UTC" if dated else "")
    return Compare(start, path, operator, draw(_sides(operator)), "UTC" if dated else "")


def _sides(operator: str) -> st.SearchStrategy[Any]:
    if operator in ("in", "not_in"):
        return st.lists(scalars, min_size=1, max_size=3).map(tuple)
    if operator in ("is", "is_not", "contains"):
        return scalars
    if operator in NUMERIC:
        return numbers
    if operator in ("before", "after"):
        return st.integers(NOW - 5 * MINUTE, NOW + 5 * MINUTE)
    if operator == "exists":
        return st.booleans()
    if operator == "within":
        return st.sampled_from([MINUTE, 60 * MINUTE])
    if operator == "anniversary":
        return st.just("today")
    return st.sampled_from(["a", "b", "*", "a*", "*b", "a*b", "*a*b*"])


@st.composite
def dids(draw: st.DrawFn) -> Did:
    """A count or a sum."""
    total = draw(st.sampled_from(["", "", "revenue"]))
    operator: Any = draw(st.sampled_from(NUMERIC))
    did = Did(draw(st.sampled_from(EVENTS)), (), operator, draw(st.integers(0, 4)), draw(windows), total)
    return with_feature(did, since=draw(st.booleans()))


def conditions() -> st.SearchStrategy[Condition]:
    """Any condition."""
    leaves: st.SearchStrategy[Any] = st.one_of(
        comparisons(),
        dids(),
        st.sampled_from(["loyal", "other"]).map(InSegment),
        st.builds(
            Permitted,
            st.just("sms"),
            st.just("offers"),
            st.sampled_from(["is", "is_not"]),
            st.sampled_from(["granted", "denied", "never"]),
        ),
        st.just(AtPlace("us-ks-topeka")),
        st.builds(Received, st.just("umbrella_offer"), windows),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda of: All(tuple(of))),
            st.lists(inner, min_size=1, max_size=3).map(lambda of: Any_(tuple(of))),
            inner.map(Not),
        ),
        max_leaves=6,
    )


@st.composite
def subjects(draw: st.DrawFn) -> Subject:
    """A customer at an instant."""
    times = st.integers(NOW - 70 * MINUTE, NOW)
    features, activity = {}, {}
    for event in EVENTS:
        for total in ("", "revenue"):
            key = with_feature(Did(event, total=total), since=True).feature
            happened = sorted(draw(st.lists(times, max_size=4)))
            points = {at - at % MINUTE: draw(st.integers(-1, 3)) * 1_000_000 for at in happened}
            features[key] = FeatureState(
                times=[] if total else [(at, str(place)) for place, at in enumerate(happened)],
                points=points if total else {},
                total=sum(points.values()),
            )
        if draw(st.booleans()):
            activity[event] = Activity(draw(st.integers(1, 5)), NOW - MINUTE, NOW)
    return Subject(
        now=NOW,
        traits=draw(records),
        context=draw(records),
        event=draw(st.one_of(st.just({}), records.map(lambda one: {"properties": one}))),
        activity=activity,
        features=features,
        segments=draw(st.frozensets(st.sampled_from(["loyal", "other"]))),
        scores=draw(st.dictionaries(st.sampled_from("xyz"), st.floats(-2, 6), max_size=2)),
        permissions=draw(
            st.sampled_from([{}, {("sms", "offers"): "granted"}, {("sms", "offers"): "denied"}])
        ),
        received=draw(st.sampled_from([{}, {"umbrella_offer": NOW - 2 * MINUTE}])),
        place=draw(st.sampled_from(["", "us-ks-topeka"])),
        zone=draw(st.sampled_from(["UTC", "Pacific/Kiritimati", "America/Chicago"])),
        since=draw(st.sampled_from([0, NOW - 3 * MINUTE])),
    )
