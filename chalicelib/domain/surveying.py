"""Whom a playbook could reach today, of some customers: a message for nobody is a warning to who publishes it.

Only what holds at every moment of the day counts: the way to the customer, validity, `for`, and `suppress`. What
the moment brings (its context and event) and history that profiles don't keep yet can't be known beforehand; where
such a condition could let a customer through, there is no warning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from chalicelib.domain.adopting import unfilled
from chalicelib.domain.conditions.knowing import Knowing
from chalicelib.domain.conditions.model import All, Condition, InSegment
from chalicelib.domain.conditions.words import words
from chalicelib.domain.decision import Switches
from chalicelib.domain.plans import WayKey
from chalicelib.domain.playbook.model import Message
from chalicelib.domain.profile import Profile
from chalicelib.domain.reach import nearest
from chalicelib.domain.rules import MessageRules, Rules
from chalicelib.domain.view import View, view_of

LEAST = 20
"""Of fewer customers nothing can be told."""
TOLD = 4
"""How many of the reasons a warning tells, the commonest first."""


@dataclass(frozen=True, slots=True)
class Warned:
    """What would reach nobody: its dotted path in the playbook, and why, with numbers."""

    path: str
    message: str


def survey(profiles: Sequence[Profile], rules: Rules, switches: Switches, now: int) -> list[Warned]:
    """Messages that none of the customers could receive, then the empty segments that they demand."""
    if len(profiles) < LEAST:
        return []
    surveyed = [_customer(profile, rules, switches, now) for profile in profiles]
    counted = {name: _reasons(one, surveyed, rules) for name, one in rules.messages.items()}
    barred = {name: reasons for name, reasons in counted.items() if reasons is not None}
    many = f"Of {len(profiles)} customers looked at, none"
    told = [
        Warned(f"messages.{name}", f"{many} could receive it today: {_told(reasons)}.")
        for name, reasons in barred.items()
    ]
    demanded = _demanded(rules.messages[name].message for name in barred)
    for segment, messages in demanded.items():
        if all(one.knowing.holds(InSegment(segment)) is False for one in surveyed):
            named = ", ".join(f"`{name}`" for name in messages)
            told.append(Warned(f"segments.{segment}", f"{many} is in it, and {named} is for nobody else."))
    return told


@dataclass(frozen=True, slots=True)
class _Customer:
    view: View
    knowing: Knowing


def _customer(profile: Profile, rules: Rules, switches: Switches, now: int) -> _Customer:
    view = view_of(profile, rules, switches, now)
    return _Customer(view, Knowing(view.subject, unfilled(profile, rules), rules.playbook.segments))


def _reasons(message: MessageRules, customers: Iterable[_Customer], rules: Rules) -> Counter[str] | None:
    """Why each customer can't be given the message, in words; None if somebody can, or might."""
    counted: Counter[str] = Counter()
    ways = list(dict.fromkeys(_ways(message.message, rules)))
    if not ways:
        return None
    for customer in customers:
        reason = _reason_against(message, ways, customer)
        if reason is None:
            return None
        counted[reason] += 1
    return counted


def _ways(message: Message, rules: Rules) -> Iterator[WayKey]:
    service = message.kind == "service"
    if message.moments:
        yield (message.topic, message.channels, service)
    for placement in message.placements:
        yield (message.topic, (rules.playbook.placements[placement],), service)


def _reason_against(message: MessageRules, ways: Sequence[WayKey], customer: _Customer) -> str | None:
    """The first stage at which the message is ruled out for sure."""
    view, said = customer.view, message.message
    found = [view.way(key)[1] for key in ways]
    against = [reason for reason in found if reason is not None]
    if len(against) == len(found):
        return _way_words(nearest(against), said, ways)
    if said.name in view.off:
        return "for whom it is switched off"
    if view.subject.now < said.valid_from:
        return f"before {_date(said.valid_from, view)}, from when it is valid"
    if 0 < said.valid_until <= view.subject.now:
        return f"after {_date(said.valid_until, view)}, until when it was valid"
    if said.condition is not None and customer.knowing.holds(said.condition) is False:
        return _condition_words(customer.knowing.failing(said.condition))
    if said.kind != "service" and _is_suppressed(said.topic, customer):
        return f"suppressed for {said.topic}"
    return None


def _is_suppressed(topic: str, customer: _Customer) -> bool:
    rules = customer.view.rules.playbook.policies.suppress
    return any(rule.topic == topic and customer.knowing.holds(rule.audience) for rule in rules)


def _way_words(reason: str, message: Message, ways: Iterable[WayKey]) -> str:
    channels = " or ".join(dict.fromkeys(channel for _, several, _ in ways for channel in several))
    if reason == "no-address":
        return f"without an address for {channels}"
    if reason == "no-permission":
        return f"without permission for {message.topic or 'messages'} on {channels}"
    if reason == "stopped":
        return f"whose address for {channels} is stopped"
    return f"for whom {channels} is switched off, or has no provider"


def _condition_words(failing: Condition) -> str:
    if isinstance(failing, InSegment):
        return f"not in segment {failing.segment}"
    return f"of whom it is not true: {words(failing)}"


def _date(at: int, view: View) -> str:
    zone = ZoneInfo(view.rules.playbook.timezone)
    return datetime.fromtimestamp(at / 1000, zone).strftime("%Y-%m-%d %H:%M")


def _told(reasons: Counter[str]) -> str:
    told = [f"{many} {reason}" for reason, many in reasons.most_common(TOLD)]
    rest = sum(reasons.values()) - sum(many for _, many in reasons.most_common(TOLD))
    return ", ".join([*told, f"{rest} for other reasons"] if rest else told)


def _demanded(messages: Iterable[Message]) -> dict[str, list[str]]:
    """The segments that messages demand, each with the messages."""
    found: dict[str, list[str]] = {}
    for message in messages:
        for segment in _demands(message.condition):
            found.setdefault(segment, []).append(message.name)
    return found


def _demands(condition: Condition | None) -> Iterator[str]:
    if isinstance(condition, InSegment):
        yield condition.segment
    elif isinstance(condition, All):
        for part in condition.of:
            yield from _demands(part)
