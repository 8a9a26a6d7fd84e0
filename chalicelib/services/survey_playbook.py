"""Looking at some stored customers, to tell who publishes a playbook which of its messages would reach nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chalicelib.domain.errors import Unavailable
from chalicelib.domain.profile import Profile
from chalicelib.domain.rules import Rules
from chalicelib.domain.surveying import LEAST, survey
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock, Profiles

MOST = 300
"""How many customers are looked at: a page of the table, in which homes lie in the order of their hashes."""
LEAST_MOST = 100
LOOKS = 100_000
"""Of a large playbook fewer are looked at, down to `LEAST_MOST`: a look at a message takes up to 10 us of CPU."""
HOMES = 500
"""How many homes are looked through for them: signs are no customers."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found: each warning {"line", "path", "message"}. Without customers enough there is none."""

    state: Literal["done", "too-few-customers", "unavailable"]
    warnings: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class SurveyPlaybook:
    """One scan and as many reads as 300 documents take. What fails here is no fault of the playbook."""

    profiles: Profiles
    live: LiveRules
    clock: Clock

    def __call__(self, rules: Rules, lines: Mapping[str, int]) -> Survey:
        """The survey under rules that are, or may be, published; `lines` tells the line of each path."""
        try:
            found, switches = self._some(len(rules.messages)), self.live.switches()
        except Unavailable:
            return Survey("unavailable")
        if len(found) < LEAST:
            return Survey("too-few-customers")
        warned = survey(found, rules, switches, self.clock())
        told = [{"line": lines.get(one.path, 1), "path": one.path, "message": one.message} for one in warned]
        return Survey("done", tuple(told))

    def _some(self, messages: int) -> list[Profile]:
        most = min(MOST, max(LEAST_MOST, LOOKS // max(messages, 1)))
        ids = self.profiles.scan(limit=HOMES).items[:most]
        return [door for door in self.profiles.read(ids).values() if isinstance(door, Profile)]
