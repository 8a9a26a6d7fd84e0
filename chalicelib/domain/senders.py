"""Who a message is from: the playbook's `senders`."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit


def email_sender(senders: Mapping[str, Any], base_url: str) -> str:
    """`Name <address>`; a playbook that names none sends as `no-reply` at the host of `base_url`."""
    return str(senders.get("email") or f"no-reply@{_host(base_url)}")


def contact(senders: Mapping[str, Any]) -> str:
    """The address customers may write to, without its name; "" where the playbook names none."""
    return parseaddr(str(senders.get("email") or ""))[1]


def sms_sender(senders: Mapping[str, Any], phone: str) -> str:
    """Our number in the customer's country; without one there the first that is named, "" if none is."""
    numbers = senders.get("sms")
    if not isinstance(numbers, Mapping) or not numbers:
        return str(numbers or "")
    if len(numbers) == 1:
        return str(next(iter(numbers.values())))
    return str(numbers.get(_country(phone)) or next(iter(numbers.values())))


def _host(url: str) -> str:
    """The host's name; a number is no name, and stands for this machine."""
    host = urlsplit(url).hostname or ""
    return host if host.rpartition(".")[2].isalpha() else "localhost"


def _country(phone: str) -> str:
    import phonenumbers

    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(phone)) or ""
    except phonenumbers.NumberParseException:
        return ""
