"""The bench's parts over a whole stack find a build that is broken on purpose."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.domain import facts
from chalicelib.domain.playbook.kept import keep
from chalicelib.domain.playbook.parsing import parse
from tests.bench import big_playbooks, identities, publishing, throughput


def test_reads_made_three_times_are_too_many_to_find_customers(read_more: Callable[[int], None]) -> None:
    read_more(2)
    missed = {row.name for row in identities.run() if not row.met}
    assert {
        "1,000 events of 300 customers, by user and device, reads",
        "a merge of such a visitor, other calls",
    } <= missed


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "EVENTS", 100)
    monkeypatch.setattr(throughput, "CUSTOMERS", 30)


@pytest.mark.usefixtures("small")
def test_a_build_that_takes_long_over_an_event_is_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    count = facts._count

    def slow(*of: Any) -> None:
        time.sleep(0.05)
        count(*of)

    monkeypatch.setattr(facts, "_count", slow)
    took, _ = throughput.run()
    assert not took.met


@pytest.mark.usefixtures("small")
def test_a_build_that_loses_an_event_is_no_throughput(monkeypatch: pytest.MonkeyPatch) -> None:
    count = facts._count
    monkeypatch.setattr(
        facts, "_count", lambda of, event: None if event.message_id == "t-77" else count(of, event)
    )
    with pytest.raises(AssertionError, match="99 of 100 events"):
        throughput.run()


def test_rules_that_are_heavy_to_load_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    playbook, faults, *_ = parse(big_playbooks.text_of(20))
    assert playbook is not None, faults
    kept = keep(playbook)
    monkeypatch.setattr(publishing, "MESSAGES", 20)
    monkeypatch.setattr(publishing, "ROUNDS", 1)
    assert publishing.loading(kept).met
    heavy = publishing.LOADING.replace("imported =", "sum(range(40_000_000))\nimported =")
    monkeypatch.setattr(publishing, "LOADING", heavy)
    assert not publishing.loading(kept).met
