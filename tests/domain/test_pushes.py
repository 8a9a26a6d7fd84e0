"""A push in the form of each platform."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.domain.pushes import is_apples, message_of
from chalicelib.domain.stored import Outgoing


def payloads(**content: Any) -> dict[str, Any]:
    message = json.loads(
        message_of(Outgoing("m_1", "rain", "token", "Shop", channel="push", content=content))
    )
    return {name: text if name == "default" else json.loads(text) for name, text in message.items()}


def test_each_platform_is_told_title_body_link_and_delivery() -> None:
    told = payloads(title="Rain", body="Dry?", link="https://crm.example.com/c/1")
    data = {"link": "https://crm.example.com/c/1", "delivery": "m_1", "message": "rain"}
    alert = {"title": "Rain", "body": "Dry?"}
    apple = {"aps": {"alert": alert, "sound": "default"}, **data}
    assert told == {
        "default": "Dry?",
        "GCM": {"fcmV1Message": {"message": {"notification": alert, "data": data}}},
        "APNS": apple,
        "APNS_SANDBOX": apple,
    }


def test_a_push_without_a_link_has_none() -> None:
    told = payloads(title="Rain", body="Dry?")
    assert "link" not in told["APNS"] and "link" not in told["GCM"]["fcmV1Message"]["message"]["data"]


@pytest.mark.parametrize(
    ("token", "apples"),
    [("0A" * 32, True), ("ab" * 80, True), ("0a" * 31, False), ("fcm:APA91b_x-y", False), ("", False)],
)
def test_apples_tokens_are_bytes_in_hexadecimal(token: str, apples: bool) -> None:
    assert is_apples(token) is apples
