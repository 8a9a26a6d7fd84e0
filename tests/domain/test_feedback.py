"""Providers' notifications, read into one shape and into events."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.deliveries import TOLD
from chalicelib.domain.errors import Malformed
from chalicelib.domain.feedback import Notice, event_of, notices_of

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "feedback_cases.json").read_text())
BOUNCE = next(case["payload"] for case in CASES if case["name"] == "permanent bounce")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_notification_is_read(case: dict[str, Any]) -> None:
    notices = notices_of(case["payload"])
    told = [
        {name: getattr(notice, name) for name in wanted}
        for notice, wanted in zip(notices, case["notices"], strict=True)
    ]
    assert told == case["notices"]


def test_a_copy_of_a_notification_has_the_same_key() -> None:
    assert notices_of(BOUNCE)[0].key == notices_of(json.loads(json.dumps(BOUNCE)))[0].key


def test_different_notifications_of_one_message_have_different_keys() -> None:
    keys = [notice.key for case in CASES for notice in notices_of(case["payload"])]
    assert len(keys) == len(set(keys))


def test_each_address_of_a_bounce_is_a_notice_of_its_own() -> None:
    two = [{"emailAddress": "a@example.com"}, {"emailAddress": "b@example.com"}]
    payload = {**BOUNCE, "bounce": {**BOUNCE["bounce"], "bouncedRecipients": two}}
    assert [notice.address for notice in notices_of(payload)] == ["a@example.com", "b@example.com"]


MAIL = {"timestamp": "2026-07-01T15:00:00Z", "messageId": "1", "tags": {"delivery": ["m_1"]}}


@pytest.mark.parametrize(
    "payload",
    [
        {"eventType": "Bounce", "mail": {"timestamp": "2026-07-01T15:00:00Z"}},
        {"eventType": "Bounce", "mail": None},
        {"eventType": "Send", "mail": {**MAIL, "timestamp": None}},
        {"eventType": "Send", "mail": {**MAIL, "timestamp": "yesterday"}},
        {"eventType": "Send", "mail": {**MAIL, "messageId": {}}},
        {"eventType": "Send", "mail": {**MAIL, "tags": {"delivery": [{}]}}},
        {"eventType": "Send", "mail": {**MAIL, "destination": [7]}},
        {"eventType": "TEXT_SENT"},
        {"eventType": "TEXT_SENT", "messageId": "1", "eventTimestamp": "now"},
        {"notification": {}, "delivery": {}, "status": "SUCCESS"},
    ],
)
def test_a_known_kind_that_lacks_something_is_malformed(payload: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        notices_of(payload)


def test_a_row_never_moves_back() -> None:
    order = ["claimed", "unknown", "sent", "delivered", "bounced", "complained"]
    for to, change in TOLD.items():
        froms = change["come_from"]
        assert all(order.index(state) < order.index(to) or state == "unknown" for state in froms)


def test_every_state_a_notification_leads_to_has_its_change() -> None:
    told = {notice.row for case in CASES for notice in notices_of(case["payload"])} - {""}
    assert told == set(TOLD)


def test_an_event_is_addressed_to_the_profile_and_never_in_the_future() -> None:
    (notice,) = notices_of(BOUNCE)
    body = {"decision": "d_1", "message": "umbrella", "variant": "plain"}
    event = event_of(notice, delivery="m_1", profile="p_1", body=body, address_hash="h", now=notice.at - 5)
    assert (event.message_id, event.event, event.profile) == (notice.key, "Email Bounced", "p_1")
    assert (event.timestamp, event.origin, event.proven) == (notice.at - 5, "topeka", True)
    assert event.properties == {
        "delivery": "m_1", "decision": "d_1", "message": "umbrella", "variant": "plain", "channel": "email",
        "type": "Permanent", "reason": "General", "address": "ada@example.com", "address_hash": "h",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "type", "stops"),
    [
        ("bounced", "Permanent", "bounced"),
        ("bounced", "Transient", ""),
        ("bounced", "Undetermined", ""),
        ("bounced", "Rejected", ""),
        ("complained", "", "complained"),
        ("delivered", "", ""),
    ],
)
def test_only_what_is_final_stops_an_address(row: str, type: str, stops: str) -> None:
    assert Notice("k", "x", row, 0, "email", "id", type=type).stops == stops


BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.mark.parametrize(
    ("kind", "agent", "machine"),
    [
        ("Open", BROWSER, False),
        ("Open", "Mozilla/5.0", True),
        ("Open", "", False),
        ("Click", BROWSER, False),
        ("Click", "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", True),
        ("Delivery", "Mozilla/5.0", False),
    ],
)
def test_an_open_or_a_click_says_whether_a_machine_did_it(kind: str, agent: str, machine: bool) -> None:
    """Where SES's own tracking is on, its event names what opened or clicked."""
    detail = {
        "timestamp": "2026-07-01T15:00:02.000Z",
        "userAgent": agent,
        "link": "https://shop.example.com/",
    }
    payload = {"eventType": kind, "mail": BOUNCE["mail"], kind.lower(): detail}
    (notice,) = notices_of(payload)
    event = event_of(notice, delivery="m_1", profile="p_1", body={}, address_hash="", now=1 << 50)
    assert event.by_machine is machine
