"""Calls to AWS: for a lone event, a large batch, and a decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from chalicelib.domain.events import Event, EventBatch
from chalicelib.domain.identifiers import Identifier
from tests.bench.aws import counted_stack
from tests.bench.rows import Row

PLAYBOOK = b"""
playbook: 1
name: bench
topics: {offers: {label: Offers, default: assume}}
placements: {web.home: {channel: web}}
messages:
  umbrella: {kind: offer, topic: offers, placements: [web.home], value: 3, variants: {v: {web: {headline: Dry}}}}
"""


def run() -> Sequence[Row]:
    """Counts, the same on every machine."""
    with counted_stack() as (stack, calls):
        assert stack.request("PUT", "/v1/playbook", PLAYBOOK, key="local-operator-key").status == 200
        stack.settle()
        return [*_lone(stack.now(), calls), *_batch(stack.now(), calls), *_decide(calls)]


def _event(number: int, now: int, **ids: str) -> Event:
    return Event(f"bench-{number}", "track", now, now, event="Product Viewed", user_id=ids.get("user"),
                 anonymous_id=ids.get("anonymous"), properties={"price": 9.5, "category": "hats"})  # fmt: skip


def _ingest(calls: Counter[str], *events: Event) -> Counter[str]:
    from chalicelib import wiring

    wiring.live_rules().current()  # which playbook is live is looked up once in ten seconds,
    wiring.live_learned().current()  # and so is which snapshot
    calls.clear()
    outcome = wiring.ingest_events()([EventBatch(events=events)])
    assert outcome.folded == len(events)
    return Counter(calls)


def _lone(now: int, calls: Counter[str]) -> list[Row]:
    _ingest(calls, _event(1, now, user="lone", anonymous="lone-a"))
    at_home = _ingest(calls, _event(2, now, user="lone", anonymous="lone-a"))
    behind = _ingest(calls, _event(3, now, anonymous="lone-a"))
    return [
        Row("a lone event of a known customer", at_home.total(), "calls", 4, _spelled(at_home)),
        Row("a lone event behind a door that forwards", behind.total(), "calls", 5, _spelled(behind)),
    ]


def _batch(now: int, calls: Counter[str]) -> list[Row]:
    _ingest(calls, *[_event(100 + n, now, user=f"u{n}") for n in range(300)])
    made = _ingest(calls, *[_event(1000 + n, now, user=f"u{n % 300}") for n in range(1000)])
    return [
        Row(
            "a batch of 1,000 events of 300 customers, per event",
            made.total() / 1000,
            "calls",
            0.5,
            _spelled(made),
        )
    ]


def _decide(calls: Counter[str]) -> list[Row]:
    from chalicelib import wiring
    from chalicelib.services.decide_moment import Question

    rows = []
    wiring.live_rules().current()  # which playbook is live is looked up once in ten seconds,
    wiring.live_learned().current()  # and so is which snapshot
    for name, identifier, most in (
        ("a decision for a customer at home", Identifier("user", "lone"), 2),
        ("a decision behind a door that forwards", Identifier("anonymous", "lone-a"), 3),
    ):
        calls.clear()
        wiring.decide_moment()(Question((identifier,), "web.home", {}, proven=True))
        rows.append(Row(name, calls.total(), "calls", most, _spelled(calls)))
    return rows


def _spelled(calls: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(calls.items()))
