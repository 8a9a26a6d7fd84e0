"""The lake's lines: which of them an erasure takes, and by when."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.events import Event
from chalicelib.domain.facts import event_view
from chalicelib.domain.lake_lines import DAY, PASS_EVERY, SETTLED_AFTER, pass_after, rewritten_by, without

LATEST = 4_102_444_800_000  # 2100


def line(**fields: Any) -> bytes:
    return msgspec.json.encode(fields) + b"\n"


def event(profile: str, at: int, received_at: int) -> bytes:
    return line(
        kind="event", profile=profile, **event_view(Event("m1", "track", at, received_at, event="Seen"))
    )


@given(st.integers(0, LATEST))
def test_the_pass_is_on_the_grid_when_all_is_in_the_lake_and_done_within_thirty_days(at: int) -> None:
    due = pass_after(at)
    assert due % PASS_EVERY == 0
    assert at + SETTLED_AFTER <= due < at + SETTLED_AFTER + PASS_EVERY
    assert due < rewritten_by(at) <= at + 30 * DAY


@given(st.integers(0, LATEST), st.integers(0, PASS_EVERY))
def test_erasures_of_a_week_share_one_pass_or_take_the_next(at: int, later: int) -> None:
    assert pass_after(at + later) - pass_after(at) in (0, PASS_EVERY)


@pytest.mark.parametrize(
    ("written", "goes"),
    [
        (event("p_a", 90, 95), True),
        (event("p_a", 100, 100), True),
        (event("p_a", 90, 120), True),  # what happened before, told later: dropped everywhere else too
        (event("p_a", 101, 120), False),
        (event("p_b", 90, 95), False),
        (line(kind="decision", profile="p_a", decision="d_1", at=100), True),
        (line(kind="decision", profile="p_a", decision="d_1", at=101), False),
        (line(kind="decision", profile="p_a"), True),  # nothing says that it came later
        (line(kind="decision", decision="d_1", at=5), False),
        (b'{"profile": "p_a", \n', False),
        (b"\n", False),
    ],
)
def test_a_line_goes_if_it_is_of_an_erased_home_and_not_of_who_came_after(written: bytes, goes: bool) -> None:
    kept = event("p_z", 1, 2)
    assert without(kept + written + kept, {"p_a": 100}) == (kept + kept if goes else kept + written + kept)


def test_text_in_a_line_does_not_break_it() -> None:
    said = line(
        kind="event", profile="p_b", properties={"note": 'p_a \u2028 \r\n "profile": "p_a"'}, timestamp=1
    )
    assert without(said, {"p_a": 100}) == said


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 200)), max_size=30))
def test_once_more_changes_nothing(lines: list[tuple[str, int]]) -> None:
    whole = b"".join(event(f"p_{who}", at, at) for who, at in lines)
    once = without(whole, {"p_a": 100, "p_b": 50})
    assert without(once, {"p_a": 100, "p_b": 50}) == once
