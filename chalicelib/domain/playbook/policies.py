"""Reads policies, the rules that hold for everything, and experiments."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.domain.cells import HOLDOUT
from chalicelib.domain.conditions.parsing import CONTACTS_KEPT, parse_condition
from chalicelib.domain.playbook.fields import Field, required
from chalicelib.domain.playbook.model import (
    Cap,
    Experiment,
    Message,
    Pause,
    Policies,
    Quiet,
    Suppress,
)
from chalicelib.domain.playbook.names import Names

KEYS = ("caps", "quiet", "holdout", "explore", "silence", "pause", "suppress")
#: Shares are written by hand: a third is 33.3%.
SUM_TOLERANCE = 0.0015


def policies(field: Field, names: Names) -> Policies:
    """All policies; what is absent does nothing."""
    entries = field.entries(KEYS)
    return Policies(
        caps=_caps(entries["caps"], names) if "caps" in entries else (),
        quiet=_quiet(entries["quiet"], names) if "quiet" in entries else None,
        holdout=_share(entries.get("holdout"), "A holdout"),
        explore=_share(entries.get("explore"), "Exploration"),
        silence=_silence(entries.get("silence")),
        pause=_pause(entries["pause"]) if "pause" in entries else None,
        suppress=_suppress(entries["suppress"], names) if "suppress" in entries else (),
    )


def _caps(field: Field, names: Names) -> tuple[Cap, ...]:
    found = (_cap(one, names) for one in field.items("a list of caps"))
    return tuple(cap for cap in found if cap is not None)


def _cap(field: Field, names: Names) -> Cap | None:
    entries = field.entries(["messages", "per", "channel", "topic", "message"])
    if not required(entries, ["messages", "per"], field, "A cap"):
        return None
    number, per = entries["messages"].whole(0), entries["per"].duration()
    if number == 0:
        entries["messages"].fault(
            "Under a cap of 0 nobody receives anything; write 1 or more, or remove the message."
        )
    if per is not None and per > CONTACTS_KEPT:
        entries["per"].fault("Contacts are remembered for 90 days; write at most 90d.")
    channel = entries["channel"].one_of(names.channels, "channel") if "channel" in entries else ""
    topic = entries["topic"].one_of(names.topics, "topic") if "topic" in entries else ""
    message = entries["message"].one_of(names.messages, "message") if "message" in entries else ""
    return Cap(number or 0, per or 0, channel or "", topic or "", message or "")


def _quiet(field: Field, names: Names) -> Quiet | None:
    entries = field.entries(["from", "until", "channels", "unknown"])
    if not required(entries, ["from", "until", "channels"], field, "A quiet time"):
        return None
    start, end = entries["from"].clock(), entries["until"].clock()
    if start is not None and start == end:
        field.fault("Quiet hours that end when they begin are never quiet; correct `from` or `until`.")
    channels = entries["channels"].some_of(names.contacts, "channel we go out on")
    strict = "unknown" in entries and entries["unknown"].one_of(("strict",), "choice for unknown") == "strict"
    return Quiet(start or 0, end or 0, channels, "strict" if strict else "")


def _share(field: Field | None, what: str) -> float:
    if field is None:
        return 0.0
    entries = field.entries(["share"])
    return (entries["share"].share() or 0.0) if required(entries, ["share"], field, what) else 0.0


def _silence(field: Field | None) -> float:
    if field is None:
        return 0.0
    entries = field.entries(["below"])
    return float(entries["below"].number(0) or 0) if required(entries, ["below"], field, "Silence") else 0.0


def _pause(field: Field) -> Pause | None:
    entries = field.entries(["after_ignored", "days"])
    if not required(entries, ["after_ignored", "days"], field, "A pause"):
        return None
    return Pause(entries["after_ignored"].whole(1) or 0, entries["days"].whole(1) or 0)


def _suppress(field: Field, names: Names) -> tuple[Suppress, ...]:
    found = []
    for one in field.items():
        entries = one.entries(["topic", "audience"])
        if not required(entries, ["topic", "audience"], one, "A suppression"):
            continue
        topic = entries["topic"].one_of(names.topics, "topic")
        audience = parse_condition(entries["audience"], names.scope)
        if topic is not None and audience is not None:
            found.append(Suppress(topic, audience))
    return tuple(found)


def experiments(field: Field, names: Names, messages: Mapping[str, Message]) -> dict[str, Experiment]:
    """Experiments by name."""
    found: dict[str, Experiment] = {}
    for name, one in field.entries().items():
        entries = one.entries(["message", "split"])
        if not required(entries, ["message", "split"], one, "An experiment"):
            continue
        if name == HOLDOUT:
            one.fault(f"The name `{HOLDOUT}` is the programme's own; choose another.")
        message = entries["message"].one_of(names.messages, "message") or ""
        other = next((known.name for known in found.values() if message and known.message == message), "")
        if other:
            entries["message"].fault(
                f"`{message}` is already in the experiment `{other}`; keep one of the two."
            )
        learn = entries["split"].value == "learn"
        arms = () if learn else _split(entries["split"], messages.get(message))
        found[name] = Experiment(name, message, arms, learn)
    return found


def _split(field: Field, message: Message | None) -> tuple[tuple[str, float], ...]:
    arms = []
    parts = field.entries(None, "`learn`, or the share of each variant")
    for name, one in parts.items():
        if message is not None and name not in message.variants:
            one.fault(f"There is no variant `{name}`; {one.notes.suggest(name, message.variants)}")
        share = one.share()
        if share is not None:
            arms.append((name, share))
    total = sum(share for _, share in arms)
    if arms and len(arms) == len(parts) and abs(total - 1) > SUM_TOLERANCE:
        field.fault(f"The shares add up to {total * 100:g}%; they must add up to 100%.")
    return tuple(arms)
