"""What is counted of messages and experiments: named sums over all customers, in cells that only ever add up.

A cell's key says what it is about, its list holds sums in a fixed order (`MESSAGE` or `ARM`); what is missing at
its end is 0. A commit's changes to cells leave with it as a `Count` effect (`effects.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

Cells = dict[str, list[float]]
"""Cell key -> sums in the cell's order."""

MESSAGE = ("shown", "reached", "revenue", "orders")
"""A message's: how often it was given, how often its goal was reached, what goals earned (in the playbook's
currency), and how many goals earned something."""

ARM = (
    "customers", "exposures", "conversions", "value", "value2", "before", "before2", "value_before",
    "unsubscribed", "complained",
)  # fmt: skip
"""An experiment's arm: customers who were given the message, how often, goals reached; of each customer's value y
(what they spent since they were first given it) and x (before): the sums of y, y*y, x, x*x, x*y; guardrails."""

HOLDOUT = "holdout"
"""The programme's own experiment: its arms are `held` and `treated`."""
HELD, TREATED = "held", "treated"

_decoder = msgspec.json.Decoder(tuple[str, ...])


def message_cell(message: str, variant: str, channel: str, stage: str) -> str:
    """The cell of a message's variant in a bucket: the channel it was given on, and the customer's stage."""
    return msgspec.json.encode(("m", message, variant, channel, stage)).decode()


def arm_cell(experiment: str, arm: str) -> str:
    """The cell of an experiment's arm."""
    return msgspec.json.encode(("a", experiment, arm)).decode()


def parts_of(key: str) -> tuple[str, ...]:
    """What a key was made of: ("m", message, variant, channel, stage) or ("a", experiment, arm)."""
    return _decoder.decode(key)


def named(order: Sequence[str], sums: Sequence[float]) -> dict[str, float]:
    """Sums by name."""
    return {name: sums[at] if at < len(sums) else 0.0 for at, name in enumerate(order)}


def row(order: Sequence[str], **sums: float) -> list[float]:
    """Sums in order, from names, as far as the last that is not 0. Raises ValueError for a name the order lacks."""
    found: list[float] = [0] * (
        1 + max((order.index(name) for name, value in sums.items() if value), default=-1)
    )
    for name, value in sums.items():
        if order.index(name) < len(found):
            found[order.index(name)] = int(value) if value == int(value) else float(value)
    return found


def add(into: Cells, *others: Mapping[str, Sequence[float]]) -> Cells:
    """Add cells into the first, in place; it is returned."""
    for cells in others:
        for key, sums in cells.items():
            mine = into.setdefault(key, [])
            mine.extend([0.0] * (len(sums) - len(mine)))
            for at, value in enumerate(sums):
                mine[at] += value
    return into


def total(cells: Iterable[Mapping[str, Sequence[float]]]) -> Cells:
    """The sum of several."""
    return add({}, *cells)
