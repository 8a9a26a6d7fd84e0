"""Who an SMS may be from."""

from __future__ import annotations

import pytest

from chalicelib.domain.playbook.addresses import number_fault


@pytest.mark.parametrize(
    "sender", ["+17855550100", "+4915112345678", "12345", "1234567", "YourShop", "4You", "Shop24", "A" * 11]
)
def test_a_number_a_short_code_or_a_name_is_a_sender(sender: str) -> None:
    assert number_fault(sender) == ""


@pytest.mark.parametrize(
    "sender",
    [
        "",
        "7855550100",
        "123",
        "12345678901",
        "Your Shop",
        "A" * 12,
        "Größe",
        "+1",
        "Shop!",
        "+Shop",
        "\uff11\uff12\uff13\uff14",
    ],
)
def test_anything_else_is_none(sender: str) -> None:
    assert number_fault(sender).startswith("A sender of SMS is a number with its country code")
