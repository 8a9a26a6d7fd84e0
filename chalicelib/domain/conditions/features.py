"""What facts must keep so that conditions can be answered: one feature for equal needs."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from chalicelib.domain.conditions.model import All, Any_, Compare, Condition, Did, Feature, Not, Received

#: How far back sums are kept for a `did` that only counts from a moment on (an `unless`, a goal).
SINCE_WITHIN = 90 * 86_400_000
_ONE_MORE = frozenset({"above", "at_most", "is", "is_not"})


def feature_key(event: str, where: tuple[Compare, ...], total: str) -> str:
    """A short stable name of what is counted: 48 bits of a hash, in base 32."""
    parts = sorted(msgspec.json.encode(one) for one in where)
    text = msgspec.json.encode([event, [part.decode() for part in parts], total])
    return base64.b32encode(hashlib.blake2b(text, digest_size=6).digest()).decode().rstrip("=").lower()


def with_feature(did: Did, *, since: bool) -> Did:
    """The same `did` knowing its feature, if it needs one. `since`: it may be asked from a moment on."""
    if not (since or did.where or did.total or did.within):
        return did
    return msgspec.structs.replace(did, feature=feature_key(did.event, did.where, did.total))


def feature_of(did: Did) -> Feature:
    """What this `did` alone needs; it has a feature."""
    within = did.within or (SINCE_WITHIN if did.total else 0)
    keep = 1 if did.total else max(1, math.ceil(did.value) + (did.operator in _ONE_MORE))
    return Feature(did.feature, did.event, did.where, keep, within, did.total)


def merged(features: Iterable[Feature]) -> dict[str, Feature]:
    """One feature for each key, keeping enough for all who ask (`within` 0 is for ever)."""
    found: dict[str, Feature] = {}
    for one in features:
        other = found.get(one.key, one)
        within = max(one.within, other.within) if one.within and other.within else 0
        found[one.key] = msgspec.structs.replace(other, keep=max(one.keep, other.keep), within=within)
    return found


def features_in(condition: Condition | None) -> Iterator[Feature]:
    """The features a condition needs, repeats included."""
    for one in parts(condition):
        if isinstance(one, Did) and one.feature:
            yield feature_of(one)


def parts(condition: Condition | None) -> Iterator[Condition]:
    """The conditions in a condition that are not made of others, from left to right."""
    if isinstance(condition, All | Any_):
        for one in condition.of:
            yield from parts(one)
    elif isinstance(condition, Not):
        yield from parts(condition.of)
    elif condition is not None:
        yield condition


def is_timed(part: Condition) -> bool:
    """Whether time alone may turn a condition that is not made of others (`changes.next_change` says when)."""
    if isinstance(part, Compare):
        return part.operator in ("within", "anniversary")
    return isinstance(part, Did | Received)


def needs(features: Iterable[Feature], segments: Mapping[str, Condition]) -> str:
    """A short name of what profiles must keep for these features and segments: equal needs, equal name."""
    by_key = sorted(features, key=lambda one: one.key)
    text = msgspec.json.encode([by_key, segments], order="sorted")
    return hashlib.blake2b(text, digest_size=6).hexdigest()
