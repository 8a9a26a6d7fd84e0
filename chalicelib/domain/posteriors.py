"""What is believed of each message and variant after what was counted: hierarchical Beta-Binomial.

    all messages -> message -> the message in a bucket (channel and stage)
                            -> variant               -> the variant in a bucket

Each is shrunk towards what is above it. That prior is made from everything counted above but the child's own trials,
so nothing counts twice; its strength is that knowledge with the spread of children around their parent on top, which
is estimated from all families together (`beliefs.likeness`). Source: Gelman et al., Bayesian Data Analysis (3rd ed.),
chapter 5; empirical Bayes by moments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from chalicelib.domain.beliefs import Belief, Trials, likeness
from chalicelib.domain.cells import MESSAGE, named, parts_of
from chalicelib.domain.learning import PRIOR, bucket_of

PRIOR_STRENGTH = 20.0
"""How many trials the prior (`PRIOR`) is worth."""
MESSAGES_ALIKE, BUCKETS_ALIKE, VARIANTS_ALIKE = 50.0, 200.0, 200.0
"""The strengths with which messages lie around all, buckets around their message, and variants around theirs, while
there are too few of them to tell: a relative spread of about 60%, 30% and 30% at a share of 5%."""

Tried = dict[str, dict[str, Trials]]
"""Variant -> bucket -> trials."""


class Posteriors:
    """Beliefs about the share of customers who reach a message's goal once it is given, from message cells."""

    def __init__(self, cells: Mapping[str, Sequence[float]]) -> None:
        self.tried = _tried(cells)
        self._of_variant = {
            name: {variant: _sum(buckets.values()) for variant, buckets in variants.items()}
            for name, variants in self.tried.items()
        }
        self._in_bucket = {name: _by_bucket(variants) for name, variants in self.tried.items()}
        self._whole = {name: _sum(variants.values()) for name, variants in self._of_variant.items()}
        self._all = _sum(self._whole.values())
        self._messages_alike = likeness([tuple(self._whole.values())], MESSAGES_ALIKE)
        self._buckets_alike = likeness((tuple(b.values()) for b in self._in_bucket.values()), BUCKETS_ALIKE)
        self._variants_alike = likeness(_variants_by_bucket(self.tried), VARIANTS_ALIKE)
        self._top = Belief(PRIOR, PRIOR_STRENGTH)

    def buckets(self, message: str) -> Iterable[str]:
        """The buckets in which the message was given."""
        return self._in_bucket.get(message, {})

    def message(self, name: str, bucket: str = "") -> Belief:
        """The belief about a message, in a bucket or ("") as a whole. Of one never given, what is expected of any."""
        before = self._before(name)
        whole = self._whole.get(name, NONE)
        if not bucket:
            return before.seen(whole)
        here = self._in_bucket.get(name, {}).get(bucket, NONE)
        return before.seen(_without(whole, here)).spread(self._buckets_alike).seen(here)

    def variant(self, message: str, variant: str, bucket: str = "") -> Belief:
        """The belief about a variant, in a bucket or as a whole.

        In a bucket the prior is what the others do there, times how the variant does beside them elsewhere: what a
        bucket does to all variants is no merit of any.
        """
        whole, mine = self._whole.get(message, NONE), self._of_variant.get(message, {}).get(variant, NONE)
        before = self._before(message)
        if not bucket:
            return before.seen(_without(whole, mine)).spread(self._variants_alike).seen(mine)
        here = self._in_bucket.get(message, {}).get(bucket, NONE)
        mine_here = self.tried.get(message, {}).get(variant, {}).get(bucket, NONE)
        whole_out, mine_out = _without(whole, here), _without(mine, mine_here)
        out = before.seen(whole_out)
        others_out = before.seen(_without(whole_out, mine_out))
        beside = others_out.spread(self._variants_alike).seen(mine_out).mean / others_out.mean
        others_here = out.spread(self._buckets_alike).seen(_without(here, mine_here))
        return others_here.around(others_here.mean * beside).spread(self._variants_alike).seen(mine_here)

    def _before(self, message: str) -> Belief:
        """What is expected of a message by all others."""
        others = _without(self._all, self._whole.get(message, NONE))
        return self._top.seen(others).spread(self._messages_alike)


NONE: Trials = (0.0, 0.0)


def _tried(cells: Mapping[str, Sequence[float]]) -> dict[str, Tried]:
    tried: defaultdict[str, Tried] = defaultdict(dict)
    for key, sums in cells.items():
        kind, *what = parts_of(key)
        if kind == "m":
            message, variant, channel, stage = what
            counted = named(MESSAGE, sums)
            shown = max(counted["shown"], 0.0)
            trials = (shown, min(max(counted["reached"], 0.0), shown))
            tried[message].setdefault(variant, {})[bucket_of(channel, stage)] = trials
    return tried


def _by_bucket(variants: Tried) -> dict[str, Trials]:
    found: dict[str, Trials] = {}
    for buckets in variants.values():
        for bucket, trials in buckets.items():
            found[bucket] = _sum((found.get(bucket, NONE), trials))
    return found


def _variants_by_bucket(tried: Mapping[str, Tried]) -> Iterator[list[Trials]]:
    """Variants beside each other where all else is equal: in one bucket of one message."""
    for variants in tried.values():
        beside: defaultdict[str, list[Trials]] = defaultdict(list)
        for buckets in variants.values():
            for bucket, trials in buckets.items():
                beside[bucket].append(trials)
        yield from beside.values()


def _sum(trials: Iterable[Trials]) -> Trials:
    tried = succeeded = 0.0
    for more, good in trials:
        tried, succeeded = tried + more, succeeded + good
    return tried, succeeded


def _without(whole: Trials, part: Trials) -> Trials:
    return max(whole[0] - part[0], 0.0), max(whole[1] - part[1], 0.0)
