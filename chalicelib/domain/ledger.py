"""Writing a decision into a profile's ledger, and the effects that carry it out.

The ledger's other sides live beside this: what came of contacts (`outcomes.py`), the ledger of a customer who
was two profiles and what is forgotten (`ledgers.py`). They are handed on here, so that callers know one name.
"""

from __future__ import annotations

from chalicelib.domain import counting, trials
from chalicelib.domain.cells import HELD, HOLDOUT, TREATED, Cells, add
from chalicelib.domain.decision import Ask, Choice, Decision
from chalicelib.domain.effects import Deliver, Effect, Record
from chalicelib.domain.gates import INSIDE_ANOTHER
from chalicelib.domain.ledgers import join, prune
from chalicelib.domain.outcomes import goals, take_outcome, window_of
from chalicelib.domain.permissions import goes_to_them
from chalicelib.domain.profile import Contact, Made, Offer, Profile
from chalicelib.domain.recording import record_of
from chalicelib.domain.rules import Rules
from chalicelib.domain.standing import moment_hash, moment_key, worth_keeping

__all__ = ["enact", "goals", "join", "moment_key", "prune", "take_outcome"]


def enact(profile: Profile, decision: Decision, ask: Ask, rules: Rules) -> list[Effect]:
    """Write the decision into the ledger, in place; what relay has to do about it.

    What goes to the customer, or waits in the inbox, is reserved and delivered; what is shown where the
    customer came to us is given at once. A decision that stood from before writes nothing.
    """
    if decision.again:
        return []
    effects: list[Effect] = []
    new = [choice for choice in decision.choices if not choice.standing]
    for experiment, arm in decision.arms.items():
        profile.ledger.arms.setdefault(experiment, arm)
    for choice in new:
        effects.extend(_give(profile, decision, choice, ask, rules))
    effects.extend(
        counting.counts(decision.at, _counted(profile, decision, new, rules), decision.id, "given")
    )
    profile.ledger.decisions[moment_key(ask)] = Made(
        id=decision.id,
        at=decision.at,
        outcome=decision.outcome,
        until=decision.until,
        messages=[choice.delivery for choice in decision.choices],
        placement=ask.placement,
        last=profile.facts.last,
        playbook=decision.playbook,
        facts=moment_hash(ask.context) if decision.outcome == "nothing" else "",
    )
    prune(profile.ledger, decision.at)
    own = profile.timelines[0] if profile.timelines else ""
    effects.append(Record(decision.id, profile.id, decision.at, record_of(decision, ask), own))
    return effects


def is_delivered(channel: str) -> bool:
    """Whether a choice on the channel is carried out by the sender, instead of by the answer itself."""
    return goes_to_them(channel) or channel == "inbox"


def _counted(profile: Profile, decision: Decision, new: list[Choice], rules: Rules) -> Cells:
    """What the decision adds to what learning and experiments read."""
    cells: Cells = {}
    if decision.tested:
        arm = HELD if decision.tested == "held" else TREATED
        add(cells, trials.expose(profile, HOLDOUT, arm, decision.at))
    for choice in new:
        contact = profile.ledger.contacts.get(choice.delivery)
        if contact is not None and choice.kind != "service":
            add(cells, counting.given(contact))
        experiment = trials.experiment_on(rules, choice.message)
        if experiment is not None and experiment.name in profile.ledger.arms:
            add(cells, trials.expose(profile, experiment.name, choice.variant, decision.at))
    return cells


def _give(profile: Profile, decision: Decision, choice: Choice, ask: Ask, rules: Rules) -> list[Effect]:
    ledger, at = profile.ledger, decision.at
    topic = rules.messages[choice.message].message.topic
    window = window_of(rules.messages[choice.message])
    if choice.channel not in INSIDE_ANOTHER:
        ledger.contacts[choice.delivery] = Contact(
            at=at,
            decision=decision.id,
            message=choice.message,
            variant=choice.variant,
            kind=choice.kind,
            channel=choice.channel,
            state="reserved" if is_delivered(choice.channel) else "sent",
            topic=topic,
            placement=ask.placement,
            moment=ask.moment,
            goal_until=at + window if window else 0,
            held_until=choice.held_until,
            changed=at,
            stage=decision.stage,
        )
    if choice.kind == "offer":
        ledger.offers[choice.delivery] = Offer(
            choice.message, choice.variant, decision.id, choice.delivery, at, choice.until,
            context=worth_keeping(ask.context),
        )  # fmt: skip
    return [_deliver(profile, choice, ask, decision)] if is_delivered(choice.channel) else []


def _deliver(profile: Profile, choice: Choice, ask: Ask, decision: Decision) -> Deliver:
    return Deliver(
        delivery=choice.delivery,
        profile=profile.id,
        message=choice.message,
        variant=choice.variant,
        channel=choice.channel,
        kind=choice.kind,
        decision=decision.id,
        due=choice.held_until or decision.at,
        playbook=decision.playbook,
        context=ask.context,
        event=ask.event,
        cause=ask.cause,
        excluded={name: str(reason) for name, reason in ask.excluded.items()},
    )
