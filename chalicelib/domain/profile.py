"""The shape of a profile: facts (a fold of the set of events) and a ledger (a union keyed by cause).

Facts never depend on the order, repetition or grouping of events; the ledger holds what we did about them.
Behaviour lives beside it: `facts.py` folds and joins, `ledger.py` joins and counts, `doors.py` moves.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

ContactState = Literal[
    "reserved", "sent", "delivered", "opened", "clicked", "converted",
    "dismissed", "bounced", "complained", "dropped", "unknown",
]  # fmt: skip
PermissionState = Literal["granted", "denied", "pending"]


class Stamped(msgspec.Struct, array_like=True, omit_defaults=True):
    """A value and what it is ordered by: the later (time, message id) stands."""

    value: Any
    at: int
    message_id: str
    proven: bool = False


class Permission(msgspec.Struct, array_like=True, omit_defaults=True):
    """One statement about a channel and topic. `state` is granted, denied or pending.

    `wording` is the version of what the customer was told, `address` the keyed hash of the address it is about; ""
    where whoever said it did not say.
    """

    state: PermissionState
    at: int
    message_id: str
    source: str = ""
    proven: bool = False
    wording: str = ""
    address: str = ""


class Activity(msgspec.Struct, array_like=True):
    """How often an event name was seen (distinct events), and its first and last time."""

    total: int
    first: int
    last: int


class FeatureState(msgspec.Struct, array_like=True, omit_defaults=True):
    """What one windowed condition needs: latest times with ids, or (minute, millionths) points.

    `times` is ascending [(time, short id)], the latest N. `points` maps a window start (ms) to a sum in
    millionths; points before `hours_before` (ms) are by the hour. `total` is the lifetime sum in millionths.
    `kept` is what it was kept for: how many times, or how long a window (ms).
    """

    times: list[tuple[int, str]] = []
    points: dict[int, int] = {}
    hours_before: int = 0
    total: int = 0
    kept: int = 0


class Known(msgspec.Struct, array_like=True, omit_defaults=True):
    """An identifier the profile lists. `since` is the time of the earliest event that carried it.

    `last` is when a device was last named together with something steadier of this customer's (ms): who logs in
    later has it, a login that is told late has not.
    """

    kind: str
    value: str
    since: int
    message_id: str
    proven: bool = False
    last: int = 0


class Seen(msgspec.Struct, array_like=True, omit_defaults=True):
    """The short-term memory of what was folded: short id of a message id -> receipt time, in ms.

    At most 500 entries of at most 24 hours by receipt. An event received before `floor` may have been
    folded and forgotten: the timeline is asked first.
    """

    ids: dict[str, int] = {}
    floor: int = 0


class Place(msgspec.Struct, array_like=True, omit_defaults=True):
    """Where a location puts a customer: slug `us-ks-topeka`, and its parts as they were sent."""

    slug: str
    city: str = ""
    region: str = ""
    country: str = ""
    timezone: str = ""


class Facts(msgspec.Struct, omit_defaults=True):
    """What the events say. Every field joins by max, min, union or sum of disjoint sets.

    `permissions` is keyed `channel/topic` (`*` for all) and then by `state` + (`+` if proven), a START by `reply`.
    `stops` is keyed by the normalised address; its value is a reason (`bounced`, `complained`). `soft` has the latest
    three days (since 1970) on which mail to an address bounced for the time being.
    `location` and `timezone` come from the context of the latest event that carried them. `spent` is what their
    orders brought in, in millionths of the playbook's currency (`spending.py`).
    """

    traits: dict[str, Stamped] = {}
    permissions: dict[str, dict[str, Permission]] = {}
    activity: dict[str, Activity] = {}
    features: dict[str, FeatureState] = {}
    stops: dict[str, Stamped] = {}
    soft: dict[str, list[int]] = {}
    location: Stamped | None = None
    timezone: Stamped | None = None
    locale: Stamped | None = None
    first: int = 0
    last: int = 0
    spent: int = 0


class Contact(msgspec.Struct, omit_defaults=True):
    """A message given, or about to be given, to the customer; kept 90 days, keyed by its delivery id.

    `at` is when it counts (decided, then re-stamped at sending). A `reserved` contact already counts.
    `held_until` is set while it waits for quiet hours to end. `stage` is the customer's when it was decided (visitor,
    known, buyer); `earned` is what reaching its goal brought in, in millionths.
    """

    at: int
    decision: str
    message: str
    variant: str
    kind: str
    channel: str
    state: ContactState
    topic: str = ""
    placement: str = ""
    moment: str = ""
    goal_until: int = 0
    held_until: int = 0
    changed: int = 0
    stage: str = ""
    earned: int = 0


class Made(msgspec.Struct, omit_defaults=True):
    """A decision that was made, keyed in the ledger by `ledger.moment_key(ask)`.

    `until` is when it stops standing. `outcome` is offer, brand, service or nothing. `messages` are the
    delivery ids of its choices. `last` is the profile's latest own event when it was made (facts.last);
    `playbook` and `facts` (a short hash) are the version and the facts of the moment it was made under.
    """

    id: str
    at: int
    outcome: str
    until: int = 0
    messages: list[str] = []
    placement: str = ""
    last: int = 0
    playbook: int = 0
    facts: str = ""


class Offer(msgspec.Struct, omit_defaults=True):
    """An offer that stands, keyed by delivery id: asked again, it is the answer, and no new contact."""

    message: str
    variant: str
    decision: str
    delivery: str
    at: int
    until: int
    state: Literal["open", "used", "withdrawn"] = "open"
    context: dict[str, Any] = {}


class Wait(msgspec.Struct, omit_defaults=True):
    """A moment on hold: it is decided at `due` unless something happened after `since`."""

    moment: str
    since: int
    message_id: str
    due: int
    event: dict[str, Any] = {}
    context: dict[str, Any] = {}


class Trial(msgspec.Struct, array_like=True, omit_defaults=True):
    """A customer's part in an experiment: their arm, since when (ms), and what came of it at each home they had.

    `homes`: home -> [spent before, spent since (millionths), converted, unsubscribed, complained (0 or 1)]. By home,
    so that two profiles of one customer join by union.
    """

    arm: str
    since: int
    homes: dict[str, list[int]] = {}


class Ledger(msgspec.Struct, omit_defaults=True):
    """What was done about the facts; keyed by cause, joined by union: latest state, earliest arm and seed.

    `seed` is the stable customer id that every choice by chance hashes: of two, that of the earlier `seed_day` (of
    receipt, since 1970), then of the earlier `seed_at`, stands. `entries` maps a segment to
    (member, changed at). `arms` maps an experiment to (arm, assigned at), `trials` to what came of it (`trials.py`).
    `places` are the places whose groups hold a row for the profile. `wake` is the armed wake (ms, 0 for none).
    `now` is the latest time at which anything was decided: it never goes back.
    """

    seed: str = ""
    seed_at: int = 0
    seed_day: int = 0
    contacts: dict[str, Contact] = {}
    decisions: dict[str, Made] = {}
    offers: dict[str, Offer] = {}
    arms: dict[str, tuple[str, int]] = {}
    crossed: list[str] = []
    trials: dict[str, Trial] = {}
    entries: dict[str, tuple[bool, int]] = {}
    waits: dict[str, Wait] = {}
    places: list[str] = []
    wake: int = 0
    now: int = 0


class Heat(msgspec.Struct, array_like=True):
    """How many events were received for a profile in a minute (since 1970), and how many were proven: `heat.py`."""

    minute: int
    count: int
    proven: int = 0


class Profile(msgspec.Struct, omit_defaults=True):
    """One customer. `id` is the home it lives at; `version` is that of the stored item ("" if none yet).

    `merged` are the homes this profile has lived at before or taken over (their timelines are its too).
    `timelines` are the ids its history is stored under where those are others, `records` further ids that hold what
    was decided (both after a split; see `timelines.py`).
    `folded_under` is the fingerprint of the needs it was folded under (see `adopting.py`).
    `born_after` is the time of an erasure at this very home: nothing stamped or received up to it may come back by it.
    `unclaimed` marks what a device did between a logout and the next login, where the playbook gives that to
    nobody: it joins nobody. `bars` are splits it must not undo: the homes of two identifiers that no profile ever
    lists both (hashes, for they outlive the other part). `heat` is kept while very many events come in.
    """

    id: str
    version: str = ""
    identifiers: list[Known] = []
    facts: Facts = msgspec.field(default_factory=Facts)
    ledger: Ledger = msgspec.field(default_factory=Ledger)
    seen: Seen = msgspec.field(default_factory=Seen)
    merged: list[str] = []
    folded_under: str = ""
    born_after: int = 0
    timelines: list[str] = []
    records: list[str] = []
    unclaimed: bool = False
    bars: list[tuple[str, str]] = []
    heat: Heat | None = None


class Sign(msgspec.Struct, omit_defaults=True):
    """The item at an identifier's home when the person lives elsewhere.

    `owners` of a door that may change hands (anonymous ids, device tokens): the last eight
    (profile id, start ms), oldest first; the last is `forward_to`. A start is the time of the event that linked or
    handed over. `heir` took over who lived here: what is addressed to this home goes there, whoever has the door.
    `born_after` is the time of an erasure at this home, before the sign went up.
    """

    id: str
    forward_to: str
    version: str = ""
    owners: list[tuple[str, int]] = []
    born_after: int = 0
    heir: str = ""


class Erased(msgspec.Struct, omit_defaults=True):
    """What an erasure leaves at a home: nothing received or stamped up to `at` may come back."""

    id: str
    at: int
    version: str = ""


#: What can stand at a home id. An absent item is simply missing from what a read returns.
Door = Profile | Sign | Erased
