"""Trying out a moment: what it would ask about a customer. Pure; stores nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import msgspec

from chalicelib.domain.decision import Ask
from chalicelib.domain.errors import BadRequest
from chalicelib.domain.events import Event
from chalicelib.domain.facts import event_view, fold, told_view
from chalicelib.domain.made_up import MADE_UP, typed
from chalicelib.domain.profile import Profile
from chalicelib.domain.rules import MomentRules, Rules, Subject
from chalicelib.domain.segment_calls import Receipt, event_of
from chalicelib.domain.subject import subject_of


class _Moment(msgspec.Struct):
    placement: str = ""
    context: dict[str, Any] = {}
    limit: int = 1
    event: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What would be asked: the profile as it would be by then, the question, and the rules."""

    profile: Profile
    ask: Ask
    rules: Rules


def rehearse(profile: Profile, sent: Mapping[str, Any], rules: Rules, now: int) -> Iterator[Rehearsed]:
    """What the moment would ask: its placement, or every moment of the playbook that its event triggers.

    A hold is taken as if nothing had come in between. Raises `BadRequest`.
    """
    moment = typed(sent, _Moment, "moment")
    if bool(moment.placement) == (moment.event is not None):
        raise BadRequest("invalid-simulation", "Send a moment with either `placement` or `event`.", "moment")
    if moment.event is None:
        if moment.placement not in rules.playbook.placements:
            raise BadRequest("unknown-placement", "The playbook has no such placement.", "moment.placement")
        ask = Ask(f"simulated:{now}", placement=moment.placement, context=moment.context, limit=moment.limit)
        yield Rehearsed(profile, ask, rules)
        return
    event = _event(moment.event, moment.context, now)
    before = subject_of(profile, rules, now).segments
    after = deepcopy(profile)
    fold(after, event, rules)
    for one in _triggered(after, event, before, rules, now):
        ask = Ask(event.message_id, moment=one.moment.name, context=event.context, event=told_view(event))
        yield Rehearsed(after, ask, rules)


def _triggered(
    profile: Profile, event: Event, before: frozenset[str], rules: Rules, now: int
) -> Iterator[MomentRules]:
    subject: Subject = subject_of(profile, rules, now, context=event.context, event=event_view(event))
    for one in rules.by_event.get(event.title, ()):
        if one.when is None or one.when(subject):
            yield one
    for name in rules.segments:
        if (name in subject.segments) != (name in before):
            yield from rules.by_segment.get((name, "enters" if name in subject.segments else "leaves"), ())


def _event(sent: dict[str, Any], context: dict[str, Any], now: int) -> Event:
    call = {
        "type": "track",
        "anonymousId": MADE_UP,
        **sent,
        "context": {**context, **(sent.get("context") or {})},
    }
    receipt = Receipt(now, "operator", lambda *_: False, lambda: f"simulated:{now}")
    return event_of(msgspec.json.encode(call), receipt)
