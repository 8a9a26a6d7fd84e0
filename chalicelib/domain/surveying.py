"""Whom a playbook could reach today, of some customers: a message for nobody is a warning to who publishes it.

Only what holds at every moment of the day counts: the way to the customer, validity, `for`, and `suppress`. What
the moment brings (its context and event) and history that profiles don't keep yet can't be known beforehand; where
such a condition could let a customer through, there is no warning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from chalicelib.domain.adopting import unfilled
from chalicelib.domain.conditions.knowing import Knowing
from chalicelib.domain.conditions.model import All, Condition, InSegment
from chalicelib.domain.conditions.words import words
from chalicelib.domain.decision import Reason, Switches
from chalicelib.domain.plans import WayKey
from chalicelib.domain.playbook.model import Message
from chalicelib.domain.profile import Profile
from chalicelib.domain.reach import nearest
from chalicelib.domain.rules import Rules
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
    customers = [_Customer.at(profile, rules, switches, now) for profile in profiles]
    known: dict[Condition, int] = {}
    asked = [_asked(one.message, rules, known) for one in rules.messages.values()]
    barred = {one: reasons for one in asked if (reasons := _reasons(one, customers)) is not None}
    many = f"Of {len(profiles)} customers looked at, none"
    told = [
        Warned(
            f"messages.{one.message.name}", f"{many} could receive it today: {_told(one, reasons, rules)}."
        )
        for one, reasons in barred.items()
    ]
    for segment, names in _demanded(barred).items():
        if all(one.knowing.holds(InSegment(segment)) is False for one in customers):
            told.append(Warned(f"segments.{segment}", f"{many} is in it, and {names} is for nobody else."))
    return told


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A message, the ways it may go, and the parts of its condition that must all hold, each under a number.

    Equal parts have one number in all messages: each is asked once of a customer.
    """

    message: Message
    ways: tuple[WayKey, ...]
    parts: tuple[tuple[int, Condition], ...]
    suppress: tuple[tuple[int, Condition], ...]


@dataclass(frozen=True, slots=True)
class _Customer:
    view: View
    knowing: Knowing
    answers: dict[int, bool | None] = field(default_factory=dict)

    @classmethod
    def at(cls, profile: Profile, rules: Rules, switches: Switches, now: int) -> _Customer:
        view = view_of(profile, rules, switches, now)
        return cls(view, Knowing(view.subject, unfilled(profile, rules), rules.playbook.segments))

    def holds(self, number: int, condition: Condition) -> bool | None:
        if number not in self.answers:
            self.answers[number] = self.knowing.holds(condition)
        return self.answers[number]


def _asked(message: Message, rules: Rules, known: dict[Condition, int]) -> _Asked:
    def numbered(conditions: Iterable[Condition]) -> tuple[tuple[int, Condition], ...]:
        return tuple((known.setdefault(one, len(known)), one) for one in conditions)

    suppress = (rule.audience for rule in rules.playbook.policies.suppress if rule.topic == message.topic)
    return _Asked(
        message=message,
        ways=tuple(dict.fromkeys(_ways(message, rules))),
        parts=numbered(_flat(message.condition)),
        suppress=numbered(suppress if message.kind != "service" else ()),
    )


def _ways(message: Message, rules: Rules) -> Iterator[WayKey]:
    service = message.kind == "service"
    if message.moments:
        yield (message.topic, message.channels, service)
    for placement in message.placements:
        yield (message.topic, (rules.playbook.placements[placement],), service)


def _flat(condition: Condition | None) -> Iterator[Condition]:
    """The parts that must all hold."""
    if isinstance(condition, All):
        for part in condition.of:
            yield from _flat(part)
    elif condition is not None:
        yield condition


Why = tuple[Reason, int]
"""A reason code; for `not-for-them` also the place of the part that fails, else 0."""


def _reasons(asked: _Asked, customers: Iterable[_Customer]) -> Counter[Why] | None:
    """Why each customer can't be given the message; None if somebody can, or might."""
    counted: Counter[Why] = Counter()
    for customer in customers:
        why = _why_not(asked, customer)
        if why is None:
            return None
        counted[why] += 1
    return counted


def _why_not(asked: _Asked, customer: _Customer) -> Why | None:
    """The first stage at which the message is ruled out for sure."""
    view, message = customer.view, asked.message
    against = [reason for key in asked.ways if (reason := view.way(key)[1]) is not None]
    if against and len(against) == len(asked.ways):
        return nearest(against), 0
    if message.name in view.off:
        return view.off[message.name], -1
    if view.subject.now < message.valid_from:
        return "not-yet-valid", 0
    if 0 < message.valid_until <= view.subject.now:
        return "expired", 0
    for at, part in enumerate(asked.parts):
        if customer.holds(*part) is False:
            return "not-for-them", at
    return ("suppressed", 0) if any(customer.holds(*one) for one in asked.suppress) else None


def _told(asked: _Asked, reasons: Counter[Why], rules: Rules) -> str:
    told = [f"{many} {_words(asked, *why, rules)}" for why, many in reasons.most_common(TOLD)]
    rest = sum(reasons.values()) - sum(many for _, many in reasons.most_common(TOLD))
    return ", ".join([*told, f"{rest} for other reasons"] if rest else told)


def _words(asked: _Asked, reason: Reason, at: int, rules: Rules) -> str:
    """The reason, as it follows a number of customers."""
    message = asked.message
    channels = " or ".join(dict.fromkeys(channel for _, several, _ in asked.ways for channel in several))
    if reason == "not-for-them":
        return _condition_words(asked.parts[at][1])
    if reason == "switched-off":
        return (
            f"for whom {channels} is switched off, or has no provider"
            if at == 0
            else "for whom it is switched off"
        )
    return {
        "no-address": f"without an address for {channels}",
        "no-permission": f"without permission for {message.topic or 'messages'} on {channels}",
        "stopped": f"whose address for {channels} is stopped",
        "not-yet-valid": f"before {_date(message.valid_from, rules)}, from when it is valid",
        "expired": f"after {_date(message.valid_until, rules)}, until when it was valid",
        "suppressed": f"suppressed for {message.topic}",
    }[reason]


def _condition_words(failing: Condition) -> str:
    if isinstance(failing, InSegment):
        return f"not in segment {failing.segment}"
    return f"of whom it is not true: {words(failing)}"


def _date(at: int, rules: Rules) -> str:
    zone = ZoneInfo(rules.playbook.timezone)
    return datetime.fromtimestamp(at / 1000, zone).strftime("%Y-%m-%d %H:%M")


def _demanded(messages: Iterable[_Asked]) -> dict[str, str]:
    """The segments that messages demand, each with the messages' names."""
    found: dict[str, list[str]] = {}
    for one in messages:
        for _, part in one.parts:
            if isinstance(part, InSegment):
                found.setdefault(part.segment, []).append(f"`{one.message.name}`")
    return {segment: ", ".join(names) for segment, names in found.items()}
