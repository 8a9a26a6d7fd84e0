"""What customers answer by SMS: STOP, START and HELP, in English and in the playbook's own words.

Sources: AWS End User Messaging SMS, two-way messages (payload) and opt-out keywords; CTIA Messaging
Principles and Best Practices 5.1.3 (the words every programme must know).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chalicelib.domain.events import Event
from chalicelib.domain.permissions import REPLY

Wish = Literal["stop", "start", "help", ""]

STOP = frozenset(
    {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "opt out", "revoke", "remove"}
)
START = frozenset({"start", "unstop", "yes", "subscribe"})
HELP = frozenset({"help", "info"})


@dataclass(frozen=True, slots=True)
class Reply:
    """An SMS from a customer. `id` is the provider's; `ours` the number it was sent to."""

    id: str
    phone: str
    ours: str
    text: str


def reply_of(payload: Mapping[str, Any]) -> Reply | None:
    """The SMS in a two-way notification, None if it is something else."""
    if "originationNumber" not in payload or "messageBody" not in payload:
        return None
    return Reply(
        id=str(payload.get("inboundMessageId") or ""),
        phone=str(payload["originationNumber"]),
        ours=str(payload.get("destinationNumber") or ""),
        text=str(payload["messageBody"]),
    )


def wish_of(text: str, stop_words: Mapping[str, Iterable[str]]) -> Wish:
    """What the customer asks for. `Stop texting me!` is a STOP too: doubt is settled against sending."""
    said = " ".join("".join(c if c.isalnum() else " " for c in text.casefold().replace("-", "")).split())
    own = {word.casefold() for words in stop_words.values() for word in words}
    if said in STOP or said in own or said.partition(" ")[0] in {"stop", "stopall", "unsubscribe"}:
        return "stop"
    if said in START:
        return "start"
    return "help" if said in HELP else ""


def event_of(reply: Reply, wish: Literal["stop", "start"], now: int) -> Event:
    """The event a STOP or START becomes. It finds its customer by the phone it came from, which that proves.

    STOP denies the channel for every topic; START takes the denial back. The address itself is not stopped.
    """
    source = {"channel": "sms", "topic": "*", "source": REPLY}
    return Event(
        message_id=f"sms-in-{reply.id or f'{reply.phone}-{now}'}",
        type="track",
        event="Unsubscribed" if wish == "stop" else "Topeka Permission Set",
        timestamp=now,
        received_at=now,
        properties=source if wish == "stop" else {**source, "state": "granted"},
        context={"traits": {"phone": reply.phone}},
        origin="topeka",
        proven=True,
    )


def help_text(name: str) -> str:
    """The answer to HELP: who is writing, and how to stop and start."""
    return f"{name}: reply STOP to get no more messages, START to get them again."
