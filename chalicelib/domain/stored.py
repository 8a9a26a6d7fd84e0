"""What services and stores hand each other: a conditional write, a page of a listing, a delivery's row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from chalicelib.domain.effects import Effect
from chalicelib.domain.events import Event
from chalicelib.domain.profile import Door


@dataclass(frozen=True, slots=True)
class Write:
    """One conditional put: `door` replaces the item of its id only while that has `expected` as version.

    `expected` "" means the item must be absent. The new version is made by the adapter's caller, for this one
    attempt alone, and already stands in `door.version`. `outbox` are the effects this commit decided, empty
    for none.
    """

    door: Door
    expected: str
    outbox: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A home that a commit relies on though it does not write it: it must still have the `expected` version.

    `expected` "" means it must still be absent.
    """

    id: str
    expected: str


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a listing; `cursor` opens the next part, "" at the end."""

    items: tuple[Any, ...]
    cursor: str = ""


class Quarantined(msgspec.Struct, frozen=True):
    """That a profile has events set aside: how many, the first and the last receipt among them (ms)."""

    profile: str
    events: int
    first: int
    last: int


class SetAside(msgspec.Struct, frozen=True):
    """Events of one profile that were set aside together, in the order of receipt; `id` is theirs together."""

    id: str
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class LakeFile:
    """A file of the lake: its JSON lines, None where they cannot be unpacked.

    `version` changes with its content. `packed` and `form` say how it is stored, for putting it back alike.
    """

    key: str
    version: str
    lines: bytes | None
    packed: bool = False
    form: Mapping[str, Any] = field(default_factory=dict)


class Delivery(msgspec.Struct, omit_defaults=True):
    """One intended contact. `state` changes as `domain/deliveries.py` says.

    `claim` is the nonce of the sender that owns it, `claimed_at` when (ms). `body` is the `Deliver` effect.
    `followed` says of links, by `machines.mark_of`, when they were followed last (ms).
    """

    id: str
    profile: str
    state: str
    at: int
    body: dict[str, Any] = {}
    claim: str = ""
    claimed_at: int = 0
    provider_id: str = ""
    reason: str = ""
    address_hash: str = ""
    followed: dict[str, int] = {}


def pointer_id(provider_id: str) -> str:
    """The id of the row that leads from a provider's message id to the delivery (SNS knows no tags of ours)."""
    return f"sms:{provider_id}"


def pointers_to(rows: Iterable[Delivery]) -> list[str]:
    """The ids of the rows that lead to these deliveries."""
    return [
        pointer_id(row.provider_id) for row in rows if row.provider_id and row.body.get("channel") == "sms"
    ]


class Outgoing(msgspec.Struct, frozen=True):
    """A rendered message on its way out. `kind` is its message's, `others` further addresses of the same customer.

    `mime` is set for e-mail, `text` for SMS, `content` (fields, filled in) for every other channel.
    """

    delivery: str
    message: str
    to: str
    sender: str
    mime: bytes = b""
    text: str = ""
    kind: str = ""
    channel: str = ""
    content: dict[str, Any] = {}
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Commit:
    """One stored version with effects: its place in the stream, when it was written (ms), and the effects.

    `unreadable` is the outbox as it was stored (base64), if nobody can read it.
    """

    sequence: str
    at: int
    effects: tuple[Effect, ...]
    unreadable: str = ""
