"""Decisions that were logged, each with what is proposed in its place, and their sums per customer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isfinite

import msgspec


class Logged(msgspec.Struct, frozen=True, omit_defaults=True):
    """A decision that was made, and what is proposed in its place.

    `action`: what was chosen, e.g. "message@channel" or "nothing"; `propensity`: the probability (over 0, at most 1)
    it was chosen with; `reward`: what came of it, in the playbook's currency (or 1 for a goal). `target`: action ->
    probability the proposed playbook gives it in this context, "nothing" included, adding up to 1. `expected`: action
    -> reward a model expects; what it lacks is expected to earn nothing. `customer`: whose decision it is.
    Raises ValueError for a probability or a reward that can't be.
    """

    action: str
    propensity: float
    reward: float
    target: Mapping[str, float]
    expected: Mapping[str, float] = {}
    customer: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.propensity <= 1 + 1e-9:
            raise ValueError(f"{self.action} was chosen with a probability of {self.propensity}")
        if not isfinite(self.reward):
            raise ValueError(f"{self.action} earned {self.reward}")


class Sums(msgspec.Struct):
    """One customer's, over their decisions.

    `count` of them; `reward`, and its `size` whatever its sign; `weight`: how often the proposed playbook would have
    made the decision for each time it was made, and its square; `weighted`: weight times reward; `robust`: what
    doubly robust puts in the reward's place.
    """

    count: float = 0
    reward: float = 0
    size: float = 0
    weight: float = 0
    weight2: float = 0
    weighted: float = 0
    robust: float = 0

    def take(self, row: Logged) -> None:
        """Add a decision."""
        reward, expected = row.reward, row.expected.get
        weight = row.target.get(row.action, 0.0) / row.propensity
        direct = sum([share * expected(action, 0.0) for action, share in row.target.items()])
        self.count += 1
        self.reward += reward
        self.size += abs(reward)
        self.weight += weight
        self.weight2 += weight * weight
        self.weighted += weight * reward
        self.robust += direct + weight * (reward - expected(row.action, 0.0))


def summed(rows: Iterable[Logged]) -> list[Sums]:
    """Every customer's sums; the rows are read once, and not kept."""
    customers: dict[str, Sums] = {}
    for row in rows:
        sums = customers.get(row.customer)
        if sums is None:
            sums = customers[row.customer] = Sums()
        sums.take(row)
    return list(customers.values())
