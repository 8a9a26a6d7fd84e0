"""The quarantine in memory."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from chalicelib.adapters.cursors import cut, unseal
from chalicelib.domain.events import Event
from chalicelib.domain.stored import Page, Quarantined, SetAside
from tests.fakes.faulty import Faulty, port


class FakeQuarantine(Faulty):
    """Portions by profile and (time of receipt, hash of the message ids)."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: defaultdict[str, dict[str, bytes]] = defaultdict(dict)

    @port
    def add(self, entries: Sequence[tuple[str, Sequence[Event]]]) -> None:
        together: defaultdict[str, dict[str, Event]] = defaultdict(dict)
        for profile, events in entries:
            together[profile] |= {event.message_id: event for event in events}
        for profile, distinct in together.items():
            ordered = sorted(distinct.values(), key=lambda event: (event.received_at, event.order))
            if ordered:
                mark = zlib.crc32("\n".join(event.message_id for event in ordered).encode())
                self.kept[profile][f"{ordered[0].received_at:013d}#{mark}"] = msgspec.json.encode(ordered)

    @port
    def profiles(self, cursor: str = "", limit: int = 100) -> Page:
        after = unseal(cursor, str) if cursor else ""
        known = (profile for profile in sorted(self.kept) if profile > after and self.kept[profile])
        chosen, following = cut(known, limit, lambda profile: profile)
        return Page(tuple(self._counted(profile) for profile in chosen), following)

    @port
    def page(self, profile: str, cursor: str = "", limit: int = 100) -> Page:
        last = unseal(cursor, tuple[str, int]) if cursor else ("", 0)
        told: set[str] = set()
        fresh = []
        for portion in self._portions(profile):
            for place, event in enumerate(portion.events, 1):
                if (portion.id, place) > last and event.message_id not in told:
                    told.add(event.message_id)
                    fresh.append(((portion.id, place), event))
        found, following = cut(fresh, limit, lambda entry: entry[0])
        return Page(tuple(event for _, event in found), following)

    @port
    def portions(self, profile: str, until: int, cursor: str = "", limit: int = 1_000) -> Page:
        after = unseal(cursor, str) if cursor else ""
        due = [
            portion
            for portion in self._portions(profile)
            if portion.id > after and int(portion.id.split("#")[0]) <= until
        ]
        places, events = 0, 0
        while places < len(due) and events < limit:
            events += len(due[places].events)
            places += 1
        return Page(*cut(due, max(places, 1), lambda portion: portion.id))

    @port
    def remove(self, profile: str, ids: Sequence[str]) -> None:
        for id in ids:
            self.kept[profile].pop(id, None)

    @port
    def erase(self, profiles: Sequence[str], until: int | None = None) -> int:
        gone = [
            (profile, id)
            for profile in dict.fromkeys(profiles)
            for id in self.kept[profile]
            if until is None or int(id.split("#")[0]) <= until
        ]
        for profile, id in gone:
            del self.kept[profile][id]
        return len(gone)

    def _portions(self, profile: str) -> Iterator[SetAside]:
        for id, body in sorted(self.kept[profile].items()):
            yield SetAside(id, msgspec.json.decode(body, type=tuple[Event, ...]))

    def _counted(self, profile: str) -> Quarantined:
        received = [event.received_at for portion in self._portions(profile) for event in portion.events]
        return Quarantined(profile, len(received), min(received), max(received))
