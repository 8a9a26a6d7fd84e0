"""Thompson probabilities: how likely each of several candidates is to be worth most, by what is believed of them.

    P(i is best) = integral of f_i(x) * product of F_j(x) over the others j

computed, not sampled: the candidates' distribution functions F on one grid that all share, in time proportional to
candidates x grid points. Source: Thompson, Biometrika 25 (1933); as probabilities to randomise by: Scott, "A modern
Bayesian look at the multi-armed bandit", Applied Stochastic Models in Business and Industry 26 (2010).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.domain.beliefs import Belief
from chalicelib.domain.beta import share_below, shares_below

Candidate = tuple[Belief, float]
"""What is believed of a candidate's share, and what success is worth."""

#: Evenly spread points of the grid: among few candidates, and among many, whose best one has a smoother distribution.
EVEN_POINTS, EVEN_POINTS_OF_MANY = 48, 24
#: Up to so many distinct candidates, each one's own quantiles are on the grid: it may be far narrower than others.
FEW = 24
#: Their distribution functions are exact up to this strength; beyond it the approximation is.
FEW_SUCCESSES = 5
"""Below so many the fast distribution function is too far off near 0, where the best of several weak ones lies."""
SMALL = 200.0
_STEPS = tuple(step / 4 for step in range(-20, 21))
_NEGLIGIBLE = 1e-9
_HALVINGS = 10


def chances_of_best(candidates: Sequence[Candidate]) -> list[float]:
    """The probability of each to be worth most; they add up to 1. Where nobody is worth anything, all the same."""
    counted = Counter(candidate for candidate in candidates if candidate[1] > 0)
    if not counted:
        return [1 / len(candidates)] * len(candidates)
    rivals = [_Rival.of(candidate, count) for candidate, count in counted.items()]
    found = dict(zip(counted, _integrated(rivals), strict=True))
    whole = sum(found[candidate] * count for candidate, count in counted.items())
    return [found[candidate] / whole if candidate in found else 0.0 for candidate in candidates]


@dataclass(frozen=True, slots=True)
class _Rival:
    """`count` equal candidates: a Beta(a, b) times `worth`, with its mean and standard deviation."""

    a: float
    b: float
    worth: float
    mean: float
    deviation: float
    count: int

    @classmethod
    def of(cls, candidate: Candidate, count: int) -> _Rival:
        belief, worth = candidate
        variance = belief.mean * (1 - belief.mean) / (belief.strength + 1)
        return cls(*belief.shape, worth, belief.mean * worth, math.sqrt(variance) * worth, count)

    def below(self, points: Sequence[float], *, exactly: bool = False) -> list[float]:
        """The distribution function at these worths."""
        a, b = self.a, self.b
        scaled = [point / self.worth for point in points]
        if exactly and (a + b <= SMALL or min(a, b) < FEW_SUCCESSES):
            return [share_below(a, b, x) for x in scaled]
        return shares_below(a, b, scaled)


def _integrated(rivals: Sequence[_Rival]) -> list[float]:
    """Each rival's probability (of one of its count), up to a common factor; 0 for who has no chance."""
    low, high = _span(rivals)
    at_low = [rival.below((low,))[0] for rival in rivals]
    in_it = [place for place, share in enumerate(at_low) if share < 1 - _NEGLIGIBLE / len(rivals)]
    grid = _grid([rivals[place] for place in in_it], low, high)
    few = len(in_it) <= FEW
    rows = [[max(share, 1e-300) for share in rivals[place].below(grid, exactly=few)] for place in in_it]
    together = _log_of_product(rows, [rivals[place].count for place in in_it])
    found = [0.0] * len(rivals)
    for place, row in zip(in_it, rows, strict=True):
        found[place] = _chance(row, together)
    return found


def _chance(row: Sequence[float], together: Sequence[float]) -> float:
    """The integral of the others' product over this one's distribution, by trapezoids; beyond the grid it is 1."""
    exp = math.exp
    others = [exp(whole) / share if whole > -690 else 0.0 for whole, share in zip(together, row, strict=True)]
    inner = sum((row[at + 1] - row[at]) * (others[at] + others[at + 1]) for at in range(len(row) - 1))
    return max(inner / 2 + 1 - row[-1], 0.0)


def _log_of_product(rows: Sequence[Sequence[float]], counts: Sequence[int]) -> list[float]:
    whole = [0.0] * len(rows[0])
    log = math.log
    for row, count in zip(rows, counts, strict=True):
        for at, share in enumerate(row):
            if share < 1:
                whole[at] += count * log(share)
    return whole


def _span(rivals: Sequence[_Rival]) -> tuple[float, float]:
    """Between which worths the best one lies, but for a negligible probability on either side."""
    low = max(0.0, *(rival.mean - 7 * rival.deviation for rival in rivals))
    high = max(min(rival.mean + 15 * rival.deviation, rival.worth) for rival in rivals)
    serious = [rival for rival in rivals if rival.mean + 15 * rival.deviation > low]
    return (
        _where_best_is_below(serious, _NEGLIGIBLE, low, high)[0],
        _where_best_is_below(serious, 1 - 1e-6, low, high)[1],
    )


def _where_best_is_below(
    rivals: Sequence[_Rival], share: float, low: float, high: float
) -> tuple[float, float]:
    """The worths, close together, between which the best one's distribution function passes `share`."""
    wanted = math.log(share)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        reached = sum(rival.count * math.log(max(rival.below((middle,))[0], 1e-300)) for rival in rivals)
        if reached < wanted:
            low = middle
        else:
            high = middle
    return low, high


def _grid(rivals: Sequence[_Rival], low: float, high: float) -> list[float]:
    few = len(rivals) <= FEW
    count = EVEN_POINTS if few else EVEN_POINTS_OF_MANY
    width = (high - low) / count
    points = {low, high, *(low + step * width for step in range(1, count))}
    if few:
        own = (rival.mean + step * rival.deviation for rival in rivals for step in _STEPS)
        near_nothing = (high / 2**step for step in range(1, 40))  # where those with few successes lie
        points.update(point for point in (*own, *near_nothing) if low < point < high)
    return sorted(points)
