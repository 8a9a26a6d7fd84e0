"""Who a message is from: the playbook's `senders`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def email_sender(senders: Mapping[str, Any]) -> str:
    """`Name <address>`, "" if the playbook names none."""
    return str(senders.get("email", ""))


def sms_sender(senders: Mapping[str, Any], phone: str) -> str:
    """Our number in the customer's country; without one there the first that is named, "" if none is."""
    numbers = senders.get("sms")
    if not isinstance(numbers, Mapping) or not numbers:
        return str(numbers or "")
    if len(numbers) == 1:
        return str(next(iter(numbers.values())))
    return str(numbers.get(_country(phone)) or next(iter(numbers.values())))


def _country(phone: str) -> str:
    import phonenumbers

    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(phone)) or ""
    except phonenumbers.NumberParseException:
        return ""
