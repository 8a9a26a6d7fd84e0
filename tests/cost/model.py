"""From what was measured and what AWS asks to dollars: by a million, by a month, and what would change them most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.bench.rows import Row
from tests.cost.measuring import Measured
from tests.cost.prices import Prices, plus, times
from tests.cost.units import GB

MILLION = 1_000_000
MINUTES = 30 * 24 * 60
GZIP = 5
"""How much smaller the lake's lines are as they lie in S3; bench-measured lines of ours shrink by more."""
#: Most dollars for a million of each; an e-mail's is over what SES itself asks.
EVENTS, DECISIONS, EMAILS = 3.0, 7.0, 10.0
IDLE = 1.25
NOISE = 0.05

_INFRA = Path(__file__).parents[2] / "infra"


@dataclass(frozen=True, slots=True)
class Lever:
    """Something that could be done otherwise, and the dollars a month it would take off a million customers' bill."""

    name: str
    saves: float


def rows(found: Measured, prices: Prices) -> list[Row]:
    """The figures with their targets."""
    told = [
        Row(f"a million events, batches of {size} of {people}", MILLION * prices.total(used), "dollars",
            EVENTS if size == 10 else None, by_service(used, prices), NOISE)
        for (size, people), used in found.events.items()
    ]  # fmt: skip
    ours = MILLION * (prices.total(found.email) - prices.total({"ses_emails": found.email["ses_emails"]}))
    beyond, why = idle(found, prices)
    return [
        *told,
        Row("a million inbound decisions", MILLION * prices.total(found.decision), "dollars", DECISIONS,
            by_service(found.decision, prices), NOISE),
        Row("a million e-mails, over the 100 that SES asks", ours, "dollars", EMAILS,
            by_service(found.email, prices), NOISE),
        Row("an idle month beyond storage, alarms and secrets", beyond, "dollars", IDLE, why, NOISE),
    ]  # fmt: skip


def by_service(usage: Mapping[str, float], prices: Prices, factor: float = MILLION) -> str:
    """What each service asks, in words."""
    return ", ".join(
        f"{name} {factor * dollars:.2f}" for name, dollars in prices.by_service(usage).items() if dollars
    )


def idle(found: Measured, prices: Prices) -> tuple[float, str]:
    """Dollars of a month in which nothing happens, and what asks for them: polls of SQS, and the minutes' ticks."""
    polls = prices.total({"sqs_requests": _polled_queues() * _polls(prices)})
    ticks = MINUTES * prices.total(found.minute)
    metrics = prices.total({"metrics": found.idle_metrics})
    why = f"Lambda's polls of {_polled_queues()} queues {polls:.2f}, ticks {ticks:.2f}, metrics {metrics:.2f}"
    return polls + ticks + metrics, why


def _polls(prices: Prices) -> float:
    return float(prices.assumed["pollers"] * MINUTES * 60 / prices.assumed["poll_seconds"])


def month(found: Measured, prices: Prices, customers: int) -> dict[str, float]:
    """Use of a month with so many customers, as `month` in the price list has them."""
    lived = prices.month
    events, decisions, emails = (customers * lived[name] for name in ("events", "decisions", "emails"))
    alone = events * lived["alone"]
    kept = lived["history_months"]
    stored = customers * found.profile_bytes + kept * (
        events * found.event_bytes + decisions * found.decision_bytes
        + emails * (found.delivery_bytes + found.event_bytes + found.decision_bytes)
    )  # fmt: skip
    lake = lived["lake_months"] * (events + 2 * emails + decisions) * found.lake_event_bytes / GZIP
    return plus(
        times(found.events[1, 1], alone),
        times(found.events[10, 3], events - alone),
        times(found.decision, decisions),
        times(found.email, emails),
        fixed(found, prices),
        {"table_gb_months": stored / GB, "backup_gb_months": stored / GB, "s3_gb_months": lake / GB,
         "s3_puts": MINUTES / 5},
    )  # fmt: skip


def fixed(found: Measured, prices: Prices) -> dict[str, float]:
    """What a month costs whether anybody comes or not."""
    return plus(
        times(found.minute, MINUTES),
        {"alarms": _count("AWS::CloudWatch::Alarm"), "secrets": _count("AWS::SecretsManager::Secret"),
         "sqs_requests": _polled_queues() * _polls(prices), "metrics": found.metrics},
    )  # fmt: skip


def levers(found: Measured, prices: Prices, customers: int = MILLION) -> list[Lever]:
    """What could be done otherwise, dearest first, each computed by itself."""
    used = month(found, prices, customers)
    lived = prices.month
    alone = customers * lived["events"] * lived["alone"]
    batched = prices.total(found.events[1, 1]) - prices.total(found.events[10, 1])
    http = used["api_requests"] * (prices.of("api_requests") - 1.00 / MILLION)
    without = prices.total({"write_units": used["write_units"] / 2})
    said = customers * lived["emails"]
    given = [
        Lever(
            "let browsers send their events ten in a request (analytics.js: `batching` delivery)",
            alone * batched,
        ),
        Lever("an HTTP API (1.00 a million) in front instead of a REST API", http),
        Lever("documents and history of half as many write units", without),
        Lever("one e-mail less a customer and month", said / lived["emails"] * prices.total(found.email)),
        Lever(
            "no point-in-time backup of the tables",
            prices.total({"backup_gb_months": used["backup_gb_months"]}),
        ),
        Lever("no log lines of functions", prices.total({"log_gb": used["log_gb"]})),
    ]
    return sorted(given, key=lambda one: -one.saves)


@cache
def _resources() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for layer in ("resources.yaml", "functions.yaml", "alarms.yaml"):
        found += yaml.safe_load((_INFRA / layer).read_text())["Resources"].values()
    return found


def _count(kind: str) -> int:
    return sum(one.get("Type") == kind for one in _resources())


def _polled_queues() -> int:
    sources = [one.get("Properties", {}).get("Events", {}) for one in _resources()]
    return sum(each["Type"] == "SQS" for events in sources for each in events.values())
