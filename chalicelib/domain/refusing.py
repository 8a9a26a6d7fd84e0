"""What keeps two identifiers apart: the rules a link must not break."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from chalicelib.domain.doors import MOST_OWNERS, Doors, is_nobody
from chalicelib.domain.events import Event
from chalicelib.domain.identifiers import Identifier
from chalicelib.domain.keys import short_id
from chalicelib.domain.kinds import rule_of
from chalicelib.domain.profile import Known, Profile, Sign
from chalicelib.domain.rules import Rules

MOST_MERGES = 100
MOST_IDENTIFIERS = 1000
MOST_BYTES = 64 * 1024
"""Of all identifiers of a profile: it has to fit one item, and DynamoDB takes 400 KB."""
SPLIT = "split"
TOO_MANY = "too-many-at-once"
REFUSED = ":refused:"
HURRY = 10 * 60_000
"""A door that has had as many owners as it remembers within this time (ms) is no device: it changes hands no more."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A link that did not happen.

    `reason` is one of:

    - unique-conflict: each has another value of a kind of which a customer has one
    - over-limit: more of a kind than the playbook allows
    - too-many-identifiers, too-many-merges: 1,000 (and 64 KB) and 100 a customer
    - too-many-at-once: the event carries more than 17 identifiers
    - too-many-owners: a device that has had eight owners in ten minutes; a constant that a client sends for all
    - split: an operator has split the two
    - unclaimed: what a device did between a logout and the next login is nobody's
    """

    identifier: Identifier
    reason: str


def refusal_id(message_id: str, identifier: Identifier) -> str:
    """The message id under which the timeline tells of a link that an event did not make."""
    return f"{message_id}{REFUSED}{identifier.kind}:{short_id(str(identifier))}"


def refused_event(refusal_id: str) -> str:
    """The message id of the event whose link was refused."""
    return refusal_id.rpartition(REFUSED)[0]


def why_not_join(doors: Doors, a: Profile, b: Profile, rules: Rules) -> str:
    """The reason not to make two profiles one; "" if there is none."""
    if a.unclaimed or b.unclaimed:
        return "unclaimed"
    if _bars(doors, a, b, [*a.identifiers, *b.identifiers]):
        return SPLIT
    if len(a.merged) + len(b.merged) >= MOST_MERGES:
        return "too-many-merges"
    return why_not_list(doors, a, b.identifiers, rules)


def why_not_list(doors: Doors, profile: Profile, added: Sequence[Identifier | Known], rules: Rules) -> str:
    """Why a profile may not list these too; only kinds of which it would list more count."""
    together = [*profile.identifiers, *added]
    if _bars(doors, profile, profile, together):
        return SPLIT
    if len(together) > MOST_IDENTIFIERS or sum(len(one.value.encode()) for one in together) > MOST_BYTES:
        return "too-many-identifiers"
    reason = ""
    for kind in {one.kind for one in added}:
        has, wanted = _values(profile.identifiers, kind), _values(added, kind)
        rule = rule_of(rules.playbook.identifiers, kind)
        if wanted <= has or len(has | wanted) <= (1 if rule.unique else rule.limit):
            continue
        if rule.unique:
            return "unique-conflict"
        reason = "over-limit"
    return reason


def why_not_again(doors: Doors, home: str, event: Event) -> str:
    """Why a door may not change hands once more: everybody's events would wait for its one item."""
    sign = doors.now.get(home)
    owners = [one for one in sign.owners if not is_nobody(one[0])] if isinstance(sign, Sign) else []
    if sum(a[0] != b[0] for a, b in pairwise(owners)) + 1 < MOST_OWNERS:
        return ""
    latest = max(event.timestamp, owners[-1][1])
    return "too-many-owners" if latest - owners[0][1] < HURRY else ""


def _values(identifiers: Sequence[Identifier | Known], kind: str) -> set[str]:
    return {one.value for one in identifiers if one.kind == kind}


def _bars(doors: Doors, a: Profile, b: Profile, together: Sequence[Identifier | Known]) -> bool:
    """Whether the identifiers together would undo a split."""
    if not a.bars and not b.bars:
        return False
    listed = {doors.home(one) for one in together}
    return any(listed.issuperset(bar) for bar in (*a.bars, *b.bars))
