"""Why a decision came out as it did, in words a marketer understands.

Deciding keeps only a reason code per message; everything else is worked out again here, when asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from chalicelib.domain.addresses import SOFT_DAYS, bounces_on, normalised
from chalicelib.domain.caps import DAY, concerns, counted, paused_until
from chalicelib.domain.choosing import parts_of, score_of
from chalicelib.domain.conditions.words import failed, words
from chalicelib.domain.deciding import decide
from chalicelib.domain.decision import Ask, Choice, Considered, Decision, Reason, Switches
from chalicelib.domain.gates import Gates
from chalicelib.domain.learning import Learned
from chalicelib.domain.permissions import state
from chalicelib.domain.places import located
from chalicelib.domain.plans import plan_for
from chalicelib.domain.playbook.model import Cap
from chalicelib.domain.profile import Profile
from chalicelib.domain.rules import MessageRules, Rules
from chalicelib.domain.view import View, view_for

_UNITS = ((DAY, "d"), (3_600_000, "h"), (60_000, "m"))


def explain(
    profile: Profile,
    ask: Ask,
    rules: Rules,
    learned: Learned,
    switches: Switches,
    now: int,
    decision: Decision,
) -> dict[str, Any]:
    """The decision with every message that was considered, JSON-ready; ask before the decision is enacted.

    The decision is one that names what it ruled out (`decide(..., tell=True)`).

    `{"messages": [{"message", "score", "parts", "probability", ...} or {"message", "reason", "words"}],
    "facts", "probability", "playbook"}`, given ones first, then the best, then what was ruled out.
    """
    view = view_for(profile, ask, rules, switches, now, {})
    explaining = _Explaining(view, ask, learned, switches, profile)
    considered = explaining.considered(decision)
    if decision.again and not decision.choices:
        afresh = decide(_without_nothing(profile, ask), ask, rules, learned, switches, now, tell=True)
        considered = explaining.still_nothing(decision, afresh)
    return {
        "decision": decision.id,
        "again": decision.again,
        "outcome": decision.outcome,
        "messages": [msgspec.to_builtins(one) for one in considered],
        "facts": decision.facts,
        "probability": decision.probability,
        "playbook": decision.playbook,
    }


def explain_again(view: View, ask: Ask, learned: Learned, decision: Decision) -> dict[str, Any]:
    """The same for a decision made again from its record, in as many words as the record has facts for."""
    considered = _Explaining(view, ask, learned, None, None).considered(decision)
    return {
        "messages": [msgspec.to_builtins(one) for one in considered],
        "probability": decision.probability,
        "playbook": decision.playbook,
        "learned": decision.learned,
    }


class _Explaining:
    """What the words are made from: the same values the decision was. Without a profile, what its view had read."""

    def __init__(
        self, view: View, ask: Ask, learned: Learned, switches: Switches | None, profile: Profile | None
    ) -> None:
        self.view, self.ask, self.rules, self.learned = view, ask, view.rules, learned
        self.profile, self.switches = profile, switches
        self.now = view.subject.now
        self.playbook = view.rules.playbook
        self.subject = view.subject
        self.plan = plan_for(self.rules, ask.placement, ask.moment)
        self.gates = Gates(view)

    def considered(self, decision: Decision) -> Iterable[Considered]:
        """Every message looked at: given, then scored, then ruled out in the playbook's order."""
        scored = {one.message: one for one in decision.considered}
        for choice in decision.choices:
            yield self._given(choice, scored.pop(choice.message, None))
        outscored = [self._weighed(name) for name, why in decision.ruled_out.items() if why == "outscored"]
        yield from sorted(
            (self._outscored(scored.get(one.message, one), decision) for one in outscored),
            key=lambda one: -one.score,
        )
        for name, reason in decision.ruled_out.items():
            if reason != "outscored":
                yield Considered(name, reason, self._words(name, reason))

    def still_nothing(self, decision: Decision, afresh: Decision) -> Iterable[Considered]:
        """Where "nothing" stands since before: every message as it would be looked at now."""
        stands = f"nothing was said at {self._clock(decision.at)}, and that stands until "
        for one in self.considered(afresh):
            if one.reason:
                yield one
            else:
                said = stands + self._clock(decision.until)
                yield msgspec.structs.replace(one, reason="outscored", words=said, probability=0.0)

    def _given(self, choice: Choice, scored: Considered | None) -> Considered:
        said = ""
        if choice.standing:
            said = f"stands since an earlier decision, until {self._date(choice.until)}"
        elif choice.held_until:
            said = f"held: {self._night(choice.held_until)}"
        base = scored or Considered(choice.message, variant=choice.variant, channel=choice.channel)
        return msgspec.structs.replace(base, reason="", words=said, probability=choice.probability)

    def _weighed(self, name: str) -> Considered:
        rules = self.rules.messages[name]
        channel, _ = self._way(rules)
        score = score_of(rules, channel, self.view, self.learned) if rules.message.kind != "service" else 0.0
        return Considered(name, score=score, parts=parts_of(rules, channel, self.view, self.learned))

    def _outscored(self, one: Considered, decision: Decision) -> Considered:
        # Service messages went out beside whatever won; only where they took every place did they win.
        kinds = sorted(decision.choices, key=lambda choice: choice.kind == "service")
        first = next(iter(kinds), None)
        said = f"{first.message} came before it" if first else "another came before it"
        return msgspec.structs.replace(one, reason="outscored", words=said)

    def _words(self, name: str, reason: Reason) -> str:
        rules = self.rules.messages.get(name)
        tell: Mapping[str, Callable[[MessageRules], str]] = {
            "no-address": self._no_address,
            "no-permission": self._no_permission,
            "stopped": self._stopped,
            "switched-off": self._switched_off,
            "not-yet-valid": lambda one: f"valid from {self._date(one.message.valid_from)}",
            "expired": lambda one: f"was valid until {self._date(one.message.valid_until)}",
            "not-for-them": self._not_for_them,
            "holdout": self._held_out,
            "suppressed": self._suppressed,
            "cap": self._capped,
            "paused": self._paused,
            "quiet": self._quiet,
            "below-silence": self._below_silence,
            "no-content": lambda _: "its variant says nothing on this channel",
            "template-failed": lambda _: "its template failed for this customer",
        }
        return tell[reason](rules) if rules is not None and reason in tell else ""

    def _channels(self, rules: MessageRules) -> tuple[str, ...]:
        return (
            (self.playbook.placements[self.ask.placement],) if self.ask.placement else rules.message.channels
        )

    def _no_address(self, rules: MessageRules) -> str:
        return f"no address for {_listed(self._channels(rules))}"

    def _no_permission(self, rules: MessageRules) -> str:
        topic = rules.message.topic
        if self.profile is None:
            return f"no permission for {topic or 'this'}"
        said = [
            f"{one}: {state(self.profile.facts, one, topic, self.playbook)}" for one in self._channels(rules)
        ]
        return f"no permission for {topic or 'this'} ({', '.join(said)})"

    def _stopped(self, rules: MessageRules) -> str:
        if self.profile is None:
            return "the address is stopped"
        stops = self.profile.facts.stops
        addresses = {one: normalised(self.profile.facts, one, self.playbook) for one in self._channels(rules)}
        said = [f"{one} address {stops[held].value}" for one, held in addresses.items() if held in stops]
        soft = self.profile.facts.soft
        said += [
            f"{one} address bounced on {SOFT_DAYS} days"
            for one, held in addresses.items()
            if held not in stops and bounces_on(soft.get(held, ()))
        ]
        return "; ".join(said)

    def _switched_off(self, rules: MessageRules) -> str:
        if self.switches is None:
            return "switched off"
        if not self.switches.sending:
            return "everything is switched off"
        if not self.switches.messages.get(rules.message.name, True):
            return "the message is switched off"
        off = [one for one in self._channels(rules) if not self.switches.channels.get(one, True)]
        return f"switched off: {_listed(off)}"

    def _not_for_them(self, rules: MessageRules) -> str:
        condition = rules.message.condition
        if condition is None:
            return ""
        return (
            failed(condition, self.subject) if self.view.answers is None else words(condition) + " is not so"
        )

    def _held_out(self, _: MessageRules) -> str:
        return f"in the holdout of {self.playbook.policies.holdout:.0%}: hears service messages only"

    def _suppressed(self, rules: MessageRules) -> str:
        topic = rules.message.topic
        audiences = [
            words(rule.audience)
            for rule, (_, check) in zip(self.playbook.policies.suppress, self.rules.suppress, strict=True)
            if rule.topic == topic and self.view.holds(check)
        ]
        return f"nothing about {topic} while {' or '.join(audiences)}"

    def _capped(self, rules: MessageRules) -> str:
        message = rules.message
        channel, _ = self._way(rules)
        caps = self.gates.full_caps()
        said = [_cap_words(cap) for cap in caps if concerns(cap, channel, message.topic, message.name)]
        return f"has had {' and '.join(said)}" if said else "what is given beside it fills a cap"

    def _paused(self, rules: MessageRules) -> str:
        pause = self.playbook.policies.pause
        if self.profile is None:
            return f"{rules.message.topic} rests"
        contacts = counted(self.profile.ledger.contacts.values())
        until = paused_until(pause, contacts, rules.message.topic, self.now)
        many = pause.after_ignored if pause else 0
        return f"{rules.message.topic} rests until {self._date(until)}: {many} in a row were ignored"

    def _quiet(self, rules: MessageRules) -> str:
        channel, _ = self._way(rules)
        until = self.gates.held_until(rules.message, channel)
        return f"not now: {self._night(until)}, when it is no longer valid"

    def _below_silence(self, rules: MessageRules) -> str:
        score = score_of(rules, self._way(rules)[0], self.view, self.learned)
        if score <= 0:
            return "worth nothing: its value, boost or weight is 0"
        return f"worth {score:.3g}, and under {self.playbook.policies.silence:.3g} nothing is said"

    def _way(self, rules: MessageRules) -> tuple[str, Reason | None]:
        return self.view.way(self.plan.way_of(rules))

    def _night(self, until: int) -> str:
        here, zone = located(self.profile, self.now) if self.profile else None, self.subject.zone
        # A phone on a journey tells another clock than the place they live in.
        where = here.city if here and here.timezone == zone else zone
        return f"{self._clock(self.now)} in {where}, quiet until {self._clock(until)}"

    def _clock(self, at: int) -> str:
        return datetime.fromtimestamp(at / 1000, ZoneInfo(self.subject.zone)).strftime("%H:%M")

    def _date(self, at: int) -> str:
        return datetime.fromtimestamp(at / 1000, ZoneInfo(self.subject.zone)).strftime("%Y-%m-%d %H:%M")


def _without_nothing(profile: Profile, ask: Ask) -> Profile:
    """The profile as if nothing had been answered at the placement before."""
    kept = {
        key: made
        for key, made in profile.ledger.decisions.items()
        if made.outcome != "nothing" or made.placement != ask.placement
    }
    replace = msgspec.structs.replace
    return replace(profile, ledger=replace(profile.ledger, decisions=kept))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "any channel"


def _cap_words(cap: Cap) -> str:
    about = [one for one in (cap.channel, cap.topic, cap.message) if one]
    unit = next(((size, name) for size, name in _UNITS if cap.per % size == 0), (1, "ms"))
    named = f" ({', '.join(about)})" if about else ""
    many = "message" if cap.messages == 1 else "messages"
    return f"{cap.messages} {many} per {cap.per // unit[0]}{unit[1]}{named}"
