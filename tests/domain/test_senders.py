"""Who a message is from."""

from __future__ import annotations

import pytest

from chalicelib.domain.senders import contact, email_sender, sms_sender

SENDERS = {"email": "Shop <hello@shop.example.com>", "sms": {"US": "+17855550100", "DE": "Shop"}}


@pytest.mark.parametrize(
    ("senders", "phone", "number"),
    [
        (SENDERS, "+17855550123", "+17855550100"),
        (SENDERS, "+4915112345678", "Shop"),
        (SENDERS, "+33612345678", "+17855550100"),
        (SENDERS, "nonsense", "+17855550100"),
        ({"sms": {"US": "+1"}}, "+4915112345678", "+1"),
        ({}, "+17855550123", ""),
    ],
)
def test_an_sms_comes_from_our_number_in_the_customers_country(
    senders: dict[str, object], phone: str, number: str
) -> None:
    assert sms_sender(senders, phone) == number


def test_an_e_mail_comes_from_the_playbooks_sender() -> None:
    assert email_sender(SENDERS, "https://crm.example.com") == "Shop <hello@shop.example.com>"


@pytest.mark.parametrize(
    ("base_url", "sender"),
    [
        ("https://crm.example.com/api", "no-reply@crm.example.com"),
        ("http://127.0.0.1:8000", "no-reply@localhost"),
        ("http://localhost:8000", "no-reply@localhost"),
        ("", "no-reply@localhost"),
    ],
)
def test_without_one_it_comes_from_our_own_host(base_url: str, sender: str) -> None:
    assert email_sender({}, base_url) == sender


@pytest.mark.parametrize(
    ("senders", "address"),
    [(SENDERS, "hello@shop.example.com"), ({"email": "a@b.example"}, "a@b.example"), ({}, "")],
)
def test_customers_may_write_to_the_playbooks_sender(senders: dict[str, object], address: str) -> None:
    assert contact(senders) == address
