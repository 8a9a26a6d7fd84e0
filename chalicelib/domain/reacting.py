"""What a folded event sets off: segments entered and left, moments, holds, decisions, wakes.

Pure: everything it decides is written into the profile's ledger and returned as effects, which the same
commit carries in its outbox.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from chalicelib.domain import ledger
from chalicelib.domain.adopting import enter_silently
from chalicelib.domain.conditions.changes import next_change
from chalicelib.domain.conditions.model import Condition
from chalicelib.domain.confirming import to_confirm
from chalicelib.domain.counting import counts
from chalicelib.domain.deciding import decide
from chalicelib.domain.decision import Ask, Switches
from chalicelib.domain.effects import Effect, Join, Leave, Ring
from chalicelib.domain.events import OUTCOMES, Event
from chalicelib.domain.facts import event_view, told_view
from chalicelib.domain.falling import TEMPLATE_FAILED, ask_instead
from chalicelib.domain.keys import cause_id
from chalicelib.domain.learning import Learned
from chalicelib.domain.moments import cause_of
from chalicelib.domain.places import location_ends, possible_places
from chalicelib.domain.profile import Profile, Wait
from chalicelib.domain.rules import MomentRules, Rules, Subject
from chalicelib.domain.subject import subject_of
from chalicelib.domain.trials import follow

WAIT_ENDED = "Topeka Wait Ended"
WOKEN = "Topeka Woken"
PUBLISHED = "Topeka Playbook Published"
TIMERS = frozenset({WAIT_ENDED, WOKEN, PUBLISHED, TEMPLATE_FAILED})
"""Events that say it is time to look at a profile: they are no history and change no facts."""
STALE = 24 * 60 * 60 * 1000
"""An event older than this when it arrives (an import, a phone long offline) fires no moment."""


def react(
    profile: Profile, event: Event, rules: Rules, learned: Learned, switches: Switches, now: int
) -> list[Effect]:
    """Everything that follows from an event that has just been folded (or a timer that rang)."""
    if event.by_machine:
        return []
    now = max(now, profile.ledger.now)
    profile.ledger.now = now
    effects = [*_counted(profile, event, rules), *_move_places(profile, now)]
    subject = subject_of(profile, rules, now)
    triggered = list(_entries(profile, event, rules, subject, effects))
    asks: list[Ask] = []
    if event.origin == "topeka" and event.event in TIMERS:
        asks.extend(_rung(profile, event, rules, now, effects))
    elif now - event.timestamp <= STALE:
        effects.extend(to_confirm(profile, event, rules.playbook))
        triggered = [*_by_event(profile, event, rules, now), *triggered]
    asks.extend(_begin(profile, event, triggered, now, effects))
    for ask in asks:
        decision = decide(profile, ask, rules, learned, switches, now, excluded=ask.excluded)
        effects.extend(ledger.enact(profile, decision, ask, rules))
    _arm_wake(profile, rules, subject, effects)
    return effects


def _counted(profile: Profile, event: Event, rules: Rules) -> list[Effect]:
    """What came of earlier contacts, and of the customer in experiments, as the event tells it."""
    effects: list[Effect] = []
    if event.event in OUTCOMES or event.origin == "topeka":
        effects += ledger.take_outcome(profile, event, rules)
    effects += ledger.goals(profile, event, rules)
    followed = follow(profile, event, rules)
    return effects + counts(profile.ledger.now, followed, profile.id, event.message_id)


def rows_of(profile: Profile, rules: Rules, now: int) -> list[Effect]:
    """Rows for every group the profile is in: for one that has just been joined or moved to a new home."""
    segments = [
        name for name, (member, _) in profile.ledger.entries.items() if member and name in rules.segments
    ]
    groups = [f"segment:{name}" for name in segments] + [f"place:{place}" for place in profile.ledger.places]
    return [Join(group, profile.id, now) for group in groups]


def settle(profile: Profile, rules: Rules, now: int) -> list[Effect]:
    """Bring a profile's rows and timers up to date with its facts, with no moment for it: after a split."""
    effects = [*enter_silently(profile, rules, now), *_move_places(profile, now)]
    _arm_wake(profile, rules, subject_of(profile, rules, now), effects)
    return effects + [_wait_ring(profile, name, wait.due) for name, wait in profile.ledger.waits.items()]


def _move_places(profile: Profile, now: int) -> list[Effect]:
    """Rows for where the customer was last seen and where they live; which counts is checked when asked."""
    wanted = possible_places(profile.facts)
    had = set(profile.ledger.places)
    if wanted == had:
        return []
    profile.ledger.places = sorted(wanted)
    joins: list[Effect] = [Join(f"place:{place}", profile.id, now) for place in sorted(wanted - had)]
    return joins + [Leave(f"place:{place}", profile.id, now) for place in sorted(had - wanted)]


def _entries(
    profile: Profile, event: Event, rules: Rules, subject: Subject, effects: list[Effect]
) -> Iterator[MomentRules]:
    """Bring the ledger's segment entries up to date; the moments that entering and leaving triggers."""
    now = subject.now
    for name in rules.segments:
        was, _ = profile.ledger.entries.get(name, (False, 0))
        member = name in subject.segments
        if member == was:
            continue
        profile.ledger.entries[name] = (member, now)
        group = f"segment:{name}"
        effects.append(Join(group, profile.id, now) if member else Leave(group, profile.id, now))
        if event.origin == "topeka" or now - event.timestamp <= STALE:
            yield from rules.by_segment.get((name, "enters" if member else "leaves"), ())


def _by_event(profile: Profile, event: Event, rules: Rules, now: int) -> Iterator[MomentRules]:
    found = rules.by_event.get(event.title, ())
    if not found:
        return
    subject = subject_of(profile, rules, now, context=event.context, event=event_view(event))
    for moment in found:
        if moment.when is None or moment.when(subject):
            yield moment


def _begin(
    profile: Profile, event: Event, triggered: Iterable[MomentRules], now: int, effects: list[Effect]
) -> Iterator[Ask]:
    """Each triggered moment is put on hold, or asked about now."""
    for moment in triggered:
        name = moment.moment.name
        if moment.moment.hold:
            _hold(profile, event, moment, now, effects)
        else:
            yield Ask(cause=cause_of(event), moment=name, context=event.context, event=told_view(event))


def _hold(profile: Profile, event: Event, moment: MomentRules, now: int, effects: list[Effect]) -> None:
    """Start or restart a hold. A ring already on its way is kept: ringing early, it is armed again.

    A trigger that comes late, after a hold that it would have been part of has ended, says nothing again.
    """
    name = moment.moment.name
    before = profile.ledger.waits.get(name)
    if before is not None and before.since >= event.timestamp:
        return
    due = event.timestamp + moment.moment.hold
    if _has_ended(profile, name, due):
        return
    due = max(due, now)
    profile.ledger.waits[name] = Wait(
        name, event.timestamp, cause_of(event), due, event=told_view(event), context=event.context
    )
    if before is None or not now < before.due <= due:
        effects.append(_wait_ring(profile, name, due))


def _has_ended(profile: Profile, moment: str, due: int) -> bool:
    """Whether a hold of the moment has been decided at or after the time at which one would have ended."""
    return any(
        made.at >= due and not made.placement and key.rpartition(":")[0] == moment
        for key, made in profile.ledger.decisions.items()
    )


def rings_of(profile: Profile) -> list[Ring]:
    """A ring for every hold and the wake: for one that has just been joined or moved to a new home.

    Those under way ring where it lived before, and the door there may be somebody else's by then.
    """
    rings = [_wait_ring(profile, name, wait.due) for name, wait in profile.ledger.waits.items()]
    return [*rings, _wake_ring(profile)] if profile.ledger.wake else rings


def _wait_ring(profile: Profile, moment: str, due: int) -> Ring:
    ring = cause_id("r_", profile.ledger.seed, "wait", moment, str(due))
    return Ring(ring, profile.id, due, WAIT_ENDED, {"moment": moment, "due": due})


def _rung(profile: Profile, event: Event, rules: Rules, now: int, effects: list[Effect]) -> Iterator[Ask]:
    """A timer rang: what it rang for is checked against the profile."""
    if event.event == WOKEN:
        if profile.ledger.wake and profile.ledger.wake <= now:
            profile.ledger.wake = 0
        return
    if event.event == TEMPLATE_FAILED:
        # Told again after days, its decision may be forgotten, and would be made once more.
        instead = ask_instead(profile, event) if now - event.timestamp <= STALE else None
        if instead is not None:
            yield instead
        return
    if event.event != WAIT_ENDED:
        return
    name = str(event.properties.get("moment"))
    wait = profile.ledger.waits.get(name)
    moment = rules.moments.get(name)
    if wait is None:
        return
    if wait.due > now:
        effects.append(_wait_ring(profile, name, wait.due))
        return
    del profile.ledger.waits[name]
    if moment is None:
        return
    subject = subject_of(profile, rules, now, context=wait.context, event=wait.event)
    subject.since = wait.since
    if moment.unless is None or not moment.unless(subject):
        yield Ask(cause=wait.message_id, moment=name, context=wait.context, event=wait.event)


def _arm_wake(profile: Profile, rules: Rules, subject: Subject, effects: list[Effect]) -> None:
    """Ring when time alone will next change a segment; only if that is earlier than what is armed."""
    changes = [_next_change(condition, profile, subject, places=places) for condition, places in rules.timed]
    soonest = min((change for change in changes if change is not None), default=0)
    armed = profile.ledger.wake
    if soonest and (not armed or armed <= subject.now or soonest < armed):
        profile.ledger.wake = soonest
        effects.append(_wake_ring(profile))


def _wake_ring(profile: Profile) -> Ring:
    due = profile.ledger.wake
    return Ring(cause_id("r_", profile.id, "wake", str(due)), profile.id, due, WOKEN, {"due": due})


def _next_change(condition: Condition, profile: Profile, subject: Subject, *, places: bool) -> int | None:
    """When the condition may flip with no event: a window slides, or the last location grows too old."""
    change = next_change(condition, subject)
    if not places:
        return change
    ends = location_ends(profile.facts, subject.now)
    return min((one for one in (change, ends) if one is not None), default=None)
