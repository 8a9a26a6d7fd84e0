"""The decision: which message to give at a moment, on which channel, or none. Pure: no clock, no chance, no I/O.

    candidates -> permission and stops -> validity -> for -> holdout -> suppress, caps, pause, quiet hours
               -> score -> choose -> variant

Every message ruled out is counted under one reason code; with `tell` it is named, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from chalicelib.domain.choosing import (
    Ranking,
    Scored,
    arm_of,
    has_content,
    is_held_out,
    parts_of,
    scored,
    shares_of,
)
from chalicelib.domain.decision import Ask, Choice, Considered, Decision, Outcome, Reason, Switches
from chalicelib.domain.gates import Gates
from chalicelib.domain.learning import Learned
from chalicelib.domain.plans import plan_for
from chalicelib.domain.profile import Profile
from chalicelib.domain.promises import promised
from chalicelib.domain.reconsidering import reconsider
from chalicelib.domain.recording import facts_of
from chalicelib.domain.rules import MessageRules, Rules
from chalicelib.domain.sifting import Wanted, sift, sift_each
from chalicelib.domain.standing import (
    NOTHING_STANDS,
    decided_before,
    decision_id,
    delivery_id,
    nothing_before,
)
from chalicelib.domain.view import NONE_EXCLUDED, View, view_for

__all__ = ["decide", "decide_from", "odds_of", "reconsider", "stands_until"]

OFFER_STANDS = 24 * 3_600_000
BEST = 10
NOTHING = "nothing"


def decide(
    profile: Profile,
    ask: Ask,
    rules: Rules,
    learned: Learned,
    switches: Switches,
    now: int,
    *,
    excluded: Mapping[str, Reason] = NONE_EXCLUDED,
    tell: bool = False,
) -> Decision:
    """What to say to this customer at this moment.

    Outbound, every service message that may goes out, and beside them one other. Inbound there are at most
    `ask.limit` choices: service messages first, then offers that stand already, then the best; with a limit
    of 1 an offer that stands is the whole answer. `excluded` rules messages out beforehand
    (`template-failed`). A decision that is `again` stands from before and changes nothing. `tell` names every
    message ruled out; nothing else depends on it.
    """
    channel = rules.playbook.placements.get(ask.placement, "") if ask.placement else ""
    before = decided_before(profile, ask, channel, excluded)
    if before is not None:
        return before
    deciding = _Deciding(view_for(profile, ask, rules, switches, now, excluded), ask, learned, tell=tell)
    stands = deciding.stands()
    if not stands:
        nothing = nothing_before(profile, ask, rules.version, now)
        if nothing is not None:
            return nothing
    return deciding.decision(stands)


def decide_from(view: View, ask: Ask, learned: Learned, *, tell: bool = False) -> Decision:
    """The decision from what was read of the customer, as if nothing had been decided at this moment before."""
    deciding = _Deciding(view, ask, learned, tell=tell)
    return deciding.decision(deciding.stands())


def odds_of(view: View, ask: Ask, learned: Learned) -> dict[str, float]:
    """The probability of each "message/variant" to be given first (service messages and promises apart).

    "nothing" takes the rest. That of a customer who is not in the holdout, which is no choice, and has no variants
    assigned yet: those were drawn with these odds.
    """
    return _Deciding(view, ask, learned, tell=False).odds()


def stands_until(rules: MessageRules, now: int) -> int:
    """Until when a message given now stands (ms): its validity, else its goal's window, else 24 hours."""
    return rules.message.valid_until or now + (rules.goal_within or OFFER_STANDS)


class _Deciding:
    """One decision in the making: what it is made from, and what has been ruled out so far."""

    def __init__(self, view: View, ask: Ask, learned: Learned, *, tell: bool) -> None:
        self.view, self.ask, self.learned = view, ask, learned
        self.rules: Rules = view.rules
        self.now = view.subject.now
        self.plan = plan_for(self.rules, ask.placement, ask.moment)
        self.channel = self.plan.channel
        self.id = decision_id(view.seed, ask)
        self.gates = Gates(view)
        self.held_out = is_held_out(view.seed, self.rules.playbook.policies.holdout)
        self.reasons: Counter[Reason] = Counter()
        self.ruled_out: dict[str, Reason] | None = {} if tell else None
        self.late: dict[str, Reason] = {}
        self.arms: dict[str, tuple[str, int]] = {}
        self.tested = False
        self.probability = 1.0

    def stands(self) -> list[Choice]:
        """Offers given before that are shown again at this placement."""
        if not self.channel:
            return []
        return promised(self.view.offers, self.rules, self.ask.placement, self._may_show)

    def decision(self, stands: list[Choice]) -> Decision:
        """The decision, beside what stands."""
        if stands and self.ask.limit == 1:
            return self._answer(stands[:1], ())
        service, others = self._allowed({choice.message for choice in stands})
        ranking = self._ranking(others)
        limit = self.ask.limit if self.channel else len(service)
        first = self._choices([(1.0, *one) for one in service], limit, lambda _: 1.0)
        # Outbound, service messages go out beside another; inbound there are `limit` places for all.
        room = self.ask.limit - (len(first) + len(stands) if self.channel else 0)
        stands = stands[: self.ask.limit - len(first)] if stands else []
        best = self._choices(ranking.order, room, ranking.probability)
        share = self.rules.playbook.policies.holdout
        if self.tested:
            self.probability *= share if self.held_out else 1 - share
        choices = [*first, *stands, *best]
        return self._answer(choices, self._best(ranking, choices))

    def odds(self) -> dict[str, float]:
        """What each may be given with, by "message/variant"."""
        self.held_out = False
        ranking = self._ranking(self._allowed({choice.message for choice in self.stands()})[1])
        odds: dict[str, float] = {}
        for one in ranking.order:
            _, rules, channel = one
            for variant, share in shares_of(rules, channel, self.view, self.learned):
                if has_content(rules, variant, channel):
                    odds[f"{rules.message.name}/{variant}"] = ranking.probability(one) * share
        return {**odds, NOTHING: max(0.0, 1 - sum(odds.values()))}

    def _ranking(self, others: list[Wanted]) -> Ranking:
        worth = scored(others, self.view, self.learned, self.reasons, self.ruled_out)
        where = self.ask.placement or self.ask.moment
        learned = self.learned.best.get(where, {}).get(self.view.stage, {})
        explore = self.rules.playbook.policies.explore
        return Ranking(worth, explore, f"{self.view.seed}:{self.ask.key}", learned)

    def _allowed(self, given: set[str]) -> tuple[list[Wanted], list[Wanted]]:
        """The messages that get past permission, validity, `for`, holdout and policies: service, others."""
        if self.ruled_out is not None or self.view.answers is not None:
            named: dict[str, Reason] = {}
            through = sift_each(self.plan, self.view, named)
            self.reasons.update(named.values())
            if self.ruled_out is not None:
                self.ruled_out.update(named)
        else:
            through = sift(self.plan, self.view, self.reasons)
        if given:
            through = [one for one in through if one[0].message.name not in given]
        service = [one for one in through if one[0].message.kind == "service"]
        others = [one for one in through if one[0].message.kind != "service"] if service else through
        self.tested = bool(others) and self.rules.playbook.policies.holdout > 0
        if self.held_out:
            self._rule_out(others, "holdout")
            others = []
        let_through = self.gates.let_through
        service = let_through(service, self.reasons, self.ruled_out)
        return service, self._that_say(let_through(others, self.reasons, self.ruled_out))

    def _that_say(self, wanted: list[Wanted]) -> list[Wanted]:
        """Those whose variant for this customer says anything on the channel."""
        if not self.plan.partly:
            return wanted
        mute = [
            one
            for one in wanted
            if one[0].message.name in self.plan.partly
            and not has_content(one[0], arm_of(*one, self.view, self.learned).variant, one[1])
        ]
        self._rule_out(mute, "no-content")
        return [one for one in wanted if one not in mute] if mute else wanted

    def _rule_out(self, wanted: Sequence[Wanted], reason: Reason) -> None:
        if wanted:
            self.reasons[reason] += len(wanted)
            if self.ruled_out is not None:
                self.ruled_out.update((one[0].message.name, reason) for one in wanted)

    def _choices(self, wanted: Sequence[Scored], room: int, odds: Callable[[Scored], float]) -> list[Choice]:
        """As many of the wanted as there is room for, in order; the rest is ruled out."""
        chosen: list[Choice] = []
        for at, one in enumerate(wanted):
            if len(chosen) >= room:
                self._rule_out([late[1:] for late in wanted[at:]], "outscored")
                break
            _, rules, channel = one
            # What this decision gave before may have filled a cap.
            reason = self.gates.reason_against(rules.message, channel) if chosen else None
            # Of the first it is by chance which it is; what comes after follows from that.
            choice = self._choice(rules, channel, odds(one) if at == 0 else 1.0) if reason is None else None
            if choice is None:
                self.late[rules.message.name] = reason or "no-content"
                self._rule_out([one[1:]], reason or "no-content")
            else:
                chosen.append(choice)
        return chosen

    def _choice(self, rules: MessageRules, channel: str, odds: float) -> Choice | None:
        message = rules.message
        arm = arm_of(rules, channel, self.view, self.learned)
        if not has_content(rules, arm.variant, channel):
            return None
        if arm.experiment and arm.experiment not in self.view.arms:
            self.arms[arm.experiment] = (arm.variant, self.now)
        choice = Choice(
            delivery=delivery_id(self.view.seed, self.ask, message.name, channel),
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
        self.gates.give(message, channel)
        return choice

    def _may_show(self, rules: MessageRules) -> bool:
        """Whether an offer that stands may still be shown: nothing is switched off, denied or suppressed."""
        message = rules.message
        barred = self.held_out or message.name in self.view.off
        if barred or self.view.way(self.plan.way_of(rules))[1] is not None:
            return False
        return self.gates.topic(message.topic) != "suppressed"

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
                    reason="" if choice else self.late.get(name, "outscored"),
                    score=score,
                    parts=parts_of(rules, channel, self.view, self.learned),
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
            reasons=dict(self.reasons),
            ruled_out=self.ruled_out or {},
            arms=self.arms,
            probability=self.probability,
            again=again,
            playbook=self.rules.version,
            learned=self.learned.version,
            stage=self.view.stage,
            tested=("held" if self.held_out else "treated") if self.tested else "",
            facts={} if again else facts_of(self.view, self.plan, self.ask),
        )

    def _nothing_stands(self) -> int:
        """Nothing stands for a placement, but not where a switch or a failed template was the cause of it."""
        passing = self.reasons["switched-off"] or self.reasons["template-failed"]
        return 0 if passing or not self.channel else NOTHING_STANDS
