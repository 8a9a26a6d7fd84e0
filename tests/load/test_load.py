"""The load finds what is lost and doubled; a short one passes, at a stack of its own and at one elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from infra.local.stack import OPERATOR_KEY, WRITE_KEY, Stack
from tests.bench.rows import Row
from tests.load import __main__ as load
from tests.load.driving import Figures
from tests.load.endpoint import Endpoint, from_environment
from tests.load.truth import OFFER, RECEIPT, Found, Truth, at_the_mailbox, in_profiles


@pytest.fixture
def truth() -> Truth:
    truth = Truth()
    truth.acknowledge([("ann", "Product Viewed"), ("ann", "Product Viewed"), ("ann", "Order Completed")])
    truth.acknowledge([("ann", "Product Viewed")], surely=False)
    return truth


def counted(truth: Truth, views: int, orders: int = 1) -> tuple[int, int]:
    found = Found()
    in_profiles(truth, {"ann": {"Product Viewed": views, "Order Completed": orders}}, found)
    return found.lost, found.doubled


def test_events_are_counted_in_profiles(truth: Truth) -> None:
    assert counted(truth, 2) == counted(truth, 3) == (0, 0)  # of one nobody knows
    assert counted(truth, 1) == (1, 0)
    assert counted(truth, 4) == (0, 1)
    assert counted(truth, 2, orders=0) == (1, 0)


def mails(*subjects: str) -> Found:
    truth, found = Truth(), Found()
    truth.acknowledge([("ann", "Order Completed")])
    at_the_mailbox(truth, [{"to": "ann@example.com", "subject": each} for each in subjects], found)
    return found


def test_messages_are_counted_at_the_mailbox() -> None:
    def counts(found: Found) -> tuple[int, int]:
        return found.messages_lost, found.messages_doubled

    assert counts(mails(RECEIPT)) == counts(mails(RECEIPT, OFFER)) == (0, 0)
    assert counts(mails(OFFER)) == (1, 0)
    assert counts(mails(RECEIPT, RECEIPT)) == (0, 1)
    assert counts(mails(RECEIPT, OFFER, OFFER)) == (0, 1)


def test_memory_that_grows_ever_faster_is_missed() -> None:
    steady, growing = ([200, 260, 320, 320], [200, 260, 420, 420])
    local = Endpoint("http://127.0.0.1:1", "w", "o", 1)
    assert load._kept(local, steady, Figures(events=100))[0].met
    assert not load._kept(local, growing, Figures(events=100))[0].met


def test_an_endpoint_needs_its_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    assert from_environment() is None
    monkeypatch.setenv("ENDPOINT", "https://stage.example.com/api/")
    with pytest.raises(SystemExit, match="WRITE_KEY and OPERATOR_KEY must be set"):
        from_environment()
    monkeypatch.setenv("WRITE_KEY", "w")
    monkeypatch.setenv("OPERATOR_KEY", "o")
    endpoint = from_environment()
    assert endpoint == Endpoint("https://stage.example.com/api", "w", "o")
    assert endpoint.path("/v1/batch") == "/api/v1/batch"


@pytest.fixture(scope="module")
def endpoint() -> Any:
    with Stack(port=0) as stack:
        yield Endpoint(stack.base_url, WRITE_KEY, OPERATOR_KEY, process=1)


numbers = count(1)
Short = Callable[[Endpoint], dict[str, Row]]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Short:
    monkeypatch.setattr(load, "resident_mb", lambda process: 100.0 if process else 0.0)

    def run(endpoint: Endpoint) -> dict[str, Row]:
        rows, _, _ = load.measured(
            endpoint, minutes=0.05, workers=3, seed=1, run=f"run{next(numbers)}", most=400, customers=20
        )
        return {row.name: row for row in rows}

    return run


def test_a_short_load_of_a_sound_stack_passes(endpoint: Endpoint, short: Short) -> None:
    rows = short(endpoint)
    assert [name for name, row in rows.items() if not row.met] == []
    assert rows["events a second"].figure > 0


def test_the_same_as_at_a_stage_elsewhere_whose_customers_are_erased_again(
    endpoint: Endpoint, short: Short, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUBLISH", "1")
    monkeypatch.setenv("CLEAN", "1")
    settle = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: endpoint.ask("POST", "/local/settle"))
    monkeypatch.setattr(load, "time", settle)
    rows = short(replace(endpoint, process=0))
    assert [name for name, row in rows.items() if not row.met] == []
    assert "memory kept an event" not in rows
    assert endpoint.get("/v1/profiles/user:run2-0001") is None


def test_a_broken_build_that_forgets_what_it_folded_is_caught(
    endpoint: Endpoint, short: Short, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chalicelib.domain import facts
    from chalicelib.services import work_circle

    monkeypatch.setattr(work_circle, "knows", lambda _seen, _event: False)
    monkeypatch.setattr(facts, "knows", lambda _seen, _event: False)
    monkeypatch.setattr("tests.load.driving.AGAIN", 0.5)
    assert not short(endpoint)["events doubled"].met
