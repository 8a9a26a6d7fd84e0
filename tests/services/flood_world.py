"""Floods over fakes: one identifier beside ordinary customers, in messages of one event that workers take by turns."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock

from chalicelib.domain.errors import Conflict
from chalicelib.domain.events import Event, EventBatch
from chalicelib.domain.stored import Unchanged, Write
from chalicelib.services.ingest_events import IngestEvents
from tests.fakes import FakeProfiles
from tests.fakes.faulty import port
from tests.services.ingest_world import World

TAKEN_AT_ONCE = 10
"""Messages that a worker takes at once."""


class CountedProfiles(FakeProfiles):
    """Homes that note each commit: how many items it put or checked, and which homes were lost to another writer."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[int] = []
        self.lost: Counter[str] = Counter()

    @port
    def commit(self, writes: Sequence[Write], relied: Sequence[Unchanged] = ()) -> None:
        self.items.append(len(writes) + len(relied))
        try:
            FakeProfiles.commit.__wrapped__(self, writes, relied)  # type: ignore[attr-defined]
        except Conflict as conflict:
            self.lost.update(conflict.ids)
            raise

    @property
    def transactions(self) -> int:
        """Commits of more than one item."""
        return sum(items > 1 for items in self.items)

    def commits_of(self, home: str) -> int:
        """How often a home was put."""
        return sum(id == home for id, _, _ in self.stream)


@dataclass
class FloodedWorld(World):
    """A workspace whose queue several workers empty."""

    profiles: CountedProfiles = field(default_factory=CountedProfiles)
    aside: int = 0
    conflicts: int = 0

    def beside(self, flood: Sequence[Event], ordinary: Sequence[Event]) -> list[EventBatch]:
        """Messages of one event each, in a chance order, as very many clients send them."""
        events = [*flood, *ordinary]
        random.Random(5).shuffle(events)
        return [EventBatch(events=(event,)) for event in events]

    def work(self, messages: Sequence[EventBatch], workers: Sequence[IngestEvents]) -> None:
        """Let all workers take from the queue until it is empty, and what is handed back comes again."""
        waiting, lock = list(messages), Lock()

        def take(worker: IngestEvents) -> None:
            while True:
                with lock:
                    hand, waiting[:TAKEN_AT_ONCE] = waiting[:TAKEN_AT_ONCE], []
                if not hand:
                    return
                outcome = worker(hand)
                with lock:
                    self.aside += outcome.aside
                    self.conflicts += outcome.conflicts
                    waiting.extend(hand[index] for index in sorted(outcome.failed))

        while waiting:
            with ThreadPoolExecutor(len(workers)) as pool:
                list(pool.map(take, workers))
            waiting, self.queue.batches = self.queue.batches, []

    def set_aside(self, profile: str) -> list[Event]:
        """What the quarantine holds of a profile, each event once."""
        return list(self.quarantine.page(profile, limit=1_000_000).items)
