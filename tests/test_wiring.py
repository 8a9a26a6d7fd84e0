"""Stores and queues are made once, from settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib import settings, wiring
from chalicelib.domain.keys import Secrets
from tests.fakes import FakeStops

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
SENDERS: list[Any] = [
    wiring.email_sender,
    wiring.sms_sender,
    wiring.push_sender,
    wiring.webhook_sender,
    wiring.mail,
]
CACHES: list[Any] = [
    settings.load,
    wiring.client,
    wiring.secrets,
    wiring.lake,
    *SENDERS,
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


@pytest.mark.parametrize(
    ("set_up", "carriers"),
    [
        ({}, {"email", "sms", "webhook"}),
        ({"TOPEKA_PUSH_FIREBASE": "arn:fcm"}, {"email", "sms", "webhook", "push"}),
        ({"TOPEKA_PUSH_APPLE": "arn:apns"}, {"email", "sms", "webhook", "push"}),
        ({"TOPEKA_LAKE_BUCKET": "bucket"}, {"email", "sms", "webhook", "mail"}),
    ],
)
def test_a_channel_is_carried_where_settings_name_what_it_needs(
    set_up: dict[str, str], carriers: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in set_up.items():
        monkeypatch.setenv(name, value)
    assert set(wiring.carriers()) == set(wiring.senders()) == carriers
    assert len(wiring.senders()) == len(carriers)


def test_every_carrier_has_a_sender_and_one_that_is_off_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPEKA_PUSH_FIREBASE", "arn:fcm")
    monkeypatch.setenv("TOPEKA_SECRET", "secret")
    for carrier in wiring.senders():
        assert callable(wiring.senders()[carrier].send)
    assert "mail" not in wiring.senders()


def test_a_dead_devices_token_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    stops, secrets = FakeStops(), Secrets(b"s", b"d")
    monkeypatch.setenv("TOPEKA_PUSH_FIREBASE", "arn:fcm")
    monkeypatch.setattr(wiring, "stops", lambda: stops)
    monkeypatch.setattr(wiring, "secrets", lambda: secrets)
    wiring.push_sender()._forget("token-1")  # type: ignore[attr-defined]
    hash = secrets.stop_hash("device", "token-1")
    assert stops.among([hash]) == {hash: "dead-device"}
