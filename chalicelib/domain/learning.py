"""What was learned of how customers respond, as deciding looks it up: expectations, worth, and learned shares.

A snapshot is made once a minute from what was counted (`cells.py`); deciding only reads it, so a decision can be
computed again from the snapshot's version.
"""

from __future__ import annotations

import msgspec

PRIOR = 0.05
"""The expected share of customers who reach a message's goal while nothing is known."""

STAGES = ("visitor", "known", "buyer")
"""How far a customer has come."""

Shares = tuple[tuple[str, float], ...]
"""Arms with their shares, which add up to 1, in the playbook's order of variants."""


def bucket_of(channel: str, stage: str) -> str:
    """The context bucket a message is given in: its channel, and the customer's stage (visitor, known, buyer)."""
    return f"{channel}/{stage}"


class Learned(msgspec.Struct, frozen=True, omit_defaults=True):
    """A snapshot. `version` 0 is that of nothing learned: the prior's mean for all, and the playbook's own worth.

    `prior`: what is expected of a message that was never given, by what is known of others.
    `propensities`: message -> bucket ("" for the whole) -> expected share of customers who reach its goal.
    `variants`: message -> variant -> bucket -> the same of a variant, where a message was given in several.
    `values`: message -> worth of its goal, in the playbook's currency, where outcomes carried revenue.
    `best`: placement or moment -> stage -> "message@channel" -> Thompson probability of being worth most there.
    `splits`: experiment -> bucket ("" for the whole) -> shares of the arms (`split: learn`).
    """

    version: int = 0
    prior: float = PRIOR
    propensities: dict[str, dict[str, float]] = {}
    variants: dict[str, dict[str, dict[str, float]]] = {}
    values: dict[str, float] = {}
    best: dict[str, dict[str, dict[str, float]]] = {}
    splits: dict[str, dict[str, Shares]] = {}

    def propensity(self, message: str, bucket: str = "") -> float:
        """The expected share (0 to 1) of customers in the bucket who reach the message's goal once it is given."""
        known = self.propensities.get(message)
        if known is None:
            return self.prior
        return known.get(bucket) or known.get("", self.prior)

    def propensity_of(self, message: str, variant: str, bucket: str = "") -> float:
        """The same of one of the message's variants; the message's own where nothing is known of the variant."""
        known = self.variants.get(message, {}).get(variant)
        if known is None:
            return self.propensity(message, bucket)
        return known.get(bucket) or known[""]

    def value(self, message: str, stated: float) -> float:
        """What reaching the goal is worth: learned of revenue, else as the playbook states it."""
        return self.values.get(message, stated)

    def chance_of_best(self, where: str, stage: str, message: str, channel: str) -> float | None:
        """The probability that the message is worth most there; None while nothing is known of it."""
        return self.best.get(where, {}).get(stage, {}).get(f"{message}@{channel}")

    def split(self, experiment: str, bucket: str) -> Shares | None:
        """The learned shares of an experiment's arms; None while nothing is known."""
        known = self.splits.get(experiment)
        return None if known is None else known.get(bucket) or known.get("")
