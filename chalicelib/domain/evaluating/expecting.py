"""What an action is expected to earn, learned from the customers whom the expectation is not about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from zlib import crc32

import msgspec

Outcome = tuple[str, str, float]
"""Customer, action, reward."""


class _Seen(msgspec.Struct):
    count: int = 0
    reward: float = 0.0
    reward2: float = 0.0

    @property
    def mean(self) -> float:
        return self.reward / self.count


@dataclass(frozen=True, slots=True)
class Means:
    """The mean reward of each action, shrunk towards that of all, which is also that of an action never seen."""

    overall: float
    of: dict[str, float]


@dataclass(frozen=True, slots=True)
class Expectations:
    """Two halves of the customers; what is expected of one is what the other showed.

    Cross-fitting (Chernozhukov et al., Double/debiased machine learning, 2018): a model that has seen a customer's
    own reward would lend doubly robust a confidence it has no right to.
    """

    of_even: Means
    of_odd: Means

    def of(self, customer: str, actions: Iterable[str]) -> dict[str, float]:
        """Action -> the reward expected of it with this customer; ask for the target's actions and the logged one."""
        means = self.of_odd if half(customer) else self.of_even
        return {action: means.of.get(action, means.overall) for action in actions}


def half(customer: str) -> int:
    """Which half a customer is in, 0 or 1, whatever the log."""
    return crc32(customer.encode()) >> 16 & 1


def expectations(outcomes: Iterable[Outcome]) -> Expectations:
    """Learn from a log, which is read once."""
    halves: tuple[dict[str, _Seen], dict[str, _Seen]] = ({}, {})
    for customer, action, reward in outcomes:
        seen = halves[half(customer)].setdefault(action, _Seen())
        seen.count += 1
        seen.reward += reward
        seen.reward2 += reward * reward
    return Expectations(of_even=_means(halves[1]), of_odd=_means(halves[0]))


def _means(seen: dict[str, _Seen]) -> Means:
    """An action's mean counts for n / (n + k), the rest is the overall mean's.

    k = variance within actions / variance between their means, both from the data: credibility after Buhlmann &
    Straub 1970 (estimators as in Klugman, Panjer & Willmot, Loss Models). No variance between: the mean for all.
    """
    count = sum(one.count for one in seen.values())
    overall = sum(one.reward for one in seen.values()) / count if count else 0.0
    between = _between(seen, count, overall)
    within = _within(seen, count)
    if between <= 0:
        return Means(overall, {})
    k = within / between
    return Means(overall, {name: (one.reward + k * overall) / (one.count + k) for name, one in seen.items()})


def _within(seen: dict[str, _Seen], count: int) -> float:
    spread = sum(one.reward2 - one.reward * one.mean for one in seen.values())
    return max(0.0, spread) / max(1, count - len(seen))


def _between(seen: dict[str, _Seen], count: int, overall: float) -> float:
    if len(seen) < 2:
        return 0.0
    spread = sum(one.count * (one.mean - overall) ** 2 for one in seen.values())
    room = count - sum(one.count**2 for one in seen.values()) / count
    return (spread - (len(seen) - 1) * _within(seen, count)) / room
