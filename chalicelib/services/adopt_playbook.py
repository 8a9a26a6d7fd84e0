"""Bringing a profile under the playbook in force, with the history its new conditions ask about."""

from __future__ import annotations

from chalicelib.domain.adopting import adopt, wants_history
from chalicelib.domain.effects import Effect
from chalicelib.domain.events import Event
from chalicelib.domain.profile import Profile
from chalicelib.domain.rules import Rules
from chalicelib.domain.timelines import timelines_of
from chalicelib.services.ports import Timeline

PAGE = 1000


def adopt_playbook(timeline: Timeline, profile: Profile, rules: Rules, now: int) -> list[Effect]:
    """Adopt the rules, in place. The timeline is read only where a new condition asks about what happened."""
    history = whole_history(timeline, profile) if wants_history(profile, rules) else []
    return adopt(profile, rules, history, max(now, profile.ledger.now))


def whole_history(timeline: Timeline, profile: Profile) -> list[Event]:
    """Everything the timeline holds of the customer, newest first."""
    ids = timelines_of(profile)
    page = timeline.page(ids, PAGE)
    history = list(page.items)
    while page.cursor:
        page = timeline.page(ids, PAGE, page.cursor)
        history.extend(page.items)
    return history
