"""Machines that open e-mails and follow links, told from people."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.machines import BURST, EARLY, is_burst, is_early, mark_of, tell_of, visit_of

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "machine_cases.json").read_text())
SHOP, TERMS, LEAVE = mark_of("shop"), mark_of("terms"), mark_of("/u")
NOON = 1_790_000_000_000


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_a_visit_says_of_itself(case: dict[str, Any]) -> None:
    headers = {
        "user-agent": case.get("agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko"),
        **case.get("headers", {}),
    }
    visit = visit_of(case.get("method", "GET"), headers)
    assert (tell_of(visit, opens=True), tell_of(visit, opens=False)) == (case["opens"], case["clicks"])


def test_a_name_of_any_length_is_read_in_no_time() -> None:
    started = time.perf_counter()
    tell_of(visit_of("GET", {"user-agent": "x" * 1_000_000}), opens=False)
    assert time.perf_counter() - started < 1


def test_early_is_within_seconds_of_the_sending() -> None:
    assert is_early(NOON + EARLY - 1, NOON)
    assert not is_early(NOON + EARLY, NOON)
    assert not is_early(NOON, 0)


@pytest.mark.parametrize(
    ("name", "mark", "followed", "burst"),
    [
        ("one link, once or again", SHOP, {SHOP: 0}, False),
        ("another link just after", SHOP, {SHOP: 0, TERMS: BURST}, True),
        ("another link just before", SHOP, {SHOP: 0, TERMS: -BURST}, True),
        ("a person's second link", SHOP, {SHOP: 0, TERMS: BURST + 1}, False),
        ("a head of the same link before", SHOP, {SHOP: 0, mark_of("shop", "HEAD"): -50}, True),
        ("the link to leave beside it", SHOP, {SHOP: 0, LEAVE: 40}, True),
        ("an open alone", "", {}, False),
        ("an open and the click it led to", "", {SHOP: BURST}, False),
        ("an open among links that are followed", "", {SHOP: -40, TERMS: 40}, True),
        ("an open long after them", "", {SHOP: -9_000, TERMS: -8_000}, False),
    ],
    ids=lambda one: one if isinstance(one, str) and " " in one else "",
)
def test_a_burst_is_different_links_at_once(
    name: str, mark: str, followed: dict[str, int], burst: bool
) -> None:
    assert is_burst(NOON, {one: NOON + when for one, when in followed.items()}, mark) is burst, name
