"""What is believed of an unknown share: a Beta distribution, and how much alike related shares are.

Source: Gelman et al., Bayesian Data Analysis (3rd ed.), chapters 2.4 (Beta-Binomial) and 5 (hierarchies).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LOOSEST, TIGHTEST = 10.0, 2_000.0
"""Bounds of an estimated likeness: related shares are never taken to be worth fewer, or more, trials."""

USUAL_WEIGHT = 4.0
"""How many degrees of freedom the usual likeness weighs."""

Trials = tuple[float, float]
"""How often something was tried, and how often it succeeded."""


@dataclass(frozen=True, slots=True)
class Belief:
    """A Beta distribution by its mean (in (0, 1)) and strength (the trials it is worth, above 0)."""

    mean: float
    strength: float

    @property
    def shape(self) -> tuple[float, float]:
        """The distribution's parameters a and b."""
        return self.mean * self.strength, (1 - self.mean) * self.strength

    def seen(self, trials: Trials) -> Belief:
        """The belief after further trials. More successes than trials (told out of order) count as all."""
        tried = max(trials[0], 0.0)
        succeeded = min(max(trials[1], 0.0), tried)
        strength = self.strength + tried
        return Belief((self.mean * self.strength + succeeded) / strength, strength)

    def spread(self, likeness: float) -> Belief:
        """The belief about one of the shares that lie around this one: the two variances add up.

        The variance of a Beta is m(1 - m)/(strength + 1); `likeness` is the strength of the shares' own spread.
        """
        return Belief(self.mean, 1 / (1 / (self.strength + 1) + 1 / (likeness + 1)) - 1)

    def around(self, mean: float) -> Belief:
        """The same strength around another mean, kept within (0, 1)."""
        return Belief(min(max(mean, 1e-6), 1 - 1e-6), self.strength)


def likeness(families: Iterable[Sequence[Trials]], usual: float) -> float:
    """How much alike the shares within each family are: the strength of the Beta they lie on around its mean.

    By moments, the binomial's own variance taken out: Kleinman, "Proportions with extraneous variance: single and
    independent samples", JASA 68 (1973), with weights n; numerators and denominators are summed over families. What
    few shares say of their spread says little, so the `usual` strength weighs as `USUAL_WEIGHT` degrees of freedom
    beside theirs (Gelman et al., chapter 2.6: the scaled inverse chi-square prior of a variance).
    """
    excess = room = degrees = 0.0
    for family in families:
        more, space, free = _spread_of(family)
        excess, room, degrees = excess + more, room + space, degrees + free
    found = max(excess / room, 0.0) if room > 0 else 0.0
    spread = (USUAL_WEIGHT / (usual + 1) + degrees * found) / (USUAL_WEIGHT + degrees)
    return max(LOOSEST, min(1 / spread - 1, TIGHTEST))


def _spread_of(family: Sequence[Trials]) -> tuple[float, float, float]:
    """(chi-square - (J - 1), N - sum(n^2)/N - (J - 1), J - 1) of J samples; nothing where all or none succeeded."""
    counted = [(tried, min(succeeded, tried)) for tried, succeeded in family if tried > 0]
    total = sum(tried for tried, _ in counted)
    mean = sum(succeeded for _, succeeded in counted) / total if total else 0.0
    free = len(counted) - 1
    room = total - sum(tried**2 for tried, _ in counted) / total - free if total else 0.0
    if free < 1 or room <= 0 or not 0 < mean < 1:
        return 0.0, 0.0, 0.0
    scatter = sum((succeeded - tried * mean) ** 2 / tried for tried, succeeded in counted)
    return scatter / (mean * (1 - mean)) - free, room, free
