"""A playbook version ready to run: conditions compiled, messages indexed, features listed.

Made by `chalicelib.domain.playbook.compiler.compile_playbook(playbook, version) -> Rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.conditions.model import Condition, Feature
from chalicelib.domain.playbook.model import Message, Moment, Playbook
from chalicelib.domain.profile import Activity, FeatureState


@dataclass(slots=True)
class Subject:
    """What a condition may look at: built once per decision, read by the compiled checks.

    `traits` are plain values. `event` is the triggering event as JSON ({} if none). `permissions` maps
    (channel, topic) to granted, denied, pending or never. `received` maps a message to its latest contact
    (ms). `segments` are the names of those the customer is in. `since` limits `did` to later events
    (exclusive ms; for `unless`). `zone` is an IANA name: the customer's clock.
    """

    now: int
    traits: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    event: Mapping[str, Any] = field(default_factory=dict)
    activity: Mapping[str, Activity] = field(default_factory=dict)
    features: Mapping[str, FeatureState] = field(default_factory=dict)
    segments: frozenset[str] = frozenset()
    scores: Mapping[str, float] = field(default_factory=dict)
    permissions: Mapping[tuple[str, str], str] = field(default_factory=dict)
    received: Mapping[str, int] = field(default_factory=dict)
    place: str = ""
    zone: str = "UTC"
    since: int = 0


Check = Callable[[Subject], bool]


@dataclass(frozen=True, slots=True)
class MessageRules:
    """A message and its compiled parts. `check` is its `for` (None: everybody)."""

    message: Message
    check: Check | None
    weights: tuple[tuple[Check, float], ...]
    goal: Check | None
    goal_within: int


@dataclass(frozen=True, slots=True)
class MomentRules:
    """A moment and its compiled parts."""

    moment: Moment
    when: Check | None
    unless: Check | None


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything a worker needs of one playbook version, looked up by what happened.

    `segments` are in an order in which each is after those it refers to. `by_event` is keyed by event
    title, `by_segment` by (segment, "enters" | "leaves"). `features_by_event` lists what to fold.
    `fingerprint` names what profiles must keep for these rules: equal needs, equal name. `timed` are the segments'
    conditions that time alone may turn, and whether each looks at a place. `plans` are made when first asked for
    (`plans.plan_for`).
    """

    version: int
    playbook: Playbook
    features: Mapping[str, Feature]
    features_by_event: Mapping[str, tuple[tuple[Feature, Check | None], ...]]
    segments: Mapping[str, Check]
    by_event: Mapping[str, tuple[MomentRules, ...]]
    by_segment: Mapping[tuple[str, str], tuple[MomentRules, ...]]
    moments: Mapping[str, MomentRules]
    messages: Mapping[str, MessageRules]
    by_moment: Mapping[str, tuple[MessageRules, ...]]
    by_placement: Mapping[str, tuple[MessageRules, ...]]
    suppress: tuple[tuple[str, Check], ...]
    fingerprint: str = ""
    timed: tuple[tuple[Condition, bool], ...] = ()
    plans: dict[tuple[str, str], Any] = field(default_factory=dict, compare=False, repr=False)
