"""Deciding for a customer who came to us: one batch read, one more where a door forwards, at most one write.

    read doors -> decide -> render -> commit (contact, decision, offer) -> answer

A version conflict reads again and decides again: the counters a cap looks at are those of the commit. A
template that fails for this customer takes its message out, and the next best is the answer.
"""

from __future__ import annotations

import secrets as nonces
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain import ledger
from chalicelib.domain.adopting import is_adopted
from chalicelib.domain.content import content_of, data_of, in_full, locale_of
from chalicelib.domain.deciding import decide
from chalicelib.domain.decision import Ask, Choice, Decision, Reason
from chalicelib.domain.doors import Doors, is_known, lists
from chalicelib.domain.effects import Effect
from chalicelib.domain.errors import BadRequest, Conflict, Unavailable
from chalicelib.domain.identifiers import Identifier, rank, ranks
from chalicelib.domain.keys import Secrets
from chalicelib.domain.learning import Learned
from chalicelib.domain.links import shown_links
from chalicelib.domain.places import located
from chalicelib.domain.profile import Known, Profile
from chalicelib.domain.rules import Rules
from chalicelib.domain.versions import next_version
from chalicelib.services.adopt_playbook import adopt_playbook
from chalicelib.services.fill_links import fill_links
from chalicelib.services.find_profile import open_doors
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock, Profiles, Templates, Timeline, Write

TRIES = 5


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked at a touchpoint. `proven`: a userToken held, or an operator asks.

    `keeps` says whether the answer is given to anybody: it is asked just before what was decided is written.
    """

    identifiers: tuple[Identifier, ...]
    placement: str
    context: Mapping[str, Any]
    limit: int = 1
    proven: bool = False
    explain: bool = False
    keeps: Callable[[], bool] = lambda: True


@dataclass(frozen=True, slots=True)
class Shown:
    """A chosen message with its rendered content and the time (ms) until which it stands."""

    choice: Choice
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """The decision, what to show, and with `explain` everything that was considered.

    `failed` are the messages whose template failed for this customer; the next best took their place.
    """

    decision: Decision
    shown: tuple[Shown, ...]
    explain: dict[str, Any] | None = None
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DecideMoment:
    """Answers `POST /v1/decide`. It never links identifiers: the strongest that leads to a profile counts."""

    profiles: Profiles
    timeline: Timeline
    rules: LiveRules
    templates: Templates
    secrets: Secrets
    learned: Callable[[], Learned]
    clock: Clock
    base_url: str

    def __call__(self, question: Question) -> Answer:
        """Decide, write what was decided, answer. Raises BadRequest for a placement the playbook lacks."""
        rules = self.rules.current()
        if question.placement not in rules.playbook.placements:
            known = ", ".join(sorted(rules.playbook.placements)) or "none"
            message = f"Name a placement of the playbook: it has {known}."
            raise BadRequest("unknown-placement", message, "placement")
        cause = nonces.token_hex(8)
        for attempt in range(TRIES):
            try:
                return self._once(question, rules, cause, consistent=attempt > 0)
            except Conflict:
                continue
        raise Unavailable("profiles")

    def _once(self, question: Question, rules: Rules, cause: str, *, consistent: bool) -> Answer:
        now = self.clock()
        doors = Doors(self.secrets, ranks(rules.playbook.identifiers))
        homes = [(doors.home(one), now) for one in question.identifiers]
        open_doors(self.profiles, doors, homes, consistent=consistent)
        profile = _profile_for(question, doors, now)
        now = max(now, profile.ledger.now)
        effects: list[Effect] = []
        adopting = not is_adopted(profile, rules)
        if adopting:
            effects = adopt_playbook(self.timeline, profile, rules, now)
        ask = Ask(
            cause=cause, placement=question.placement, context=dict(question.context), limit=question.limit
        )
        decision, shown, failed = self._decide_and_render(question, profile, ask, rules, now)
        explained = self._explain(profile, ask, rules, decision, now) if question.explain else None
        effects.extend(ledger.enact(profile, decision, ask, rules))
        profile.ledger.now = now
        # A visitor to whom nothing is said is only kept where the holdout, or not being in it, has to be counted.
        new = decision.choices or decision.tested or profile.version
        if new and (decision.choices or adopting or not decision.again) and question.keeps():
            self._commit(profile, doors, effects)
        return Answer(decision, shown, explained, failed)

    def _decide_and_render(
        self, question: Question, profile: Profile, ask: Ask, rules: Rules, now: int
    ) -> tuple[Decision, tuple[Shown, ...], tuple[str, ...]]:
        """The decision, without the messages whose templates fail for this customer; and those."""
        excluded: dict[str, Reason] = {}
        switches = self.rules.switches()
        learned = self.learned()
        while True:
            decision = decide(
                profile, ask, rules, learned, switches, now, excluded=excluded, tell=question.explain
            )
            shown = []
            for choice in decision.choices:
                content = self._render(question, profile, choice, rules, now)
                if content is None:
                    excluded[choice.message] = "template-failed"
                else:
                    shown.append(Shown(choice, content))
            if len(shown) == len(decision.choices):
                return decision, tuple(shown), tuple(excluded)

    def _render(
        self, question: Question, profile: Profile, choice: Choice, rules: Rules, now: int
    ) -> dict[str, Any] | None:
        message = rules.messages[choice.message].message
        content = content_of(message, choice.variant, choice.channel, locale_of(profile))
        if content is None:
            return None
        trusted = may_see_traits(question.identifiers, profile, proven=question.proven)
        seen = profile if trusted else Profile(profile.id)
        data = data_of(seen, located(seen, now), context=question.context, event={}, links={})
        targets = fill_links(self.templates, message, data)
        if targets is None:
            return None
        data["link"] = shown_links(
            self.secrets, self.base_url, targets, delivery=choice.delivery, profile=profile.id, now=now
        )
        filled = self.templates.render(content, data)
        return None if filled is None else in_full(filled, rules.playbook.images, data["link"])

    def _explain(
        self, profile: Profile, ask: Ask, rules: Rules, decision: Decision, now: int
    ) -> dict[str, Any]:
        from chalicelib.domain.explaining import explain

        return explain(profile, ask, rules, self.learned(), self.rules.switches(), now, decision)

    def _commit(self, profile: Profile, doors: Doors, effects: list[Effect]) -> None:
        expected = doors.versions.get(profile.id, "")
        profile.version = next_version(expected, nonces.token_hex(6))
        self.profiles.commit([Write(profile, expected, tuple(effects))])


def _profile_for(question: Question, doors: Doors, now: int) -> Profile:
    """The profile of the strongest identifier that leads to one; an empty profile where none does.

    A device that leads to a known customer other than the user who asks is no lead: proof of one user id
    proves nothing about whoever else held the device.
    """
    asked = sorted(question.identifiers, key=lambda one: rank(doors.order, one.kind))
    users = {one.value for one in asked if one.kind == "user"}
    for one in asked:
        found = doors.resident(doors.home(one), now)
        theirs = {known.value for known in found.identifiers if known.kind == "user"} if found else set()
        if found is not None and (not users or users & theirs or not is_known(found)):
            return found
    lead = asked[0]
    fresh = doors.newcomer(doors.home(lead), now, now)
    fresh.identifiers.append(
        Known(lead.kind, lead.value, now, "", proven=question.proven and lead.kind == "user")
    )
    return fresh


def may_see_traits(asked: tuple[Identifier, ...], profile: Profile, *, proven: bool) -> bool:
    """Whether what is known of the customer may be shown to whoever asks.

    A proven question may. So may one by a device whose link to the profile was proven, and any question
    about a profile that no user id, e-mail or phone makes somebody's.
    """
    if proven or not is_known(profile):
        return True
    entries = [lists(profile, one) for one in asked]
    return any(entry is not None and entry.proven for entry in entries)
