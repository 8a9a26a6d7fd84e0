"""Timeline and rejected events in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from chalicelib.adapters.cursors import cut, unseal
from chalicelib.domain.events import Event, Rejection
from chalicelib.domain.stored import Page
from tests.fakes.clock import FakeClock
from tests.fakes.faulty import Faulty, port

FORTNIGHT = 14 * 86_400_000
Place = tuple[int, str]


class FakeTimeline(Faulty):
    """Events by profile and message id, decisions by profile and (time, id)."""

    def __init__(self) -> None:
        super().__init__()
        self.events: defaultdict[str, dict[str, Event]] = defaultdict(dict)
        self.recorded: defaultdict[str, dict[Place, bytes]] = defaultdict(dict)
        #: In which companies an event was stored: it stays until each of them is taken back.
        self._stored: defaultdict[tuple[str, str], set[tuple[str, ...]]] = defaultdict(set)

    @port
    def append(self, entries: Sequence[tuple[str, Sequence[Event]]], mark: str = "") -> None:
        for profile, events in entries:
            together = (mark, *sorted(event.message_id for event in events))
            for event in events:
                self._stored[profile, event.message_id].add(together)
                copy = msgspec.json.decode(msgspec.json.encode(event), type=Event)
                self.events[profile].setdefault(event.message_id, copy)

    @port
    def withdraw(self, entries: Sequence[tuple[str, Sequence[Event]]], mark: str = "") -> None:
        for profile, events in entries:
            together = (mark, *sorted(event.message_id for event in events))
            for event in events:
                companies = self._stored[profile, event.message_id]
                companies.discard(together)
                if not companies:
                    self.events[profile].pop(event.message_id, None)

    @port
    def record(self, records: Sequence[tuple[str, str, int, dict[str, Any]]]) -> None:
        for profile, decision, at, body in records:
            self.recorded[profile][at, decision] = msgspec.json.encode(body)

    @port
    def contains(
        self,
        profiles: Sequence[str],
        message_ids: Iterable[str],
        around: tuple[int, int],
        before: int,
        but: str = "",
    ) -> set[str]:
        wanted = set(message_ids)
        return {
            event.message_id
            for profile in profiles
            for event in self.events[profile].values()
            if event.message_id in wanted
            and around[0] <= event.timestamp <= around[1]
            and event.received_at < before
            and any(not but or company[0] != but for company in self._stored[profile, event.message_id])
        }

    @port
    def page(self, profiles: Sequence[str], limit: int, cursor: str = "") -> Page:
        found = {id: event for profile in profiles for id, event in self.events[profile].items()}
        newest = sorted(found.values(), key=lambda event: event.order, reverse=True)
        before = unseal(cursor, tuple[int, str]) if cursor else None
        return Page(
            *cut(
                (event for event in newest if before is None or event.order < before),
                limit,
                lambda event: event.order,
            )
        )

    @port
    def decisions(self, profiles: Sequence[str], limit: int, cursor: str = "") -> Page:
        found = {place: body for profile in profiles for place, body in self.recorded[profile].items()}
        before = unseal(cursor, tuple[int, str]) if cursor else None
        places = (place for place in sorted(found, reverse=True) if before is None or place < before)
        chosen, following = cut(places, limit, lambda place: place)
        return Page(tuple(msgspec.json.decode(found[place]) for place in chosen), following)

    @port
    def erase(self, profiles: Sequence[str], until: int | None = None, *, records: bool = True) -> int:
        gone = 0
        for profile in dict.fromkeys(profiles):
            events = self.events.pop(profile, {})
            decided = self.recorded.pop(profile, {}) if records else {}
            self.events[profile] = {id: e for id, e in events.items() if not _ended(e.timestamp, until)}
            kept = {p: body for p, body in decided.items() if not _ended(p[0], until)}
            gone += len(events) - len(self.events[profile]) + len(decided) - len(kept)
            if records:
                self.recorded[profile] = kept
        return gone


class FakeRejected(Faulty):
    """Refused events by (time, id, place in their request)."""

    def __init__(self, clock: Callable[[], int] | None = None) -> None:
        super().__init__()
        self.clock = clock or FakeClock()
        self.refused: dict[tuple[int, str, int], Rejection] = {}

    @port
    def add(self, rejections: Sequence[Rejection]) -> None:
        self.refused |= {(one.received_at, one.id, one.index): one for one in rejections}

    @port
    def page(self, since: int, cursor: str = "", limit: int = 100) -> Page:
        oldest = max(since, self.clock() - FORTNIGHT)
        places = sorted((place for place in self.refused if place[0] >= oldest), key=lambda place: -place[0])
        told = unseal(cursor, tuple[int, str, int]) if cursor else None
        rest = places[places.index(told) + 1 :] if told else places
        chosen, following = cut(rest, limit, lambda place: place)
        return Page(tuple(self.refused[place] for place in chosen), following)


def _ended(at: int, until: int | None) -> bool:
    return until is None or at <= until
