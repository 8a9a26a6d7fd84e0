"""The mailbox: every message sent, read the way its receiver's program would read it."""

from __future__ import annotations

import email
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from chalicelib.domain.instants import to_text
from infra.local.post import Sent, delivery_of


def letter(sent: Sent) -> dict[str, Any]:
    """One message: `{"channel","to","subject","text","html","headers","delivery","at"}`, texts decoded."""
    taken = sent.taken
    return {
        "channel": taken.channel,
        "to": taken.to,
        **(
            _opened(taken.mime)
            if taken.mime
            else {"subject": taken.subject, "text": taken.text, "html": "", "headers": {}}
        ),
        "delivery": delivery_of(taken),
        "at": to_text(sent.at),
    }


def _opened(mime: bytes) -> dict[str, Any]:
    message = email.message_from_bytes(mime, policy=default)
    return {
        "subject": str(message.get("Subject", "")),
        "text": _part(message, "plain"),
        "html": _part(message, "html"),
        "headers": {name: str(value) for name, value in message.items()},
    }


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return "" if part is None else str(part.get_content()).replace("\r\n", "\n")


def page(letters: list[dict[str, Any]], now: int) -> str:
    """The mailbox as HTML, newest first."""
    from jinja2 import Environment, FileSystemLoader

    templates = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
    return templates.get_template("mailbox.html").render(letters=letters[::-1], now=to_text(now))
