"""A row of the bench: what was measured, the figure, and the target it is held against."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

MACHINE = 0.6
"""The noise of what is told in seconds, on a machine as fast as that of the README."""
_LOOP, _LOOP_TAKES_S = 5_000_000, 0.175
PAIRS = 0.1
"""The noise of two sides that were measured in turn."""


@dataclass(frozen=True, slots=True)
class Row:
    """`target` is the most the figure may be (None: it is only told), and `noise` the share by which a busy machine
    may exceed it: 0 for what is counted.

    `owed` is what a figure is known to be whose target is not met yet (0: the target is met). It is told as missed, and
    is a fault only where it gets worse.
    """

    name: str
    figure: float
    unit: str
    target: float | None = None
    note: str = ""
    noise: float = 0.0
    owed: float = 0.0

    @property
    def met(self) -> bool:
        """Whether the figure is within its target, or above it by no more than noise."""
        return self.target is None or self.figure <= self.target * (1 + self.noise)

    @property
    def is_worse(self) -> bool:
        """Whether the target is missed by more than was known."""
        return not self.met and self.figure > self.owed * (1 + self.noise)

    def to_json(self) -> dict[str, Any]:
        """The row as it is written to the results file."""
        return {**asdict(self), "met": self.met}


def slowness() -> float:
    """How many times as slow the machine is now as that of the README, by the CPU of a plain loop; at least 1."""
    started = time.process_time()
    for _ in range(_LOOP):
        pass
    return max(1.0, (time.process_time() - started) / _LOOP_TAKES_S)


def of_this_machine() -> float:
    """The noise of what has just been told in seconds: more where the machine is slower now."""
    return slowness() * (1 + MACHINE) - 1


Part = Callable[[], Sequence[Row]]


def table(rows: Sequence[Row]) -> str:
    """The rows for a person, in columns."""
    lines = []
    for row in rows:
        target = "" if row.target is None else f"at most {row.target:g}"
        mark = "" if row.target is None else ("ok" if row.met else "MISSED" if row.is_worse else "owed")
        lines.append(
            f"  {row.name:<58} {row.figure:>10.4g} {row.unit:<10} {target:<14} {mark:<6} {row.note}".rstrip()
        )
    return "\n".join(lines)
