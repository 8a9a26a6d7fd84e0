"""Score, draw, variant: which of the messages that may be given is given, and with what probability."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter

from chalicelib.domain.chance import chance, choose_arm
from chalicelib.domain.decision import Reason
from chalicelib.domain.learning import Learned
from chalicelib.domain.playbook.model import Experiment, Playbook, Variant
from chalicelib.domain.profile import Ledger
from chalicelib.domain.rules import MessageRules, Subject

Scored = tuple[float, MessageRules, str]
"""What giving a message is expected to be worth, the message, and the channel. A plain tuple: there are many."""


@dataclass(frozen=True, slots=True)
class Arm:
    """The variant a customer gets, by which experiment ("" for none), with what probability."""

    variant: str
    experiment: str
    probability: float


def weight_of(rules: MessageRules, subject: Subject) -> float:
    """The moment's weight: the product of the weights whose condition holds."""
    weight = 1.0
    for check, times in rules.weights:
        if check(subject):
            weight *= times
    return weight


def score_of(rules: MessageRules, subject: Subject, learned: Learned) -> float:
    """Propensity x value x weight x boost, in the playbook's currency."""
    message = rules.message
    worth = learned.propensity(message.name) * message.value * message.boost
    return worth * weight_of(rules, subject) if rules.weights else worth


def parts_of(rules: MessageRules, subject: Subject, learned: Learned) -> dict[str, float]:
    """The factors of the score."""
    message = rules.message
    return {
        "propensity": learned.propensity(message.name),
        "value": message.value,
        "weight": weight_of(rules, subject),
        "boost": message.boost,
    }


def is_held_out(seed: str, share: float) -> bool:
    """Whether the customer is in the share that hears service messages only."""
    return share > 0 and chance("holdout", seed) < share


def scored(
    wanted: Iterable[tuple[MessageRules, str]],
    subject: Subject,
    learned: Learned,
    below: float,
    ruled_out: dict[str, Reason],
) -> list[Scored]:
    """What doing each is worth. Doing nothing is worth 0: what is worth no more, or under `below`, is not said."""
    worth_saying: list[Scored] = []
    propensity = learned.propensity
    for rules, channel in wanted:
        message = rules.message
        # `score_of`, written out: there may be a thousand.
        score = propensity(message.name) * message.value * message.boost
        if rules.weights:
            score *= weight_of(rules, subject)
        if score < below or score <= 0:
            ruled_out[message.name] = "below-silence"
        else:
            worth_saying.append((score, rules, channel))
    return worth_saying


class Ranking:
    """Messages in the order to give them, and each one's probability of being the first.

    Outside the exploring `share` the best is first, of equals the earlier in the playbook. Inside it, the
    first is drawn with probability proportional to score. Both are hashes of `draw`, which names customer
    and moment.
    """

    def __init__(self, worth_saying: Iterable[Scored], share: float, draw: str) -> None:
        self.order = sorted(worth_saying, key=itemgetter(0), reverse=True)
        self._share = share if self.order else 0.0
        self._best = self.order[0] if self.order else None
        self._total = sum(one[0] for one in self.order) if self._share else 0.0
        if self._share and chance("explore", draw) < self._share:
            drawn = self._drawn(chance("explore-choice", draw))
            self.order.insert(0, self.order.pop(drawn))

    def probability(self, one: Scored) -> float:
        """The probability that this message is the first."""
        best = 1.0 if one is self._best else 0.0
        return (self._share * one[0] / self._total if self._share else 0.0) + (1 - self._share) * best

    def _drawn(self, at: float) -> int:
        reached = 0.0
        for index, one in enumerate(self.order):
            reached += one[0] / self._total
            if at < reached:
                return index
        return len(self.order) - 1


def arm_of(rules: MessageRules, playbook: Playbook, ledger: Ledger, seed: str) -> Arm:
    """The customer's variant of a message: the earliest assignment stands, else the experiment's hash decides.

    Without an experiment it is the first variant.
    """
    variants = rules.message.variants
    first = next(iter(variants), "")
    for experiment in playbook.experiments.values():
        if experiment.message == rules.message.name:
            split = _split(experiment, variants)
            assigned = ledger.arms.get(experiment.name)
            if assigned is not None and assigned[0] in variants:
                return Arm(assigned[0], experiment.name, dict(split).get(assigned[0], 1.0))
            chosen = choose_arm(chance(experiment.name, seed), split)
            if chosen is not None and chosen[0] in variants:
                return Arm(chosen[0], experiment.name, chosen[1])
            return Arm(first, "", 1.0)
    return Arm(first, "", 1.0)


def has_content(rules: MessageRules, variant: str, channel: str) -> bool:
    """Whether the variant says anything on the channel."""
    known = rules.message.variants.get(variant)
    return known is not None and channel in known.said_on


def _split(experiment: Experiment, variants: dict[str, Variant]) -> tuple[tuple[str, float], ...]:
    if experiment.split and not experiment.learn:
        return experiment.split
    # What was learned will set these shares; until then every arm gets the same.
    arms = [arm for arm, _ in experiment.split] or list(variants)
    return tuple((arm, 1 / len(arms)) for arm in arms)
