"""The one small language of conditions, as data: parsed and checked once, then compiled.

Condition = All | Any_ | Not | Compare | Did | InSegment | Permitted | AtPlace | Received
"""

from __future__ import annotations

from typing import Literal

import msgspec

Operator = Literal[
    "is", "is_not", "in", "not_in", "above", "at_least", "below", "at_most", "contains", "starts_with",
    "ends_with", "like", "exists", "before", "after", "within", "anniversary",
]  # fmt: skip


class EventValue(msgspec.Struct, frozen=True, tag="event_value"):
    """A right side read from the triggering event: `{event: properties.sku}`."""

    path: str


class All(msgspec.Struct, frozen=True, tag="all"):
    """True when every part is."""

    of: tuple[Condition, ...]


class Any_(msgspec.Struct, frozen=True, tag="any"):  # noqa: N801  (`Any` is typing's)
    """True when at least one part is."""

    of: tuple[Condition, ...]


class Not(msgspec.Struct, frozen=True, tag="not"):
    """True when its part is not."""

    of: Condition


#: A fixed right side; a tuple for `in` and `not_in`.
Scalar = bool | int | float | str
Value = bool | int | float | str | tuple[bool | int | float | str, ...] | EventValue


class Compare(msgspec.Struct, frozen=True, omit_defaults=True, tag="compare"):
    """A value found at a dotted `path` compares with `value`. `within`, `before` and `after` take it in ms.

    `zone` is the clock of dates that say none (the playbook's), set for comparisons of dates.

    `source` is where the path starts: trait, context, event (the triggering event as sent: `properties.x`,
    `event`, `context.y`), score, or property (inside a `where`).
    """

    source: Literal["trait", "context", "event", "score", "property"]
    path: str
    operator: Operator
    value: Value
    zone: str = ""


class Did(msgspec.Struct, frozen=True, tag="did"):
    """The customer did `event` (matching every `where`), so many times, or to such a total, in a window.

    `operator` and `value` compare the count, or the sum of property `total` if that is set. `within` is in
    ms, 0 for ever. `feature` is the key in `Facts.features` that answers it, or "" where activity does.
    """

    event: str
    where: tuple[Compare, ...] = ()
    operator: Operator = "at_least"
    value: int | float = 1
    within: int = 0
    total: str = ""
    feature: str = ""


class InSegment(msgspec.Struct, frozen=True, tag="segment"):
    """Is a member of the segment now."""

    segment: str


class Permitted(msgspec.Struct, frozen=True, tag="permission"):
    """The permission's state on a channel and topic compares (`is`, `is_not`)."""

    channel: str
    topic: str
    operator: Operator
    value: str


class AtPlace(msgspec.Struct, frozen=True, tag="place"):
    """Is at the place now."""

    place: str


class Received(msgspec.Struct, frozen=True, tag="received"):
    """Was contacted with the message, within so many ms (0: ever, as far as contacts are kept)."""

    message: str
    within: int = 0


Condition = All | Any_ | Not | Compare | Did | InSegment | Permitted | AtPlace | Received


class Feature(msgspec.Struct, frozen=True):
    """What facts must keep so that a `Did` can be answered exactly.

    `key` is derived from event, where and total, so equal needs share one state. `keep` is how many latest
    times are needed; `within` the longest window (ms, 0 for ever); `total` the summed property, or "".
    A sum always has a window: that is how far back its points are kept, beside its lifetime total.
    """

    key: str
    event: str
    where: tuple[Compare, ...]
    keep: int
    within: int = 0
    total: str = ""
