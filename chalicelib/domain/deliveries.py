"""The states of a delivery's row and their legal changes: the one table that every store and service goes by.

    due --> claimed --> sent --> delivered --> bounced --> complained     (as the provider tells, any left out)
            claimed --> due          certainly not sent: tried again
            claimed --> unknown      nobody told; told of later, it moves on as from `sent`
    due, or claimed --> dropped
    due --> waiting --> dismissed    in the inbox

`complained`, `dropped` and `dismissed` are ends. Nothing moves a row back but giving up a claim. A `pointer` is no
delivery: it leads from a provider's id to one, and never changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal, TypedDict, get_args

State = Literal[
    "due", "claimed", "sent", "delivered", "bounced", "complained", "unknown", "dropped", "waiting",
    "dismissed", "pointer",
]  # fmt: skip
STATES: Final[tuple[str, ...]] = get_args(State)


class Change(TypedDict):
    """A move of `Deliveries.move`, to be unpacked into its arguments: from any of these states to that one."""

    come_from: tuple[State, ...]
    to: State


# A sender, before and after it calls the provider; or it lays the message into the inbox.
CLAIM: Final = Change(come_from=("due",), to="claimed")
LAY: Final = Change(come_from=("due",), to="waiting")
SENT: Final = Change(come_from=("claimed",), to="sent")
# Whoever finds that it must not be sent: sender, relay (a denial), erasure. Only while nobody holds it.
DROP: Final = Change(come_from=("due",), to="dropped")
# Who holds the claim: certainly not sent, so it is tried again, or given up; or an answer never came.
FREE: Final = Change(come_from=("claimed",), to="due")
GIVE_UP: Final = Change(come_from=("claimed",), to="dropped")
LOSE_TRACK: Final = Change(come_from=("claimed",), to="unknown")
# The customer, in the inbox.
DISMISS: Final = Change(come_from=("waiting",), to="dismissed")
#: The provider, by what it tells: in any order, and never back.
TOLD: Final[dict[str, Change]] = {
    "sent": Change(come_from=("claimed", "unknown"), to="sent"),
    "delivered": Change(come_from=("claimed", "unknown", "sent"), to="delivered"),
    "bounced": Change(come_from=("claimed", "unknown", "sent", "delivered"), to="bounced"),
    "complained": Change(come_from=("claimed", "unknown", "sent", "delivered", "bounced"), to="complained"),
}

CHANGES: Final[tuple[Change, ...]] = (
    CLAIM, LAY, SENT, DROP, FREE, GIVE_UP, LOSE_TRACK, DISMISS, *TOLD.values(),
)  # fmt: skip
LEGAL: Final = frozenset((state, change["to"]) for change in CHANGES for state in change["come_from"])


def illegal(come_from: Iterable[str], to: str) -> list[str]:
    """Those of the states from which a row may not move to `to`."""
    return [state for state in come_from if (state, to) not in LEGAL]


def insist(come_from: Sequence[str], to: str) -> None:
    """Every store asks before it moves a row. Raises ValueError: a move that isn't in the table is a bug."""
    wrong = illegal(come_from, to)
    if wrong or not come_from:
        raise ValueError(f"no delivery moves from {wrong or 'nowhere'} to {to}")
