"""What each provider is handed of a message that is filled in."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.effects import Deliver
from chalicelib.domain.outgoing import Filled, outgoing_of
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.stored import Outgoing

BOOK = Playbook(
    "Umbrella Shop", senders={"email": "Shop <hello@shop.example.com>", "sms": {"US": "+17855550100"}}
)


def made(channel: str, content: dict[str, Any], *to: str) -> Outgoing | None:
    effect = Deliver("m_1", "p_1", "rain", "plain", channel, "offer", "d_1", 0)
    links = {"unsubscribe": "https://crm.example.com/u/1"}
    return outgoing_of(
        Filled(effect, BOOK, content, links, to, "https://crm.example.com/o/1", "https://x", 0)
    )


@pytest.mark.parametrize("channel", ["push", "mail", "webhook.messenger"])
def test_a_channel_without_a_form_of_its_own_is_handed_the_content_as_it_is(channel: str) -> None:
    content = {"title": "Rain", "facts": {"mm": 12}}
    assert made(channel, content, "one", "two") == Outgoing(
        "m_1", "rain", "one", "Umbrella Shop", kind="offer", channel=channel, content=content, others=("two",)
    )


def test_an_sms_is_text_and_an_e_mail_is_mime() -> None:
    sms = made("sms", {"text": "Rain"}, "+17855550123")
    assert sms == Outgoing(
        "m_1", "rain", "+17855550123", "+17855550100", text="Rain", kind="offer", channel="sms"
    )
    mail = made("email", {"subject": "Rain", "text": "Rain"}, "ann@example.com")
    assert mail is not None and b"List-Unsubscribe: <https://crm.example.com/u/1>" in mail.mime


def test_nobody_carries_the_inbox() -> None:
    assert made("inbox", {"headline": "Rain"}) is None
