"""A decision's record: what was chosen, the ten best, counts by reason, and the facts that were read; under 2 KB.

The facts are what the decision's view was asked (`view.py`), so the same decision follows from the record, the
playbook's version and the snapshot's, bit for bit. Where the facts themselves are too long, the record keeps which
of the conditions held instead, a bit for each.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from chalicelib.domain.decision import Ask, Considered, Decision
from chalicelib.domain.fitting import RECORD_AT_MOST, fitted
from chalicelib.domain.plans import Plan, plan_for
from chalicelib.domain.profile import Activity, FeatureState, Offer
from chalicelib.domain.reads import Path, picked
from chalicelib.domain.rules import Check, Rules, Subject
from chalicelib.domain.sifting import Way
from chalicelib.domain.standing import facts_of_moment
from chalicelib.domain.view import View

FACTS_AT_MOST = 900
"""Bytes of the facts among them; beyond, conditions' answers take their place."""

MOMENT_AT_MOST = 256
"""Bytes of facts of the moment that are kept although nothing read them."""

_PARTS = ("propensity", "value", "weight", "boost")
_READ = ("traits", "context", "event", "features", "activity", "permissions", "received")


def record_of(decision: Decision, ask: Ask) -> dict[str, Any]:
    """The decision as it is stored."""
    body: dict[str, Any] = {
        "decision": decision.id,
        "at": decision.at,
        "moment": ask.moment,
        "placement": ask.placement,
        "cause": ask.cause,
        "limit": ask.limit if ask.limit != 1 else 0,
        "outcome": decision.outcome,
        "playbook": decision.playbook,
        "learned": decision.learned,
        "probability": decision.probability,
        "tested": decision.tested,
        "stage": decision.stage,
        "reasons": dict(sorted(decision.reasons.items())),
        "choices": [_choice(msgspec.to_builtins(one), decision.id) for one in decision.choices],
        "considered": [_brief(one) for one in decision.considered],
        "facts": decision.facts,
    }
    return fitted({name: value for name, value in body.items() if value not in ("", {}, [], 0)})


def considered_in(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The ten best of a record: {"message", "channel", "score", "parts", "probability"} and a reason."""
    return [_told(one) for one in record.get("considered", ())]


def ask_in(record: Mapping[str, Any]) -> Ask:
    """The moment of a record; its context and event are as far as they were read."""
    return Ask(
        cause=record["cause"],
        moment=record.get("moment", ""),
        placement=record.get("placement", ""),
        limit=record.get("limit", 1),
    )


def view_in(record: Mapping[str, Any], rules: Rules) -> View:
    """What the decision read of its customer, under the rules it was made under. Raises KeyError if it was cut."""
    facts = record["facts"]
    plan = plan_for(rules, record.get("placement", ""), record.get("moment", ""))
    subject = _subject_in(record["at"], facts)
    return View(
        rules=rules,
        subject=subject,
        seed=facts["seed"],
        stage=record["stage"],
        off=facts.get("off", {}),
        arms={name: (arm, 0) for name, arm in facts.get("arms", {}).items()},
        offers=[Offer(*offer) for offer in facts.get("offers", ())],
        ways={
            group.key: _way_in(way)
            for group, way in zip(plan.groups, facts.get("ways", ()), strict=False)
            if way
        },
        room=facts.get("caps", None if rules.playbook.policies.caps else []),
        paused={topic: topic in facts.get("paused", ()) for topic in {key[0] for key in _keys(plan)}},
        quiet=facts.get("quiet", {}),
        answers=_answers_in(facts["holds"], plan) if "holds" in facts else None,
        whole_moment="holds" not in facts or "context" in facts,
    )


def facts_of(view: View, plan: Plan, ask: Ask) -> dict[str, Any]:
    """What the view was asked, and what the conditions of the plan read of the subject."""
    facts = {**_asked(view, plan, ask), **_read(view.subject, plan)}
    facts = {name: value for name, value in facts.items() if value not in ("", {}, [], None)}
    if view.answers is not None or len(msgspec.json.encode(facts)) > FACTS_AT_MOST:
        moment = facts_of_moment(view.subject.context)
        facts = {name: value for name, value in facts.items() if name not in _READ}
        if view.whole_moment and len(msgspec.json.encode(moment)) <= MOMENT_AT_MOST:
            facts["context"] = moment
        facts["holds"] = _bits(view.holds(check) for check in plan.checks)
    return facts


def _asked(view: View, plan: Plan, ask: Ask) -> dict[str, Any]:
    names = {one.message.name for _, one in plan.entries} if view.off or view.offers else set()
    return {
        "seed": view.seed,
        "off": {name: reason for name, reason in view.off.items() if name in names},
        "arms": _arms(view, plan),
        "offers": [
            [one.message, one.variant, one.decision, one.delivery, one.at, one.until]
            for one in view.offers
            if ask.placement and one.message in names
        ],
        "ways": _ways(view, plan),
        "caps": view.room,
        "paused": sorted(topic for topic, rests in view.paused.items() if rests),
        "quiet": dict(view.quiet),
        "zone": view.subject.zone,
        "place": view.subject.place,
        "segments": sorted(view.subject.segments & plan.reads.segments),
    }


def _ways(view: View, plan: Plan) -> list[str]:
    """By the plan's groups: the channel, or `!` and the reason there is none; "" where it was not asked."""
    found = (view.ways.get(group.key) for group in plan.groups)
    return ["" if way is None else way[0] if way[1] is None else f"!{way[1]}" for way in found]


def _way_in(told: str) -> Way:
    reason: Any = told[1:]
    return ("", reason) if told.startswith("!") else (told, None)


def _keys(plan: Plan) -> list[tuple[str, tuple[str, ...], bool]]:
    return [group.key for group in plan.groups]


def _arms(view: View, plan: Plan) -> dict[str, str]:
    if not view.arms:
        return {}
    names = {one.message.name for _, one in plan.entries}
    return {
        experiment.name: view.arms[experiment.name][0]
        for experiment in view.rules.playbook.experiments.values()
        if experiment.message in names and experiment.name in view.arms
    }


def _read(subject: Subject, plan: Plan) -> dict[str, Any]:
    reads = plan.reads
    return {
        "traits": {name: subject.traits[name] for name in sorted(reads.traits) if name in subject.traits},
        "context": _moment(subject, reads.context),
        "event": picked(subject.event, sorted(reads.event)),
        "features": {
            key: _feature(subject.features[key]) for key in sorted(reads.features) if key in subject.features
        },
        "activity": {
            name: subject.activity[name].total for name in sorted(reads.activity) if name in subject.activity
        },
        "permissions": {
            f"{channel}/{topic}": subject.permissions.get((channel, topic), "never")
            for channel, topic in sorted(reads.permissions)
        },
        "received": {
            name: subject.received[name] for name in sorted(reads.received) if name in subject.received
        },
    }


def _moment(subject: Subject, paths: Iterable[Path]) -> dict[str, Any]:
    """What was read of the moment, and all its facts where those are short: another playbook may ask for them."""
    read, facts = picked(subject.context, sorted(paths)), facts_of_moment(subject.context)
    short = len(msgspec.json.encode(facts)) <= MOMENT_AT_MOST
    return {**read, **facts} if short else read


def _feature(state: FeatureState) -> list[Any]:
    """Times without their ids; of a sum also its points, where hours begin, and the lifetime total."""
    times = [at for at, _ in state.times]
    if not state.points and not state.total:
        return [times]
    return [times, [[at, value] for at, value in state.points.items()], state.hours_before, state.total]


def _feature_in(told: Sequence[Any]) -> FeatureState:
    times = [(at, "") for at in told[0]]
    if len(told) == 1:
        return FeatureState(times)
    return FeatureState(times, dict(told[1]), told[2], told[3])


def _subject_in(now: int, facts: Mapping[str, Any]) -> Subject:
    event = facts.get("event", {})
    permissions = {}
    for key, state in facts.get("permissions", {}).items():
        channel, _, topic = key.partition("/")
        permissions[channel, topic] = state
    return Subject(
        now=now,
        traits=facts.get("traits", {}),
        context=facts.get("context", {}),
        event=event,
        activity={name: Activity(total, 0, 0) for name, total in facts.get("activity", {}).items()},
        features={key: _feature_in(told) for key, told in facts.get("features", {}).items()},
        segments=frozenset(facts.get("segments", ())),
        permissions=permissions,
        received=facts.get("received", {}),
        place=facts.get("place", ""),
        zone=facts.get("zone", "UTC"),
    )


def _bits(answers: Any) -> str:
    """Answers as bits, the first one lowest in the first byte, in base 64."""
    number = sum(bool(answer) << at for at, answer in enumerate(answers))
    return base64.b64encode(number.to_bytes((number.bit_length() + 7) // 8, "little")).decode()


def _answers_in(told: str, plan: Plan) -> frozenset[Check]:
    number = int.from_bytes(base64.b64decode(told), "little")
    return frozenset(check for at, check in enumerate(plan.checks) if number >> at & 1)


def _choice(choice: dict[str, Any], decision: str) -> dict[str, Any]:
    """A choice without what the record says already."""
    return {name: value for name, value in choice.items() if name != "decision" or value != decision}


def _brief(one: Considered) -> list[Any]:
    parts = [one.parts.get(name, 1.0) for name in _PARTS]
    told = [one.message, one.channel, round(one.score, 6), round(one.probability, 6), parts, one.reason]
    return told if one.reason else told[:-1]


def _told(brief: Sequence[Any]) -> dict[str, Any]:
    message, channel, score, probability, parts = brief[:5]
    told = {
        "message": message,
        "channel": channel,
        "score": score,
        "parts": {name: part for name, part in zip(_PARTS, parts, strict=True) if part != 1.0},
        "probability": probability,
    }
    return {**told, "reason": brief[5]} if len(brief) > 5 else told


__all__ = [
    "FACTS_AT_MOST",
    "RECORD_AT_MOST",
    "ask_in",
    "considered_in",
    "facts_of",
    "record_of",
    "view_in",
]
