"""A past decision made again from its record: whether it comes out the same, and every message with its reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.errors import Clash, NotFound
from chalicelib.domain.explaining import explain_again
from chalicelib.domain.learning import Learned
from chalicelib.domain.profile_view import decision_view
from chalicelib.domain.recording import ask_in, view_in
from chalicelib.domain.replaying import replay
from chalicelib.domain.rules import Rules
from chalicelib.domain.timelines import records_of
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Timeline
from chalicelib.services.resolve_address import ResolveAddress

PART = 200


@dataclass(frozen=True, slots=True)
class ReplayDecision:
    """Writes nothing. `learned` finds a snapshot by its version (KeyError if it is gone)."""

    resolve: ResolveAddress
    timeline: Timeline
    rules: LiveRules
    learned: Callable[[int], Learned]

    def __call__(self, address: str, decision: str) -> dict[str, Any]:
        """The record, `same` (a replay gives it to the last bit), and `explain`.

        Raises `NotFound`, and `Clash` where what the decision was made with is kept no more.
        """
        record = self._record(address, decision)
        rules, learned = self._made_with(record)
        try:
            again = replay(record, rules, learned, tell=True)
        except KeyError as error:
            raise Clash("record-cut", "The facts of this decision were too long to be kept.") from error
        explained = explain_again(view_in(record, rules), ask_in(record), learned, again.decision)
        return {**decision_view(record), "same": again.same, "explain": explained}

    def _record(self, address: str, decision: str) -> Mapping[str, Any]:
        ids = records_of(self.resolve(address))
        cursor = ""
        while True:
            page = self.timeline.decisions(ids, PART, cursor)
            found = next((one for one in page.items if one["decision"] == decision), None)
            if found is not None:
                record: Mapping[str, Any] = found
                return record
            cursor = page.cursor
            if not cursor:
                raise NotFound("not-found", "This customer has no such decision.")

    def _made_with(self, record: Mapping[str, Any]) -> tuple[Rules, Learned]:
        try:
            rules = self.rules.version(record.get("playbook", 0))
            return rules, self.learned(record.get("learned", 0))
        except KeyError as error:
            raise Clash(
                "versions-gone", "The playbook or snapshot of this decision is kept no more."
            ) from error
