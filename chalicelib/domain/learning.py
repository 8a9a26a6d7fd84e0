"""What was learned of how customers respond: the propensity that enters every score."""

from __future__ import annotations

from dataclasses import dataclass

PRIOR = 0.05


@dataclass(frozen=True, slots=True)
class Learned:
    """How likely a message's goal is once it is given. Until anything is learned, the prior's mean for all."""

    prior: float = PRIOR

    def propensity(self, message: str) -> float:
        """The expected share of customers who reach the message's goal (0 to 1)."""
        del message  # one prior for every message
        return self.prior
