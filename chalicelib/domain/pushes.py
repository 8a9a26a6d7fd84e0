"""What a push says, in the forms that SNS hands on to Firebase and to Apple.

Sources: Amazon SNS Developer Guide, "Publishing Amazon SNS notifications with platform-specific payloads" and "Using
Google Firebase Cloud Messaging v1 payloads in Amazon SNS"; Apple, "Generating a remote notification".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.stored import Outgoing

#: A device token of Apple's: bytes in hexadecimal, 32 of them or more. Firebase's tokens hold other characters.
_APPLE = re.compile(r"(?:[0-9a-fA-F]{2}){32,}")


def is_apples(token: str) -> bool:
    """Whether a device token has the form of Apple's push service."""
    return _APPLE.fullmatch(token) is not None


def message_of(outgoing: Outgoing) -> str:
    """A message for SNS's `MessageStructure` json: each platform's own payload as text, by its name."""
    content = outgoing.content
    title, body = str(content.get("title", "")), str(content.get("body", ""))
    link = {"link": str(content["link"])} if content.get("link") else {}
    data = {**link, "delivery": outgoing.delivery, "message": outgoing.message}
    firebase = {"message": {"notification": {"title": title, "body": body}, "data": data}}
    apple = {"aps": {"alert": {"title": title, "body": body}, "sound": "default"}, **data}
    payloads: Mapping[str, Any] = {"GCM": {"fcmV1Message": firebase}, "APNS": apple, "APNS_SANDBOX": apple}
    written = {name: json.dumps(each, ensure_ascii=False) for name, each in payloads.items()}
    return json.dumps({"default": body or title, **written}, ensure_ascii=False)
