"""The decision: which message to give at a moment, on which channel, or none. Pure: no clock, no chance, no I/O.

    candidates -> permission and stops -> validity -> for -> holdout -> suppress, caps, pause, quiet hours
               -> score -> choose -> variant

Every message ruled out carries one reason code; `explaining.explain` puts it into words when asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from chalicelib.domain.choosing import (
    Ranking,
    Scored,
    arm_of,
    has_content,
    is_held_out,
    parts_of,
    scored,
)
from chalicelib.domain.decision import Ask, Choice, Considered, Decision, Outcome, Reason, Switches
from chalicelib.domain.gates import Gates
from chalicelib.domain.learning import Learned
from chalicelib.domain.profile import Contact, Profile
from chalicelib.domain.promises import promised
from chalicelib.domain.reach import Reach
from chalicelib.domain.reconsidering import reconsider
from chalicelib.domain.rules import MessageRules, Rules
from chalicelib.domain.sifting import Way, sift
from chalicelib.domain.standing import (
    NOTHING_STANDS,
    decided_before,
    decision_id,
    delivery_id,
    nothing_before,
    seed_of,
)
from chalicelib.domain.subject import subject_of

__all__ = ["decide", "reconsider", "stands_until"]

Wanted = tuple[MessageRules, str]
"""A message and the channel it would take."""
OFFER_STANDS = 24 * 3_600_000
BEST = 10
NONE_EXCLUDED: Mapping[str, Reason] = MappingProxyType({})


def decide(
    profile: Profile,
    ask: Ask,
    rules: Rules,
    learned: Learned,
    switches: Switches,
    now: int,
    *,
    excluded: Mapping[str, Reason] = NONE_EXCLUDED,
) -> Decision:
    """What to say to this customer at this moment.

    Outbound, every service message that may goes out, and beside them one other. Inbound there are at most
    `ask.limit` choices: service messages first, then offers that stand already, then the best; with a limit
    of 1 an offer that stands is the whole answer. `excluded` rules messages out beforehand
    (`template-failed`). A decision that is `again` stands from before and changes nothing.
    """
    return _Deciding(profile, ask, rules, learned, switches, now, excluded).decision()


def stands_until(rules: MessageRules, now: int) -> int:
    """Until when a message given now stands (ms): its validity, else its goal's window, else 24 hours."""
    return rules.message.valid_until or now + (rules.goal_within or OFFER_STANDS)


class _Deciding:
    """One decision in the making: what it is made from, and what has been ruled out so far."""

    def __init__(
        self,
        profile: Profile,
        ask: Ask,
        rules: Rules,
        learned: Learned,
        switches: Switches,
        now: int,
        excluded: Mapping[str, Reason],
    ) -> None:
        self.profile, self.ask, self.rules, self.learned, self.now = profile, ask, rules, learned, now
        self.excluded = excluded
        self.channel = rules.playbook.placements.get(ask.placement, "") if ask.placement else ""
        self.reach = Reach(profile, rules.playbook, switches)
        self.off: dict[str, Reason] = dict(excluded)
        self.off.update({name: "switched-off" for name, on in switches.messages.items() if not on})
        self.seed = seed_of(profile)
        self.id = decision_id(profile, ask)
        self.ruled_out: dict[str, Reason] = {}
        self.arms: dict[str, tuple[str, int]] = {}
        self.probability = 1.0

    def decision(self) -> Decision:
        """The decision, or the earlier one that still stands."""
        before = decided_before(self.profile, self.ask, self.channel, self.excluded)
        if before is not None:
            return before
        self.subject = subject_of(
            self.profile, self.rules, self.now, context=self.ask.context, event=self.ask.event
        )
        self.gates = Gates(self.profile, self.rules, self.subject)
        self.held_out = is_held_out(self.seed, self.rules.playbook.policies.holdout)
        stands: list[Choice] = []
        if self.channel:
            stands = promised(self.profile, self.rules, self.ask.placement, self.now, self._may_show)
            if stands and self.ask.limit == 1:
                return self._answer(stands[:1], ())
        nothing = nothing_before(self.profile, self.ask, self.rules.version, self.now)
        return self._made(stands) if stands or nothing is None else nothing

    def _made(self, stands: list[Choice]) -> Decision:
        service, others = self._allowed({choice.message for choice in stands})
        policies = self.rules.playbook.policies
        worth = scored(others, self.subject, self.learned, policies.silence, self.ruled_out)
        ranking = Ranking(worth, policies.explore, f"{self.seed}:{self.ask.key}")
        limit = self.ask.limit if self.channel else len(service)
        first = self._choices([(1.0, *one) for one in service], limit, lambda _: 1.0)
        # Outbound, service messages go out beside another; inbound there are `limit` places for all.
        room = self.ask.limit - (len(first) + len(stands) if self.channel else 0)
        stands = stands[: self.ask.limit - len(first)] if stands else []
        best = self._choices(ranking.order, room, ranking.probability)
        if policies.holdout and (others or "holdout" in self.ruled_out.values()):
            self.probability *= policies.holdout if self.held_out else 1 - policies.holdout
        choices = [*first, *stands, *best]
        return self._answer(choices, self._best(ranking, choices))

    def _allowed(self, given: set[str]) -> tuple[list[Wanted], list[Wanted]]:
        """The messages that get past permission, validity, `for`, holdout and policies: service, others."""
        through = sift(self._candidates(), self.subject, self._way, self.off, self.ruled_out)
        if given:
            through = [one for one in through if one[0].message.name not in given]
        service = [one for one in through if one[0].message.kind == "service"]
        others = [one for one in through if one[0].message.kind != "service"] if service else through
        if self.held_out:
            self.ruled_out.update((one[0].message.name, "holdout") for one in others)
            others = []
        let_through = self.gates.let_through
        return let_through(service, self.ruled_out), let_through(others, self.ruled_out)

    def _candidates(self) -> Sequence[MessageRules]:
        if self.ask.placement:
            return self.rules.by_placement.get(self.ask.placement, ())
        return self.rules.by_moment.get(self.ask.moment, ())

    def _way(self, rules: MessageRules) -> Way:
        message = rules.message
        channels = (self.channel,) if self.ask.placement else message.channels
        return self.reach.first(channels, message.topic, service=message.kind == "service")

    def _choices(self, wanted: Sequence[Scored], room: int, odds: Callable[[Scored], float]) -> list[Choice]:
        """As many of the wanted as there is room for, in order; the rest is ruled out."""
        chosen: list[Choice] = []
        for at, one in enumerate(wanted):
            if len(chosen) >= room:
                self.ruled_out.update((late[1].message.name, "outscored") for late in wanted[at:])
                break
            _, rules, channel = one
            # What this decision gave before may have filled a cap.
            reason = self.gates.reason_against(rules.message, channel) if chosen else None
            choice = self._choice(rules, channel, odds(one)) if reason is None else None
            if choice is None:
                self.ruled_out[rules.message.name] = reason or "no-content"
            else:
                chosen.append(choice)
        return chosen

    def _choice(self, rules: MessageRules, channel: str, odds: float) -> Choice | None:
        message = rules.message
        arm = arm_of(rules, self.rules.playbook, self.profile.ledger, self.seed)
        if not has_content(rules, arm.variant, channel):
            return None
        if arm.experiment and arm.experiment not in self.profile.ledger.arms:
            self.arms[arm.experiment] = (arm.variant, self.now)
        choice = Choice(
            delivery=delivery_id(self.profile, self.ask, message.name, channel),
            decision=self.id,
            message=message.name,
            variant=arm.variant,
            kind=message.kind,
            channel=channel,
            until=stands_until(rules, self.now),
            held_until=self.gates.held_until(message, channel),
            probability=odds * arm.probability,
        )
        self.probability *= choice.probability
        self.gates.give(
            Contact(self.now, self.id, message.name, "", message.kind, channel, "reserved", message.topic)
        )
        return choice

    def _may_show(self, rules: MessageRules) -> bool:
        """Whether an offer that stands may still be shown: nothing is switched off, denied or suppressed."""
        message = rules.message
        barred = self.held_out or message.name in self.off or self._way(rules)[1] is not None
        return not barred and self.gates.topic(message.topic) != "suppressed"

    def _best(self, ranking: Ranking, choices: Iterable[Choice]) -> tuple[Considered, ...]:
        given = {choice.message: choice for choice in choices}
        best = []
        for one in ranking.order[:BEST]:
            score, rules, channel = one
            name = rules.message.name
            choice = given.get(name)
            best.append(
                Considered(
                    message=name,
                    reason="" if choice else self.ruled_out.get(name, "outscored"),
                    score=score,
                    parts=parts_of(rules, self.subject, self.learned),
                    variant=choice.variant if choice else "",
                    channel=channel,
                    probability=ranking.probability(one),
                )
            )
        return tuple(best)

    def _answer(self, choices: Sequence[Choice], best: tuple[Considered, ...]) -> Decision:
        again = bool(choices) and all(choice.standing for choice in choices)
        outcome: Outcome = choices[0].kind if choices else "nothing"
        return Decision(
            id=choices[0].decision if again else self.id,
            at=self.now,
            outcome=outcome,
            until=choices[0].until if choices else self.now + self._nothing_stands(),
            choices=tuple(choices),
            considered=best,
            ruled_out=self.ruled_out,
            arms=self.arms,
            probability=self.probability,
            again=again,
            playbook=self.rules.version,
            facts=self._facts_read(),
        )

    def _nothing_stands(self) -> int:
        """Nothing stands for a placement, but not where a switch or a failed template was the cause of it."""
        passing = "switched-off" in self.ruled_out.values() or bool(self.excluded)
        return 0 if passing or not self.channel else NOTHING_STANDS

    def _facts_read(self) -> dict[str, Any]:
        read: dict[str, Any] = {
            "segments": sorted(self.subject.segments),
            "place": self.subject.place,
            "zone": self.subject.zone,
        }
        if self.held_out:
            read["holdout"] = True
        return read
