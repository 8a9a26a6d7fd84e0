"""What the store of counts hands out: entries of a log, a period's sum, which snapshot is the latest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from chalicelib.domain.cells import Cells, add

Entry = tuple[str, dict[str, list[float]]]
"""A `Count` as the log keeps it: its id, its cells."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A period's sum as it is stored. `version` counts its writes; 0 is that of a sum nobody has stored."""

    version: int = 0
    cells: Cells = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Latest:
    """Which snapshot is in force (0: none), of which playbook version it was made, and when (ms)."""

    version: int = 0
    playbook: int = 0
    at: int = 0


def folded(entries: Iterable[Entry]) -> Cells:
    """The sum of a log, each id once: what is told again says the same."""
    seen: set[str] = set()
    cells: Cells = {}
    for id, counted in entries:
        if id not in seen:
            seen.add(id)
            add(cells, counted)
    return cells
