"""Making a snapshot: from what was counted of messages to what deciding looks up, under a playbook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from chalicelib.domain.cells import MESSAGE, Cells, add, named, parts_of
from chalicelib.domain.learning import STAGES, Learned, Shares, bucket_of
from chalicelib.domain.playbook.model import Experiment, Message, Playbook
from chalicelib.domain.posteriors import Posteriors
from chalicelib.domain.thompson import chances_of_best

VALUE_WEIGHT = 20.0
"""How many earning goals the playbook's stated worth weighs against those that were counted."""
SMALLEST_ARM = 0.01
"""The least share of an experiment's arm, so that learning never stops (of more than 50 arms: half an even share)."""
SMALLEST_CHANCE = 0.1
"""This part of the chances of being best is shared out evenly, so that every candidate has some; but no more than
`MOST_FLOOR` each."""
MOST_FLOOR = 0.01

NEVER_GIVEN = ""
"""No message has this name: what is believed of it is believed of any message that was never given."""

Pair = tuple[str, str]
"""A message's name and the channel it would take."""


def learn(cells: Mapping[str, Sequence[float]], playbook: Playbook) -> Learned:
    """What the sums of message cells teach; its version is 0. Of what was never given, it says nothing."""
    posteriors = Posteriors(cells)
    values = _values(cells, playbook)
    return Learned(
        prior=round(posteriors.message(NEVER_GIVEN).mean, 6),
        propensities={name: _propensities(posteriors, name) for name in sorted(posteriors.tried)},
        variants={
            name: _variants(posteriors, name)
            for name, variants in sorted(posteriors.tried.items())
            if len(variants) > 1
        },
        values=values,
        best={
            where: found
            for where, pairs in candidates(playbook).items()
            if (found := _best(posteriors, playbook, values, pairs))
        },
        splits={
            experiment.name: _splits(posteriors, playbook, experiment)
            for experiment in playbook.experiments.values()
            if experiment.learn and experiment.message in posteriors.tried
        },
    )


def candidates(playbook: Playbook) -> dict[str, list[Pair]]:
    """What may be given at each placement and moment, and on which channel; service messages are in no contest."""
    found: dict[str, list[Pair]] = {where: [] for where in (*playbook.placements, *playbook.moments)}
    for message in playbook.messages.values():
        if message.kind != "service":
            for where, channel in _ways(message, playbook):
                found[where].append((message.name, channel))
    return found


def _ways(message: Message, playbook: Playbook) -> Iterator[tuple[str, str]]:
    yield from ((where, playbook.placements[where]) for where in message.placements)
    yield from ((moment, channel) for moment in message.moments for channel in message.channels)


def _propensities(posteriors: Posteriors, name: str) -> dict[str, float]:
    buckets = ("", *sorted(posteriors.buckets(name)))
    return {bucket: round(posteriors.message(name, bucket).mean, 6) for bucket in buckets}


def _variants(posteriors: Posteriors, name: str) -> dict[str, dict[str, float]]:
    return {
        variant: {
            bucket: round(posteriors.variant(name, variant, bucket).mean, 6)
            for bucket in ("", *sorted(buckets))
        }
        for variant, buckets in sorted(posteriors.tried[name].items())
    }


def _values(cells: Mapping[str, Sequence[float]], playbook: Playbook) -> dict[str, float]:
    """Mean revenue of a goal that earned, with the stated worth as `VALUE_WEIGHT` more of them."""
    earned: Cells = {}
    for key, sums in cells.items():
        kind, name, *_ = parts_of(key)
        if kind == "m" and name in playbook.messages:
            add(earned, {name: sums})
    found = {}
    for name, sums in sorted(earned.items()):
        of = named(MESSAGE, sums)
        if of["orders"] > 0:
            stated = playbook.messages[name].value * VALUE_WEIGHT
            found[name] = round((stated + of["revenue"]) / (VALUE_WEIGHT + of["orders"]), 4)
    return found


def _best(
    posteriors: Posteriors, playbook: Playbook, values: Mapping[str, float], pairs: Sequence[Pair]
) -> dict[str, dict[str, float]]:
    if not any(name in posteriors.tried for name, _ in pairs):
        return {}
    return {stage: _best_in(stage, posteriors, playbook, values, pairs) for stage in STAGES}


def _best_in(
    stage: str,
    posteriors: Posteriors,
    playbook: Playbook,
    values: Mapping[str, float],
    pairs: Sequence[Pair],
) -> dict[str, float]:
    rivals = []
    for name, channel in pairs:
        message = playbook.messages[name]
        belief = posteriors.message(name, bucket_of(channel, stage))
        rivals.append((belief, values.get(name, message.value) * message.boost))
    floor = min(MOST_FLOOR, SMALLEST_CHANCE / len(pairs))
    chances = chances_of_best(rivals)
    rest = 1 - floor * len(pairs)
    return {
        f"{name}@{channel}": round(floor + rest * chance, 7)
        for (name, channel), chance in zip(pairs, chances, strict=True)
    }


def _splits(posteriors: Posteriors, playbook: Playbook, experiment: Experiment) -> dict[str, Shares]:
    arms = tuple(playbook.messages[experiment.message].variants)
    return {
        bucket: shares_of(
            arms,
            chances_of_best([(posteriors.variant(experiment.message, arm, bucket), 1.0) for arm in arms]),
        )
        for bucket in ("", *sorted(posteriors.buckets(experiment.message)))
    }


def shares_of(arms: Sequence[str], chances: Sequence[float]) -> Shares:
    """Arms with shares that add up to 1 in ten-thousandths, which is how finely chance is cut (`chance.chance`)."""
    floor = min(SMALLEST_ARM, 0.5 / len(arms))
    parts = [round((floor + (1 - floor * len(arms)) * chance) * 10_000) for chance in chances]
    parts[parts.index(max(parts))] += 10_000 - sum(parts)
    return tuple((arm, part / 10_000) for arm, part in zip(arms, parts, strict=True))
