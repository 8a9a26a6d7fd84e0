"""Trying a decision out: for a stored customer or one made up, at any time, under any playbook. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.adopting import is_adopted
from chalicelib.domain.content import content_of, data_of, in_full, locale_of
from chalicelib.domain.deciding import decide
from chalicelib.domain.decision import Ask, Choice, Decision, Reason, Switches
from chalicelib.domain.errors import BadRequest
from chalicelib.domain.explaining import explain
from chalicelib.domain.instants import to_text
from chalicelib.domain.learning import Learned
from chalicelib.domain.made_up import MadeUp, made_up
from chalicelib.domain.places import located
from chalicelib.domain.rehearsal import Rehearsed, rehearse
from chalicelib.domain.rules import Rules
from chalicelib.domain.segment_calls import instant
from chalicelib.services.adopt_playbook import adopt_playbook
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock, Templates, Timeline
from chalicelib.services.publish_playbook import PublishPlaybook
from chalicelib.services.resolve_address import ResolveAddress


@dataclass(frozen=True, slots=True)
class SimulateDecision:
    """The same pure decision that is made for real, with its reasons."""

    resolve: ResolveAddress
    rules: LiveRules
    publish: PublishPlaybook
    templates: Templates
    timeline: Timeline
    learned: Callable[[], Learned]
    clock: Clock

    def __call__(
        self,
        *,
        moment: Mapping[str, Any],
        profile: Mapping[str, Any] | None,
        identifier: str,
        at: str,
        playbook: str,
    ) -> dict[str, Any]:
        """The decision with `explain`. Raises `BadRequest`, and `NotFound` for an identifier nobody has."""
        rules = self._rules(playbook)
        customer = self._customer(profile, identifier, rules, instant(at, "at"))
        now = instant(at, "at") or max(self.clock(), customer.profile.ledger.now)
        switches = self.rules.switches()
        tried = [
            (one, self._decided(one, switches, now))
            for one in rehearse(customer.profile, moment, customer.rules, now)
        ]
        if not tried:
            return {
                "decision": "",
                "outcome": "nothing",
                "messages": [],
                "explain": {"messages": []},
                "moment": "",
            }
        told = [self._told(one, decision, switches, now) for one, decision in tried]
        chosen = next((one for one in told if one["messages"]), told[0])
        return {**chosen, "others": [one for one in told if one is not chosen]}

    def _rules(self, playbook: str) -> Rules:
        if not playbook:
            return self.rules.current()
        from chalicelib.domain.playbook.compiler import compile_playbook

        return compile_playbook(self.publish.check(playbook), 0)

    def _customer(
        self, sent: Mapping[str, Any] | None, identifier: str, rules: Rules, at: int | None
    ) -> MadeUp:
        if (sent is None) == (not identifier):
            raise BadRequest("invalid-simulation", "Send either `profile` or `identifier`.", "profile")
        if sent is not None:
            return made_up(sent, rules, at or self.clock())
        profile = self.resolve(identifier)
        if not is_adopted(profile, rules):
            adopt_playbook(self.timeline, profile, rules, at or self.clock())
        return MadeUp(profile, rules)

    def _decided(self, one: Rehearsed, switches: Switches, now: int) -> Decision:
        """The decision without the messages whose templates fail for the customer, as it ends for real."""
        excluded: dict[str, Reason] = {}
        while True:
            decision = decide(
                one.profile, one.ask, one.rules, self.learned(), switches, now, excluded=excluded, tell=True
            )
            failed = [choice for choice in decision.choices if self._content(one, choice, now) is None]
            if not failed:
                return decision
            excluded.update((choice.message, "template-failed") for choice in failed)

    def _told(self, one: Rehearsed, decision: Decision, switches: Switches, now: int) -> dict[str, Any]:
        return {
            "decision": decision.id,
            "outcome": decision.outcome,
            "moment": one.ask.moment,
            "messages": [
                {
                    "message": choice.message,
                    "variant": choice.variant,
                    "kind": choice.kind,
                    "channel": choice.channel,
                    "content": self._content(one, choice, now),
                    "until": to_text(choice.until),
                    **({"heldUntil": to_text(choice.held_until)} if choice.held_until else {}),
                }
                for choice in decision.choices
            ],
            "explain": explain(one.profile, one.ask, one.rules, self.learned(), switches, now, decision),
        }

    def _content(self, one: Rehearsed, choice: Choice, now: int) -> dict[str, Any] | None:
        """What it would say, with its links as they are declared: a trial is no click."""
        said = one.rules.messages[choice.message].message
        content = content_of(said, choice.variant, choice.channel, locale_of(one.profile))
        if content is None:
            return None
        place = located(one.profile, now)
        ask: Ask = one.ask
        data = data_of(one.profile, place, context=ask.context, event=ask.event, links=said.links)
        filled = self.templates.render(content, data)
        return None if filled is None else in_full(filled, one.rules.playbook.images, said.links)
