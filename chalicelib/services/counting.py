"""The port of what was counted and learned (one of `ports.py`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from chalicelib.domain.cells import Cells
from chalicelib.domain.effects import Count
from chalicelib.domain.learning import Learned
from chalicelib.domain.tallies import Entry, Latest, Sum


class Tallies(Protocol):
    """What was counted: a log by slot, sums by period (`domain/periods.py`); and the snapshots made of them."""

    def append(self, counts: Sequence[Count], now: int) -> None:
        """Log counts, each in the slot of its time, and mark the slots. Repeats are harmless: a log has ids."""

    def marked(self) -> dict[str, str]:
        """Slots whose log may hold what no sum has yet, each with its mark."""

    def clear(self, slot: str, mark: str) -> bool:
        """Take away a slot's mark if it is still this one; whether it was."""

    def log(self, slot: str) -> Iterable[Entry]:
        """Everything logged in a slot, in no order; what was told twice stands there twice."""

    def sum(self, period: str) -> Sum:
        """A period's sum as it is stored."""

    def put_sum(self, period: str, cells: Cells, version: int) -> None:
        """Store a period's sum, if the stored one still has this version. Raises `Conflict`."""

    def sums(self, whole: str, first: str = "") -> dict[str, Sum]:
        """The stored sums of a period's parts by name, from the part `first` on."""

    def latest(self) -> Latest:
        """Which snapshot is in force."""

    def load(self, version: int) -> Learned:
        """A snapshot. Raises KeyError."""

    def store(self, learned: Learned, latest: Latest, before: Latest) -> bool:
        """Store a snapshot and put it in force, if `before` still is; whether that was so."""
