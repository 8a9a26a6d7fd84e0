"""The running stack: collecting, settling, moving the clock through what comes due, the local pages."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from chalicelib.domain.effects import Ring
from chalicelib.domain.instants import from_text
from chalicelib.domain.timers import ring_job
from infra.local.stack import OPERATOR_KEY, WRITE_KEY, Stack

HOUR = 3_600_000


def collect(stack: Stack, *message_ids: str) -> None:
    events = [
        {"type": "track", "userId": "ann", "event": "Cart Viewed", "messageId": each} for each in message_ids
    ]
    assert stack.request("POST", "/v1/batch", {"batch": events}, key=WRITE_KEY).status == 200


def ring(stack: Stack, id: str, after: int) -> None:
    """Put an event for nobody into the agenda, to be rung `after` ms from now."""
    from chalicelib import wiring

    due = stack.now() + after
    wiring.agenda().put(due, id, ring_job(Ring(id=id, profile="p_nobody", due=due, name="Topeka Woken")))


@pytest.fixture
def rung(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Which events were handed to ingest, and at what time of the local clock."""
    from chalicelib import wiring

    ingest, lock = wiring.ingest_events(), threading.Lock()
    seen: list[tuple[str, int]] = []

    def watched(batches: Any) -> Any:
        with lock:
            seen.extend((event.message_id, stack.now()) for batch in batches for event in batch.events)
        return ingest(batches)

    monkeypatch.setattr(wiring, "ingest_events", lambda: watched)
    return seen


def test_settle_returns_when_all_is_drained_and_counts_events(stack: Stack) -> None:
    stack.settle()
    collect(stack, "one", "two")
    collect(stack, "three")
    assert stack.request("POST", "/local/settle").json() == {"settled": True, "events": 3}
    assert stack.request("POST", "/local/settle").json() == {"settled": True, "events": 0}


def test_moving_the_clock_rings_what_comes_due_in_order_and_on_time(
    stack: Stack, rung: list[tuple[str, int]]
) -> None:
    started = stack.now()
    for id, after in (("late", 50 * 24 * HOUR), ("soon", 20 * 60_000), ("middle", 30 * HOUR)):
        ring(stack, id, after)
    assert stack.move_clock(started + 60 * 24 * HOUR)
    assert [id for id, _ in rung] == ["ring-soon", "ring-middle", "ring-late"]
    for (_, at), after in zip(rung, (20 * 60_000, 30 * HOUR, 50 * 24 * HOUR), strict=True):
        assert 0 <= at - started - after < 2_000


def test_what_is_due_later_than_the_target_stays(stack: Stack, rung: list[tuple[str, int]]) -> None:
    ring(stack, "beyond", 3 * HOUR)
    stack.move_clock(stack.now() + 2 * HOUR)
    stack.settle()
    assert rung == []
    stack.move_clock(stack.now() + 2 * HOUR)
    assert [id for id, _ in rung] == ["ring-beyond"]


def test_the_clock_runs_on_from_where_it_was_moved(stack: Stack) -> None:
    before = from_text(stack.request("GET", "/local/clock").json()["now"])
    moved = from_text(stack.request("POST", "/local/clock", {"advance": "2h"}).json()["now"])
    assert before + 2 * HOUR <= moved <= stack.now()
    assert not stack.clock.held


def test_once_events_are_collected_the_clock_only_goes_forward(stack: Stack) -> None:
    collect(stack, "again")
    answer = stack.request("POST", "/local/clock", {"set": "2020-01-01T00:00:00Z"})
    assert (answer.status, answer.json()["error"]["code"]) == (409, "clock-only-forward")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/local/clock", {"advance": "soon"}, 400, "invalid-duration"),
        ("/local/clock", {"set": "tomorrow"}, 400, "invalid-time"),
        ("/local/clock", {"set": "9999-12-31T00:00:00Z"}, 400, "invalid-time"),
        ("/local/clock", {}, 400, "missing-field"),
        ("/local/clock", b"{", 400, "invalid-json"),
        ("/local/clock", b"[" * 100_000, 400, "too-deep"),
        ("/local/feedback", {"delivery": "m_x", "event": "Email Bounced"}, 404, "not-found"),
        (
            "/local/feedback",
            {"delivery": "m_x", "event": "Email Bounced", "type": "Odd"},
            400,
            "invalid-type",
        ),
        ("/local/inbound", {"channel": "fax", "from": "1", "text": "x"}, 400, "unknown-channel"),
        ("/local/inbound", {"channel": "sms", "text": "x"}, 400, "missing-field"),
        ("/local/nothing", {}, 404, "not-found"),
    ],
)
def test_the_local_pages_refuse_in_the_contracts_shape(
    stack: Stack, path: str, body: Any, status: int, code: str
) -> None:
    answer = stack.request("POST", path, body)
    assert (answer.status, answer.json()["error"]["code"]) == (status, code)


def test_the_mailbox_is_a_page_and_a_list(stack: Stack) -> None:
    assert stack.request("GET", "/local/mailbox").headers["content-type"] == "text/html; charset=utf-8"
    answer = stack.request("GET", "/local/mailbox", headers={"accept": "application/json"})
    assert answer.json() == []


def test_the_fixed_keys_work(stack: Stack) -> None:
    assert stack.request("GET", "/v1/switches", key=OPERATOR_KEY).status == 200
    assert stack.request("GET", "/v1/switches", key=WRITE_KEY).status == 403
