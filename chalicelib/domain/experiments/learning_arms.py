"""The arms of a split that learns, as they were given and answered, and the verdict on them.

No arm is anybody's for good there, and what an arm is given follows what it earned. So plain means of its arms lean
low (Nie, Tian, Taylor, Zou, "Why Adaptively Collected Data Have Negative Bias and How to Correct for It", AISTATS
2018) and intervals of means do not hold: the shares that were learned are the verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from chalicelib.domain.cells import MESSAGE, Cells, add, named, parts_of
from chalicelib.domain.experiments import words
from chalicelib.domain.experiments.verdict import Verdict
from chalicelib.domain.learning import Shares

LEARNED = 0.95
"""The share from which an arm has as good as won."""


class LearningArm(msgspec.Struct, frozen=True):
    """A variant, the share (0 to 1) of customers it gets now, and its sums over all buckets (`cells.MESSAGE`)."""

    name: str
    share: float
    shown: float = 0.0
    reached: float = 0.0
    revenue: float = 0.0
    orders: float = 0.0

    @property
    def rate(self) -> float:
        """Goals reached per showing."""
        return self.reached / self.shown if self.shown > 0 else 0.0

    @property
    def worth(self) -> float:
        """Revenue per showing."""
        return self.revenue / self.shown if self.shown > 0 else 0.0


def learning_arms(
    message: str, variants: Iterable[str], sums: Mapping[str, Sequence[float]], shares: Shares | None
) -> tuple[LearningArm, ...]:
    """The message's variants in order; while no shares are learned, each has the same."""
    found: Cells = {variant: [] for variant in variants}
    for key, counts in sums.items():
        kind, of, variant = parts_of(key)[:3]
        if kind == "m" and of == message and variant in found:
            add(found, {variant: counts})
    learned = dict(shares) if shares is not None else dict.fromkeys(found, 1 / max(len(found), 1))
    return tuple(
        LearningArm(variant, learned.get(variant, 0.0), **named(MESSAGE, counts))
        for variant, counts in found.items()
    )


def learning_verdict(arms: Sequence[LearningArm], *, known: bool) -> Verdict:
    """What was learned. `known` is whether the shares are learned ones."""
    if len(arms) < 2:
        return Verdict("nothing-to-compare", (), "There is nothing to learn: it has fewer than two variants.")
    ranked = sorted(arms, key=lambda arm: -arm.share)
    best, so_far = ranked[0], ", ".join(map(_answered, ranked))
    if not known:
        every = words.names([arm.name for arm in arms])
        return Verdict(
            "learning", (), f"Learning: nothing is known yet, {every} get the same share. {so_far}."
        )
    said = f"`{best.name}` gets {words.percent(best.share)} of customers. {so_far}."
    if best.share >= LEARNED:
        return Verdict("learned", (best.name,), f"Learned: {said}")
    return Verdict("learning", (best.name,), f"Learning: {said}")


def _answered(arm: LearningArm) -> str:
    return f"`{arm.name}` reached its goal {words.counted(arm.reached)} times in {words.counted(arm.shown)}"
