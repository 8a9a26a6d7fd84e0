"""Addresses in a playbook: where links lead, who sends. Scheme and host are always literal."""

from __future__ import annotations

import re

_URL = re.compile(r"(https?)://([^/?#\s]*)([^\s]*)")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?")
_SENDER = re.compile(r"[^<>@\s]+@[^<>@\s]+\.[^<>@\s]+")
_SHORT_CODE = re.compile(r"[0-9]{4,7}", re.ASCII)
_SENDER_ID = re.compile(r"(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,11}", re.ASCII)
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")


def url_fault(text: str) -> str:
    """What is wrong with a link's address; "" if nothing is."""
    found = _URL.fullmatch(re.sub(r"\{\{[^{}]*\}\}", "{{}}", text))
    if found is None:
        return "A link is an address that begins with https:// (or http://) and has no spaces."
    if "{" in found[2] or "%" in found[2]:
        return "The scheme and host of a link are fixed text; templates may stand only after the host."
    if not _HOST.fullmatch(found[2]) or ".." in found[2]:
        return f"`{found[2]}` is no host name; write an address such as https://shop.example.com/hats."
    return ""


def sender_fault(text: str) -> str:
    """What is wrong with an e-mail sender; "" if nothing is."""
    address = text.strip()
    if address.endswith(">"):
        address = address[address.rfind("<") + 1 : -1]
    if _SENDER.fullmatch(address) and "\n" not in text and "\r" not in text:
        return ""
    return 'A sender is an address with or without a name, such as "Shop <hello@shop.example.com>".'


def number_fault(text: str) -> str:
    """What is wrong with an SMS sender; "" if nothing is.

    Amazon SNS Developer Guide, "Origination identities": long codes, short codes of four to seven digits, and
    sender ids, which are up to 11 letters and digits, a letter among them.
    """
    if _NUMBER.fullmatch(text) or _SHORT_CODE.fullmatch(text) or _SENDER_ID.fullmatch(text):
        return ""
    return (
        'A sender of SMS is a number with its country code, such as "+17855550100", a short code, '
        'or a name of up to 11 letters and digits, such as "YourShop".'
    )
