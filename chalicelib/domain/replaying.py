"""Making a past decision again from its record, and holding it against another playbook.

A replay under the versions it was made under gives the same record, bit for bit. Under another playbook the customer
is rebuilt first (`rewinding.py`), since that may ask for what the record never read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.deciding import decide_from, odds_of
from chalicelib.domain.decision import Ask, Decision, Switches
from chalicelib.domain.events import Event
from chalicelib.domain.facts import told_view
from chalicelib.domain.learning import Learned
from chalicelib.domain.moments import cause_of
from chalicelib.domain.profile import Profile
from chalicelib.domain.recording import ask_in, record_of, view_in
from chalicelib.domain.rules import Rules
from chalicelib.domain.subject import subject_of
from chalicelib.domain.view import view_for

NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Replayed:
    """A decision made again from its record; `same` if that gives the record as it is stored, to the last bit."""

    decision: Decision
    same: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """What another playbook would have decided: messages given, odds of each "message/variant", and why not the rest.

    `reasons` says, of messages that were given, what would rule them out.
    """

    given: tuple[str, ...]
    odds: Mapping[str, float]
    reasons: Mapping[str, str]


def replay(record: Mapping[str, Any], rules: Rules, learned: Learned, *, tell: bool = False) -> Replayed:
    """Make the decision again, under its own playbook and snapshot. Raises KeyError for a record that was cut."""
    ask = ask_in(record)
    decision = decide_from(view_in(record, rules), ask, learned, tell=tell)
    return Replayed(decision, record_of(decision, ask) == record)


def logged_odds(record: Mapping[str, Any], rules: Rules, learned: Learned) -> dict[str, float]:
    """With what probability each "message/variant" was given, "nothing" included. Raises KeyError if it was cut."""
    return odds_of(view_in(record, rules), ask_in(record), learned)


def tells_moment(record: Mapping[str, Any]) -> bool:
    """Whether the record has all facts of a placement's moment that another playbook may ask for."""
    facts = record.get("facts", {})
    return "holds" not in facts or "context" in facts or not record.get("placement")


def given_in(record: Mapping[str, Any]) -> tuple[str, ...]:
    """The messages a decision gave anew, service messages apart: those are nobody's choice."""
    return tuple(choice["message"] for choice in _new(record))


def action_in(record: Mapping[str, Any]) -> str:
    """What was chosen: the first "message/variant" given anew, or "nothing"."""
    first = next(iter(_new(record)), None)
    return f"{first['message']}/{first['variant']}" if first else NOTHING


def propose(
    record: Mapping[str, Any], was: Profile, ask: Ask, rules: Rules, learned: Learned, switches: Switches
) -> Proposal:
    """What other rules would have decided at this moment for the customer as they were."""
    barred = _why_not_asked(was, ask, rules, record["at"])
    if barred:
        return Proposal((), {NOTHING: 1.0}, dict.fromkeys(given_in(record), barred))
    failed = {
        name: reason
        for name, reason in record.get("facts", {}).get("off", {}).items()
        if reason == "template-failed"
    }
    view = view_for(was, ask, rules, switches, record["at"], failed)
    decision = decide_from(view, ask, learned)
    new = tuple(one.message for one in decision.choices if not one.standing and one.kind != "service")
    reasons: dict[str, str] = {}
    if new != given_in(record):
        told = decide_from(view, ask, learned, tell=True).ruled_out
        reasons = {
            name: told.get(name, "outscored") if name in rules.messages else "not-in-playbook"
            for name in given_in(record)
        }
    return Proposal(new, odds_of(view, ask, learned), reasons)


def asked_again(record: Mapping[str, Any], history: Iterable[Event]) -> Ask:
    """The moment with all that is known of it: of a moment, its event; of a placement, the facts that were kept."""
    ask = ask_in(record)
    if ask.placement:
        return Ask(
            ask.cause,
            placement=ask.placement,
            context=record.get("facts", {}).get("context", {}),
            limit=ask.limit,
        )
    event = next((one for one in history if cause_of(one) == ask.cause), None)
    if event is None:
        return ask
    return Ask(ask.cause, moment=ask.moment, context=event.context, event=told_view(event))


def _why_not_asked(was: Profile, ask: Ask, rules: Rules, at: int) -> str:
    """Why the rules would not have been asked at all at this moment; "" if they would."""
    if ask.placement:
        return "" if ask.placement in rules.playbook.placements else "no-such-placement"
    moment = rules.moments.get(ask.moment)
    if moment is None:
        return "no-such-moment"
    subject = subject_of(was, rules, at, context=ask.context, event=ask.event)
    return "" if moment.when is None or moment.when(subject) else "no-such-moment"


def _new(record: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return [
        choice
        for choice in record.get("choices", ())
        if not choice.get("standing") and choice["kind"] != "service"
    ]
