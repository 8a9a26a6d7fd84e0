"""Whether a condition holds where not all it looks at is known: yes, no, or it can't be told.

Three-valued logic (Kleene 1952, "Introduction to Metamathematics", section 64): what is unknown may turn out
either way, so an `all` is false with one false part, and an `any` true with one true part, whatever the others are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from chalicelib.domain.conditions.interpreting import holds
from chalicelib.domain.conditions.model import All, Any_, Compare, Condition, Did, EventValue, InSegment, Not
from chalicelib.domain.rules import Subject


@dataclass(frozen=True, slots=True)
class Knowing:
    """A customer at no moment in particular: of context and triggering event nothing is known.

    `unfilled` are the features (by key) that the profile doesn't keep yet, `segments` those of the playbook.
    """

    subject: Subject
    unfilled: Collection[str]
    segments: Mapping[str, Condition]

    def holds(self, condition: Condition) -> bool | None:
        """Whether the condition is true of the customer; None where that can't be told."""
        if isinstance(condition, All):
            return self._all(condition.of, stops_at=False)
        if isinstance(condition, Any_):
            return self._all(condition.of, stops_at=True)
        if isinstance(condition, Not):
            inner = self.holds(condition.of)
            return None if inner is None else not inner
        if isinstance(condition, InSegment) and self.unfilled:
            return self.holds(self.segments[condition.segment])
        return None if self._is_unknown(condition) else holds(condition, self.subject)

    def _all(self, parts: tuple[Condition, ...], *, stops_at: bool) -> bool | None:
        """`stops_at` if any part is that; else unknown if any part is; else the other."""
        unknown = False
        for part in parts:
            found = self.holds(part)
            if found is stops_at:
                return stops_at
            unknown = unknown or found is None
        return None if unknown else not stops_at

    def _is_unknown(self, part: Condition) -> bool:
        if isinstance(part, Compare):
            return part.source in ("context", "event") or isinstance(part.value, EventValue)
        return isinstance(part, Did) and part.feature in self.unfilled
