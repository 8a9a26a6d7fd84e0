"""Kinds of identifier: how they may be named, which rule each follows, and which is stronger.

Names are compared as they are sent: `loyalty` and `Loyalty` are two kinds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from chalicelib.domain.playbook.model import DEFAULT_IDENTIFIERS, IdentifierRule

#: Kinds whose values may pass from one customer to another (a browser, a tablet, a phone's app).
CHANGES_HANDS = frozenset({"anonymous", "device"})
#: Names that homes and events use among themselves: an alias's earlier id, a home that is no identifier's, a timeline.
INTERNAL = frozenset({"previous", "minted", "timeline"})
#: No colon: a home is the hash of `kind:value`, and `user:1` of kind `a` must not be `1` of kind `a:user`.
FORM = re.compile(r"[A-Za-z0-9_.-]{1,64}")
#: What kinds that nobody ranked count as, in the order of kinds; no kind can be named so.
OTHERS = "*"


def is_kind(name: str) -> bool:
    """Whether an identifier may be of this kind."""
    return FORM.fullmatch(name) is not None and name not in INTERNAL


def rule_of(rules: Sequence[IdentifierRule], kind: str) -> IdentifierRule:
    """The playbook's rule for a kind; where it names none, the default, and for other kinds 100 values."""
    named = next((rule for rule in rules if rule.kind == kind), None)
    usual = next((rule for rule in DEFAULT_IDENTIFIERS if rule.kind == kind), None)
    return named or usual or IdentifierRule(kind)


def ranks(rules: Sequence[IdentifierRule]) -> dict[str, int]:
    """As `_ranks`, once for equal rules."""
    return _ranks(tuple(rules))


@lru_cache(maxsize=64)
def _ranks(rules: tuple[IdentifierRule, ...]) -> dict[str, int]:
    """Strength by kind, 0 strongest: the playbook's order, kinds nobody ranked next, then what changes hands.

    A default kind that the playbook doesn't name comes right after those that are stronger by default: where
    only `loyalty` is named, `user`, `email` and `phone` come before it, where only `email` is, `user` does.
    """
    steady = [rule.kind for rule in rules if rule.kind not in CHANGES_HANDS]
    usual = [rule.kind for rule in DEFAULT_IDENTIFIERS if rule.kind not in CHANGES_HANDS]
    for at, kind in enumerate(usual):
        if kind not in steady:
            steady.insert(max((steady.index(one) + 1 for one in usual[:at]), default=0), kind)
    return {kind: at for at, kind in enumerate([*steady, OTHERS, "anonymous", "device"])}


def rank(order: dict[str, int], kind: str) -> int:
    """The strength of a kind under `ranks`; kinds nobody ranked come after those that somebody did."""
    return order.get(kind, order[OTHERS])
