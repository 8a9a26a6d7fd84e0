"""Stores and queues are made once, from settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib import settings, wiring

STORES: dict[str, Callable[[], Any]] = {
    "profiles": wiring.profiles,
    "timeline": wiring.timeline,
    "deliveries": wiring.deliveries,
    "agenda": wiring.agenda,
    "groups": wiring.groups,
    "playbooks": wiring.playbooks,
    "stops": wiring.stops,
    "tallies": wiring.tallies,
    "rejected": wiring.rejected,
    "quarantine": wiring.quarantine,
    "keys": wiring.keys,
}
QUEUES: dict[str, Callable[[], Any]] = {
    "events": wiring.event_queue,
    "deliveries": wiring.delivery_queue,
    "jobs": wiring.job_queue,
}
CACHES: list[Any] = [
    settings.load,
    wiring.client,
    wiring.lake,
    wiring.sms_sender,
    *STORES.values(),
    *QUEUES.values(),
]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    _forget()
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-2")
    monkeypatch.setenv("TOPEKA_PREFIX", "topeka-try")
    for name in QUEUES:
        monkeypatch.setenv(f"TOPEKA_{name.upper()}_QUEUE", f"https://sqs/{name}")
    yield
    _forget()


def _forget() -> None:
    for cached in CACHES:
        cached.cache_clear()


@pytest.mark.parametrize(("table", "factory"), STORES.items(), ids=STORES)
def test_a_store_has_the_stages_own_table(table: str, factory: Callable[[], Any]) -> None:
    assert factory()._table.name == f"topeka-try-{table}"
    assert factory() is factory()


@pytest.mark.parametrize(("queue", "factory"), QUEUES.items(), ids=QUEUES)
def test_a_queue_is_the_one_settings_name(queue: str, factory: Callable[[], Any]) -> None:
    assert factory()._url == f"https://sqs/{queue}"


def test_all_stores_share_one_client() -> None:
    assert len({id(factory()._table.client) for factory in STORES.values()}) == 1


def test_without_a_stream_nothing_is_kept_for_analytics(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPEKA_LAKE_STREAM", "")
    wiring.lake().put("event", [{"id": 1}])


def test_with_a_stream_the_lake_is_firehose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPEKA_LAKE_STREAM", "topeka-try-lake")
    assert wiring.lake()._stream == "topeka-try-lake"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("setting", "carrier"),
    [("", "SnsSms"), ("sns", "SnsSms"), ("end-user-messaging", "EndUserMessagingSms")],
)
def test_settings_say_who_carries_sms(monkeypatch: pytest.MonkeyPatch, setting: str, carrier: str) -> None:
    monkeypatch.setenv("TOPEKA_SMS", setting)
    assert type(wiring.sms_sender()).__name__ == carrier


def test_a_carrier_nobody_knows_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPEKA_SMS", "pigeon")
    with pytest.raises(ValueError, match="TOPEKA_SMS is 'pigeon'; set one of sns, end-user-messaging"):
        settings.load()
