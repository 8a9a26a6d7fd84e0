"""Score, draw, variant: which of the messages that may be given is given, and with what probability."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from operator import itemgetter

from chalicelib.domain.chance import chance, choose_arm
from chalicelib.domain.decision import Reason
from chalicelib.domain.learning import Learned, Shares, bucket_of
from chalicelib.domain.playbook.model import Experiment, Variant
from chalicelib.domain.rules import MessageRules
from chalicelib.domain.view import View

Scored = tuple[float, MessageRules, str]
"""What giving a message is expected to be worth, the message, and the channel. A plain tuple: there are many."""


@dataclass(frozen=True, slots=True)
class Arm:
    """The variant a customer gets, by which experiment it stays theirs ("" for none), with what probability."""

    variant: str
    experiment: str
    probability: float


def weight_of(rules: MessageRules, view: View) -> float:
    """The moment's weight: the product of the weights whose condition holds."""
    weight = 1.0
    for check, times in rules.weights:
        if view.holds(check):
            weight *= times
    return weight


def parts_of(rules: MessageRules, channel: str, view: View, learned: Learned) -> dict[str, float]:
    """The factors of the score: propensity, value, weight, boost."""
    message = rules.message
    return {
        "propensity": learned.propensity(message.name, bucket_of(channel, view.stage)),
        "value": learned.value(message.name, message.value),
        "weight": weight_of(rules, view),
        "boost": message.boost,
    }


def score_of(rules: MessageRules, channel: str, view: View, learned: Learned) -> float:
    """Propensity x value x weight x boost, in the playbook's currency."""
    parts = parts_of(rules, channel, view, learned)
    return parts["propensity"] * parts["value"] * parts["boost"] * parts["weight"]


def is_held_out(seed: str, share: float) -> bool:
    """Whether the customer is in the share that hears service messages only."""
    return share > 0 and chance("holdout", seed) < share


def scored(
    wanted: Iterable[tuple[MessageRules, str]],
    view: View,
    learned: Learned,
    reasons: Counter[Reason],
    ruled_out: MutableMapping[str, Reason] | None,
) -> list[Scored]:
    """What doing each is worth. Doing nothing is worth 0: what is worth no more, or under `silence`, is not said."""
    worth_saying: list[Scored] = []
    below = view.rules.playbook.policies.silence
    buckets: dict[str, str] = {}
    propensities, values, prior = learned.propensities, learned.values, learned.prior
    quiet = 0
    for rules, channel in wanted:
        message = rules.message
        name = message.name
        # `score_of`, written out: there may be a thousand.
        expected = prior
        known = propensities.get(name)
        if known is not None:
            bucket = buckets.get(channel) or buckets.setdefault(channel, bucket_of(channel, view.stage))
            expected = known.get(bucket) or known.get("", prior)
        score = expected * values.get(name, message.value) * message.boost
        if rules.weights:
            score *= weight_of(rules, view)
        if score < below or score <= 0:
            quiet += 1
            if ruled_out is not None:
                ruled_out[name] = "below-silence"
        else:
            worth_saying.append((score, rules, channel))
    if quiet:
        reasons["below-silence"] += quiet
    return worth_saying


class Ranking:
    """Messages in the order to give them, and each one's probability of being the first.

    Outside the exploring `share` the best is first, of equals the earlier in the playbook. Inside it, the first is
    drawn by the learned probability of being worth most (Thompson), while nothing is learned by score. Both are
    hashes of `draw`, which names customer and moment.
    """

    def __init__(
        self, worth_saying: Iterable[Scored], share: float, draw: str, learned: Mapping[str, float]
    ) -> None:
        self.order = sorted(worth_saying, key=itemgetter(0), reverse=True)
        self._share = share if self.order else 0.0
        self._best = self.order[0] if self.order else None
        self._odds = _odds(self.order, learned) if self._share else []
        self._total = sum(self._odds)
        self._of = {id(one): odds for one, odds in zip(self.order, self._odds, strict=False)}
        if self._share and chance("explore", draw) < self._share:
            drawn = self._drawn(chance("explore-choice", draw))
            self.order.insert(0, self.order.pop(drawn))

    def probability(self, one: Scored) -> float:
        """The probability that this message is the first."""
        best = 1.0 if one is self._best else 0.0
        if not self._share:
            return best
        return self._share * self._of[id(one)] / self._total + (1 - self._share) * best

    def _drawn(self, at: float) -> int:
        reached = 0.0
        for index, odds in enumerate(self._odds):
            reached += odds / self._total
            if at < reached:
                return index
        return len(self.order) - 1


def _odds(order: list[Scored], learned: Mapping[str, float]) -> list[float]:
    """How the drawn share is shared out. A message of which nothing is known has as good a chance as the others."""
    known = [learned.get(f"{rules.message.name}@{channel}") for _, rules, channel in order]
    there = [one for one in known if one is not None]
    if not there or not sum(there):
        return [one[0] for one in order]
    mean = sum(there) / len(there)
    return [mean if one is None else one for one in known]


def arm_of(rules: MessageRules, channel: str, view: View, learned: Learned) -> Arm:
    """The customer's variant of a message: the earliest assignment stands, else the experiment's hash decides.

    Where the shares are learned, the same hash falls into them as they are now: a customer's variant changes only
    where a boundary moves past them. Without an experiment it is the first variant.
    """
    variants = rules.message.variants
    first = Arm(next(iter(variants), ""), "", 1.0)
    experiment = view.rules.playbook.experiment_on(rules.message.name)
    if experiment is None:
        return first
    if experiment.learn:
        shares = learned.split(experiment.name, bucket_of(channel, view.stage)) or _evenly(
            experiment, variants
        )
        return _drawn_arm(experiment, view, shares, variants, "") or first
    assigned = view.arms.get(experiment.name)
    if assigned is not None and assigned[0] in variants:
        return Arm(assigned[0], experiment.name, dict(experiment.split).get(assigned[0], 1.0))
    return _drawn_arm(experiment, view, experiment.split, variants, experiment.name) or first


def shares_of(rules: MessageRules, channel: str, view: View, learned: Learned) -> Shares:
    """With what probability each variant of a message is drawn for a customer who has none assigned yet."""
    variants = rules.message.variants
    experiment = view.rules.playbook.experiment_on(rules.message.name)
    if experiment is None:
        return ((next(iter(variants), ""), 1.0),)
    if not experiment.learn:
        return tuple((arm, share) for arm, share in experiment.split if arm in variants)
    learned_shares = learned.split(experiment.name, bucket_of(channel, view.stage))
    return learned_shares or _evenly(experiment, variants)


def _drawn_arm(
    experiment: Experiment, view: View, shares: Shares, variants: Mapping[str, Variant], kept: str
) -> Arm | None:
    chosen = choose_arm(chance(experiment.name, view.seed), shares)
    return Arm(chosen[0], kept, chosen[1]) if chosen is not None and chosen[0] in variants else None


def _evenly(experiment: Experiment, variants: Mapping[str, Variant]) -> Shares:
    """While nothing is learned, every arm gets the same."""
    arms = [arm for arm, _ in experiment.split] or list(variants)
    return tuple((arm, 1 / len(arms)) for arm in arms)


def has_content(rules: MessageRules, variant: str, channel: str) -> bool:
    """Whether the variant says anything on the channel."""
    known = rules.message.variants.get(variant)
    return known is not None and channel in known.said_on
