"""Reads a whole playbook: the value, or every fault in it, each with its line, path and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, cast

from chalicelib.domain.conditions.model import Condition
from chalicelib.domain.conditions.parsing import parse_condition
from chalicelib.domain.playbook import setup
from chalicelib.domain.playbook.compiler import segment_order
from chalicelib.domain.playbook.fields import Field, Notes, required
from chalicelib.domain.playbook.messages import messages
from chalicelib.domain.playbook.model import Fault, Playbook, Policies
from chalicelib.domain.playbook.moments import moments
from chalicelib.domain.playbook.names import Names, gather
from chalicelib.domain.playbook.policies import experiments, policies
from chalicelib.domain.playbook.reading import Node, read

KEYS = (
    "playbook", "name", "timezone", "currency", "identifiers", "topics", "placements", "senders",
    "phone_country", "images", "webhooks", "devices", "junk", "stop_words", "segments", "moments", "messages",
    "policies", "experiments",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parsed:
    """What came of reading: no playbook if there is any fault. `lines` tells the line of each path.

    `draft` is the playbook as far as it could be read, in which more faults may be looked for.
    """

    playbook: Playbook | None
    faults: tuple[Fault, ...]
    lines: Mapping[str, int] = field(default_factory=dict)
    draft: Playbook | None = None


def parse(text: str | bytes) -> tuple[Playbook | None, tuple[Fault, ...]]:
    """The playbook, or None and every fault, by line."""
    parsed = parse_with_lines(text)
    return parsed.playbook, parsed.faults


def parse_with_lines(text: str | bytes) -> Parsed:
    """As `parse`, and where everything stands, for those who find faults later (templates)."""
    root, faults = read(text)
    if root is None:
        return Parsed(None, tuple(faults))
    notes = Notes(faults)
    playbook = _playbook(Field(root, "", notes))
    ordered = tuple(sorted(dict.fromkeys(notes.faults), key=lambda fault: fault.line))
    return Parsed(None if ordered else playbook, ordered, dict(_lines(root, "")), playbook)


def _lines(node: Node, path: str) -> Iterator[tuple[str, int]]:
    yield path, node.line
    if isinstance(node.value, dict):
        for name, one in node.value.items():
            yield from _lines(one, f"{path}.{name}" if path else name)
    elif isinstance(node.value, list):
        for at, one in enumerate(node.value):
            yield from _lines(one, f"{path}[{at}]")


def _playbook(root: Field) -> Playbook:
    top = root.entries(KEYS, "a playbook")
    if isinstance(root.value, dict):
        required(top, ["playbook", "name"], root, "A playbook")
    if "playbook" in top and (top["playbook"].value != 1 or top["playbook"].value is True):
        top["playbook"].fault("This reads version 1 of the playbook language; write `playbook: 1`.")
    zone = (setup.timezone(top["timezone"]) if "timezone" in top else None) or "UTC"
    names = gather(top, zone)
    places = setup.placements(top["placements"]) if "placements" in top else {}
    said = messages(top["messages"], names, places) if "messages" in top else {}
    after = setup.after_logout(top["devices"]) if "devices" in top else "last"
    return Playbook(
        name=(top["name"].text() if "name" in top else None) or "",
        timezone=zone,
        currency=(setup.currency(top["currency"]) if "currency" in top else None) or "USD",
        identifiers=setup.identifiers(top.get("identifiers")),
        topics=setup.topics(top["topics"]) if "topics" in top else {},
        placements=places,
        senders=setup.senders(top["senders"]) if "senders" in top else {},
        phone_country=(setup.country(top["phone_country"]) if "phone_country" in top else None) or "US",
        images=(setup.address(top["images"]) if "images" in top else None) or "",
        webhooks=setup.webhooks(top["webhooks"]) if "webhooks" in top else {},
        after_logout=cast(Literal["last", "nobody"], after or "last"),
        junk=top["junk"].texts() if "junk" in top else (),
        stop_words=setup.stop_words(top["stop_words"]) if "stop_words" in top else {},
        segments=_segments(top["segments"], names) if "segments" in top else {},
        moments=moments(top["moments"], names) if "moments" in top else {},
        messages=said,
        policies=policies(top["policies"], names) if "policies" in top else Policies(),
        experiments=experiments(top["experiments"], names, said) if "experiments" in top else {},
    )


def _segments(section: Field, names: Names) -> dict[str, Condition]:
    """Segments by name; those that refer to themselves in a circle have no order."""
    entries = section.entries()
    found = {name: parse_condition(one, names.scope.at("segment")) for name, one in entries.items()}
    segments = {name: condition for name, condition in found.items() if condition is not None}
    circle = set(segments) - set(segment_order(segments))
    for name in sorted(circle):
        others = ", ".join(f"`{one}`" for one in sorted(circle))
        entries[name].fault(
            f"A segment cannot depend on itself, even through others ({others}); break the circle."
        )
    return segments
