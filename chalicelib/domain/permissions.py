"""What a customer has said about being contacted: statements by channel and topic, and what they amount to.

Statements are folded into slots: per `channel/topic` (either may be `*`) and per state, proven apart from
unproven, the latest (time, message id). So no order, repetition or join changes the answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from chalicelib.domain.events import PERMISSION_SET, Event
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.profile import Facts, Permission, PermissionState

State = Literal["granted", "denied", "pending", "never"]
Statements = Mapping[str, Mapping[str, Permission]]

#: Channels on which we go to the customer: e-mail, SMS, push, direct mail and every webhook.
GOING_TO_THEM = frozenset({"email", "sms", "push", "mail"})
#: The trait that holds the address of a channel.
ADDRESS_TRAITS = {"email": "email", "sms": "phone"}
LONGEST_NAME = 64
#: The source of what a customer said by answering a message.
REPLY = "reply"
_CLIENT_STATES: dict[str, PermissionState] = {"Permission Granted": "granted", "Permission Denied": "denied"}


def goes_to_them(channel: str) -> bool:
    """Whether the channel goes to the customer (permission needed) or the customer comes to us."""
    return channel in GOING_TO_THEM or channel.startswith("webhook.")


def fold(facts: Facts, event: Event) -> None:
    """Take an event's statement about a permission, if it makes one, into the facts, in place."""
    if event.type != "track":
        return
    said = _statement(event)
    if said is None:
        return
    key, statement = said
    slots = facts.permissions.setdefault(key, {})
    slot = REPLY if is_start(statement) else statement.state + ("+" if statement.proven else "")
    slots[slot] = _later(slots.get(slot), statement)


def join(a: Statements, b: Statements) -> dict[str, dict[str, Permission]]:
    """The statements of one customer who was two profiles."""
    joined: dict[str, dict[str, Permission]] = {}
    for statements in (a, b):
        for key, slots in statements.items():
            mine = joined.setdefault(key, {})
            for slot, statement in slots.items():
                mine[slot] = _later(mine.get(slot), statement)
    return joined


def is_new_denial(facts: Facts, event: Event) -> bool:
    """Whether the event says no to what was not denied yet, or was granted since."""
    said = _statement(event) if event.type == "track" else None
    if said is None or said[1].state != "denied":
        return False
    slots = facts.permissions.get(said[0], {}).values()
    denied = max((one.at for one in slots if one.state == "denied"), default=-1)
    return denied <= max((one.at for one in slots if one.state == "granted"), default=-1)


def last_other(facts: Facts, state: str) -> int:
    """When the customer last said anything but this state, on any channel and topic (ms; 0 if never)."""
    said = (one for slots in facts.permissions.values() for one in slots.values())
    return max((one.at for one in said if one.state != state), default=0)


def denials(statements: Statements) -> dict[str, dict[str, Permission]]:
    """Every no among the statements."""
    kept = {
        key: {slot: one for slot, one in slots.items() if one.state == "denied"}
        for key, slots in statements.items()
    }
    return {key: slots for key, slots in kept.items() if slots}


def state(facts: Facts, channel: str, topic: str, playbook: Playbook) -> State:
    """What the customer's statements on this channel and topic amount to; `never` if there is none.

    The latest of grant and denial stands, on a tie the denial. A grant nobody proved does not count while the
    address in use is proven; asking again (`pending`) takes nothing back. Where the topic is confirmed by
    `double` opt-in, a client's own unproven grant on e-mail is pending until confirmed. START by SMS takes an
    earlier STOP back, and is no yes to a topic that was never asked for.
    """
    proven = _address_is_proven(facts, channel)
    double = channel == "email" and topic in playbook.topics and playbook.topics[topic].confirm == "double"
    started = _started(facts, channel)
    granted = denied = pending = -1
    for key, statement in about(facts.permissions, channel, topic):
        if statement.state == "denied":
            if statement.at >= started or key != f"{channel}/*":
                denied = max(denied, statement.at)
        elif is_start(statement) or (not statement.proven and proven):
            continue
        elif statement.state == "pending" or (
            double and not statement.proven and statement.source == "client"
        ):
            pending = max(pending, statement.at)
        else:
            granted = max(granted, statement.at)
    if granted > denied:
        return "granted"
    if pending > denied:
        return "pending"
    return "denied" if denied >= 0 else "never"


def may_contact(facts: Facts, channel: str, topic: str, playbook: Playbook) -> bool:
    """Whether a message of the topic may go out on the channel.

    Where we go to the customer, the topic's default decides about silence: `ask` needs a grant, `assume` goes
    on until a denial. Where the customer comes to us only a denial counts.
    """
    said = state(facts, channel, topic, playbook)
    if said == "denied":
        return False
    if said == "granted" or not goes_to_them(channel):
        return True
    known = playbook.topics.get(topic)
    return said == "never" and known is not None and known.default == "assume"


def denied_outright(facts: Facts, channel: str, playbook: Playbook) -> bool:
    """Whether every topic is denied on the channel (an SMS `STOP`): then service messages stay away too."""
    return state(facts, channel, "*", playbook) == "denied"


def _statement(event: Event) -> tuple[str, Permission] | None:
    properties = event.properties
    channel = properties.get("channel", "email" if event.event == "Unsubscribed" else None)
    topic = properties.get("topic") or "*"
    said = _stated(event)
    if said is None or not _is_name(channel) or not _is_name(topic):
        return None
    source = event.origin if event.origin == "client" else str(properties.get("source") or event.origin)
    ours = event.origin in ("operator", "topeka")
    address = properties.get("address_hash") if ours else ""
    return f"{channel}/{topic}", Permission(
        said,
        event.timestamp,
        event.message_id,
        source[:LONGEST_NAME],
        event.proven or ours,
        _short(properties.get("wording")),
        _short(address),
    )


def _short(text: object) -> str:
    return text[:LONGEST_NAME] if isinstance(text, str) else ""


def _stated(event: Event) -> PermissionState | None:
    if event.event in _CLIENT_STATES:
        return _CLIENT_STATES[event.event]
    if event.origin == "client":
        return None
    if event.event == "Unsubscribed":
        return "denied"
    said = event.properties.get("state") if event.event == PERMISSION_SET else None
    return said if said in ("granted", "denied", "pending") else None


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and "/" not in value


def _later(a: Permission | None, b: Permission) -> Permission:
    if a is None:
        return b
    return max(a, b, key=lambda one: (one.at, one.message_id, msgspec.json.encode(one)))


def about(statements: Statements, channel: str, topic: str) -> Iterator[tuple[str, Permission]]:
    """The statements that concern a channel and topic, also those about all channels or all topics, with their keys."""
    for key in dict.fromkeys((f"{channel}/{topic}", f"{channel}/*", f"*/{topic}", "*/*")):
        for statement in statements.get(key, {}).values():
            yield key, statement


def is_start(statement: Permission) -> bool:
    """Whether it is a START: kept apart from grants, for it is none."""
    return statement.state == "granted" and statement.source == REPLY


def _started(facts: Facts, channel: str) -> int:
    """When the customer last answered START on the channel (ms), -1 if never."""
    start = facts.permissions.get(f"{channel}/*", {}).get(REPLY)
    return start.at if start else -1


def was_granted_by_proof(facts: Facts, channel: str) -> bool:
    """Whether somebody who proved who they are ever said yes to the channel, on any topic."""
    return any(
        "granted+" in slots and key.partition("/")[0] == channel for key, slots in facts.permissions.items()
    )


def _address_is_proven(facts: Facts, channel: str) -> bool:
    name = ADDRESS_TRAITS.get(channel)
    held = facts.traits.get(name) if name else None
    return held is not None and held.proven
