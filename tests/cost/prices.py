"""The price list, and what an amount of use costs by it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

LIST = Path(__file__).with_name("prices.yaml")
Usage = Mapping[str, float]
"""Amounts by the names of the price list's units."""


@dataclass(frozen=True, slots=True)
class Prices:
    """`units` as the list has them: usd, per, service, source."""

    as_of: str
    units: Mapping[str, Mapping[str, Any]]
    assumed: Mapping[str, Any]
    month: Mapping[str, Any]
    x86: bool = False

    def of(self, unit: str) -> float:
        """Dollars for one unit."""
        name = "lambda_gb_seconds_x86" if self.x86 and unit == "lambda_gb_seconds" else unit
        price = self.units[name]
        return float(price["usd"]) / float(price["per"])

    def by_service(self, usage: Usage) -> dict[str, float]:
        """Dollars by service, the dearest first."""
        told: defaultdict[str, float] = defaultdict(float)
        for unit, amount in usage.items():
            told[str(self.units[unit]["service"])] += amount * self.of(unit)
        return dict(sorted(told.items(), key=lambda one: -one[1]))

    def total(self, usage: Usage) -> float:
        """Dollars in all."""
        return sum(amount * self.of(unit) for unit, amount in usage.items())


def load(path: Path = LIST, *, x86: bool = False) -> Prices:
    """The price list."""
    told = yaml.safe_load(path.read_text())
    return Prices(str(told["as_of"]), told["prices"], told["assumptions"], told["month"], x86)


def times(usage: Usage, factor: float) -> dict[str, float]:
    """So many times the use."""
    return {unit: amount * factor for unit, amount in usage.items()}


def plus(*usages: Usage) -> dict[str, float]:
    """All of the uses together."""
    total: defaultdict[str, float] = defaultdict(float)
    for usage in usages:
        for unit, amount in usage.items():
            total[unit] += amount
    return dict(total)
