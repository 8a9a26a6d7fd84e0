"""A row of the bench: what was measured, the figure, and the target it is held against."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """`target` is the most the figure may be (None: it is only told), and `noise` the share by which a busy machine
    may exceed it: 0 for what is counted.
    """

    name: str
    figure: float
    unit: str
    target: float | None = None
    note: str = ""
    noise: float = 0.0

    @property
    def met(self) -> bool:
        """Whether the figure is within its target, or above it by no more than noise."""
        return self.target is None or self.figure <= self.target * (1 + self.noise)

    def to_json(self) -> dict[str, Any]:
        """The row as it is written to the results file."""
        return {**asdict(self), "met": self.met}


Part = Callable[[], Sequence[Row]]


def table(rows: Sequence[Row]) -> str:
    """The rows for a person, in columns."""
    lines = []
    for row in rows:
        target = "" if row.target is None else f"at most {row.target:g}"
        mark = "" if row.target is None else ("ok" if row.met else "MISSED")
        lines.append(
            f"  {row.name:<58} {row.figure:>10.4g} {row.unit:<10} {target:<14} {mark:<6} {row.note}".rstrip()
        )
    return "\n".join(lines)
