"""What a commit decided and relay must carry out: the outbox of a stored profile or sign.

Each effect's id derives from its cause, so carrying it out twice is the same as once.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Deliver(msgspec.Struct, frozen=True, tag="deliver", omit_defaults=True):
    """Make the delivery row if absent and hand it to the sender at `due` (ms; now if past).

    `cause`, `context`, `event` and `excluded` are those of what was asked (`decision.Ask`).
    """

    delivery: str
    profile: str
    message: str
    variant: str
    channel: str
    kind: str
    decision: str
    due: int
    playbook: int = 0
    context: dict[str, Any] = {}
    event: dict[str, Any] = {}
    cause: str = ""
    excluded: dict[str, str] = {}


class Ring(msgspec.Struct, frozen=True, tag="ring", omit_defaults=True):
    """At `due`, send the profile the track event `name` (`Topeka Wait Ended`, `Topeka Woken`) with `properties`."""

    id: str
    profile: str
    due: int
    name: str
    properties: dict[str, Any] = {}


class Join(msgspec.Struct, frozen=True, tag="join", omit_defaults=True):
    """The profile is a member of group `segment:loyal` or `place:us-ks-topeka` from `at`."""

    group: str
    profile: str
    at: int


class Leave(msgspec.Struct, frozen=True, tag="leave", omit_defaults=True):
    """The profile is no longer in the group."""

    group: str
    profile: str
    at: int


class Record(msgspec.Struct, frozen=True, tag="record", omit_defaults=True):
    """A decision's record, for the timeline and the lake. `body` is the JSON-ready record, under 2 KB.

    `timeline` is where it is stored, if not under the profile's id.
    """

    decision: str
    profile: str
    at: int
    body: dict[str, Any] = {}
    timeline: str = ""


class Cancel(msgspec.Struct, frozen=True, tag="cancel", omit_defaults=True):
    """A delivery will not be made: close its row with a reason."""

    delivery: str
    reason: str


class Count(msgspec.Struct, frozen=True, tag="count", omit_defaults=True):
    """Changes to the sums that learning and experiments read (`cells.py`), made once however often they are told.

    `id` derives from the cause (a decision, an outcome of a delivery, a purchase), and one cause has one `at` (ms).
    """

    id: str
    at: int
    cells: dict[str, list[float]] = {}


class Confirm(msgspec.Struct, frozen=True, tag="confirm", omit_defaults=True):
    """Ask the customer by e-mail to confirm a topic (`confirming.py`)."""

    id: str
    profile: str
    topic: str


Effect = Deliver | Ring | Join | Leave | Record | Cancel | Count | Confirm
