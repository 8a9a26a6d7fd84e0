"""Removing what is stored about an erased customer beside their homes: deliveries, groups, timeline, quarantine.

The stops come first: they are what a sweep, the lake and a restore go by. The timeline comes last, because its
decisions tell of deliveries that the profile has forgotten. Each step bears repeating.

Rows in groups go under every home the profile has had and nobody else lives at now. A merge takes away those of the
home that was left, but an effect that was set aside and carried out later may have brought one back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.deliveries import DROP
from chalicelib.domain.erasure import Erasure, deliveries_in, nobody_elses
from chalicelib.domain.profile import Door
from chalicelib.domain.stored import Delivery, pointers_to
from chalicelib.services.ports import Deliveries, Groups, Quarantine, Stops, Timeline
from chalicelib.services.read_profile import every

_PART = 500
_ROWS = 100


@dataclass(frozen=True, slots=True)
class EraseRows:
    """Rows of deliveries go at once, but for those that a sender holds: see `_may_go`."""

    timeline: Timeline
    deliveries: Deliveries
    groups: Groups
    quarantine: Quarantine
    stops: Stops

    def __call__(self, erasure: Erasure, doors: Mapping[str, Door], *, last: bool) -> dict[str, int]:
        """How many items of the timeline and rows of deliveries went. `doors` is what stands at the homes.

        `last` is true for the sweep, which leaves no row to a sender.
        """
        for gone in erasure.gone:
            self.stops.add(*gone.stop)
        self.groups.forget(erasure.groups, nobody_elses(erasure, doors))
        together = _together(erasure.history)
        known = [*self._own(erasure), *self._told(together, erasure.lived)]
        deliveries = self._erase_deliveries(list(dict.fromkeys(known)), last=last)
        timeline = sum(self.timeline.erase(homes, until) for until, homes in together.items())
        for until, homes in together.items():
            self.quarantine.erase(homes, until)
        return {"timeline": timeline, "deliveries": deliveries}

    def _own(self, erasure: Erasure) -> list[str]:
        """Of the deliveries that the ledger knows, their own: after a split it knows the other part's as well."""
        own: list[str] = []
        for start in range(0, len(erasure.deliveries), _ROWS):
            rows = self.deliveries.read(erasure.deliveries[start : start + _ROWS])
            own += [row.id for row in rows.values() if row.profile in erasure.ids]
        return own

    def _told(self, together: Mapping[int, Sequence[str]], lived: Sequence[str]) -> list[str]:
        """Deliveries that the records of decisions tell of. A decision is stored where the profile lives."""
        told: list[str] = []
        for until, homes in together.items():
            held = [home for home in homes if home in lived]
            if held:
                told += deliveries_in(self._records(held), until)
        return told

    def _records(self, homes: Sequence[str]) -> list[dict[str, Any]]:
        return every(lambda cursor: self.timeline.decisions(homes, _PART, cursor))

    def _erase_deliveries(self, ids: Sequence[str], *, last: bool) -> int:
        """The rows, and those that lead to them by their provider's ids."""
        count = 0
        for start in range(0, len(ids), _ROWS):
            rows = self.deliveries.read(ids[start : start + _ROWS])
            going = [row for row in rows.values() if last or self._may_go(row)]
            self.deliveries.erase(pointers_to(going))
            count += self.deliveries.erase([row.id for row in going])
        return count

    def _may_go(self, row: Delivery) -> bool:
        """Whether the row may go now. One that is due is dropped first, so that no sender can claim it any more.

        An SMS that a sender has claimed is with its provider, whose id for it is to come: its row waits for the
        sweep, which finds by it the row that leads from that id to the delivery.

            us       read row: claimed ...... (deleting it here, nobody would ever know of the pointer) ...... sweep
            sender                       provider takes it: id 7 .... row: id 7 .... put pointer sms:7
        """
        if row.state == "due":
            return self.deliveries.move(row.id, **DROP, reason="erased")
        return row.state != "claimed" or row.body.get("channel") != "sms"


def _together(history: Mapping[str, int]) -> dict[int, list[str]]:
    """Homes by the time up to which what happened there goes."""
    together: defaultdict[int, list[str]] = defaultdict(list)
    for home, until in history.items():
        together[until].append(home)
    return dict(together)
