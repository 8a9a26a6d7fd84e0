"""What conditions look at: the names and paths they read of a customer and a moment, gathered from their data.

A decision's record keeps the facts at these names, so that it can be decided again from the record alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.conditions.features import parts
from chalicelib.domain.conditions.model import (
    Compare,
    Condition,
    Did,
    EventValue,
    InSegment,
    Permitted,
    Received,
)

Path = tuple[str, ...]


@dataclass(slots=True)
class Reads:
    """Names that some conditions read. Traits by their first name; places in context and event by their path."""

    traits: set[str] = field(default_factory=set)
    context: set[Path] = field(default_factory=set)
    event: set[Path] = field(default_factory=set)
    features: set[str] = field(default_factory=set)
    activity: set[str] = field(default_factory=set)
    permissions: set[tuple[str, str]] = field(default_factory=set)
    received: set[str] = field(default_factory=set)
    segments: set[str] = field(default_factory=set)


def reads_of(conditions: Iterable[Condition | None]) -> Reads:
    """What the conditions read. Segments are named, not what is read to work them out."""
    reads = Reads()
    for condition in conditions:
        for part in parts(condition):
            _note(reads, part)
    return reads


def _note(reads: Reads, part: Condition) -> None:
    match part:
        case Compare():
            _note_compare(reads, part)
        case Did(feature=""):
            reads.activity.add(part.event)
        case Did():
            reads.features.add(part.feature)
        case InSegment():
            reads.segments.add(part.segment)
        case Permitted():
            reads.permissions.add((part.channel, part.topic))
        case Received():
            reads.received.add(part.message)
        case _:  # where they are is always kept
            pass


def _note_compare(reads: Reads, compare: Compare) -> None:
    path = tuple(compare.path.split("."))
    if compare.source == "trait":
        reads.traits.add(path[0])
    elif compare.source == "context":
        reads.context.add(path)
    elif compare.source == "event":
        reads.event.add(path)
    if isinstance(compare.value, EventValue):
        reads.event.add(tuple(compare.value.path.split(".")))


def picked(value: Mapping[str, Any], paths: Iterable[Path]) -> dict[str, Any]:
    """The value with nothing but what stands at the paths; a list on the way is kept whole."""
    kept: dict[str, Any] = {}
    for path in paths:
        _pick(value, path, kept)
    return kept


def _pick(value: Mapping[str, Any], path: Path, kept: dict[str, Any]) -> None:
    name, rest = path[0], path[1:]
    found = value.get(name)
    if found is None:
        return
    if rest and isinstance(found, dict):
        inner = kept.setdefault(name, {})
        if inner is not found:
            _pick(found, rest, inner)
    elif not rest or isinstance(found, list):
        kept[name] = found
