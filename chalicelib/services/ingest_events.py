"""Events in: resolve who each is about, work it out, store, and commit, one small group of profiles at a time.

The unit of work is a *circle*: the events of one batch that share identifiers or doors, in the order they
happened, over their few profiles. What is committed is already in the timeline, because that is
written first; what was decided goes out with the commit, because it is in the same item.

    worker A   read P v1 ------------ fold e1 ---------------- put P if v1: conflict -> read P v2, fold e1, put
    worker B        read P v1 -- fold e2 -- put P if v1: v2
"""

from __future__ import annotations

import secrets as nonces
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import msgspec

from chalicelib.domain.circles import Circle, Item, circles_of
from chalicelib.domain.doors import Doors
from chalicelib.domain.errors import Conflict, Retry, TooLarge
from chalicelib.domain.events import Event, EventBatch, Rejection
from chalicelib.domain.identifiers import Identified, identifiers_of, ranks
from chalicelib.domain.keys import Secrets
from chalicelib.domain.learning import Learned
from chalicelib.domain.profile import Door, Sign
from chalicelib.domain.timelines import timelines_of
from chalicelib.domain.versions import next_version
from chalicelib.services.by_halves import by_halves
from chalicelib.services.find_profile import open_doors
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import (
    Clock,
    EventQueue,
    Lake,
    Profiles,
    Quarantine,
    Rejected,
    Timeline,
    Unchanged,
    Write,
)
from chalicelib.services.store_history import Entry, StoreHistory
from chalicelib.services.work_circle import Round, WorkCircle, homes, who_knows

EXCERPT = 2_000
"""Bytes of an event that names nobody, as the operator sees it."""
TRIES = 4
"""Commits of one circle within one batch before its events go back to the queue."""
ATTEMPTS = 5
"""Times a circle's events go back as a message of their own before the queue's own redrive takes over."""


@dataclass(slots=True)
class Ingested:
    """What became of a batch: `failed` are the positions of messages the queue must bring again."""

    failed: set[int] = field(default_factory=set)
    folded: int = 0
    requeued: int = 0
    refused_links: Counter[str] = field(default_factory=Counter)
    rejected: int = 0
    aside: int = 0
    conflicts: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Run:
    """What one batch is worked with, and what becomes of it."""

    work: WorkCircle
    history: StoreHistory
    outcome: Ingested = field(default_factory=Ingested)


@dataclass(frozen=True, slots=True)
class IngestEvents:
    """Takes batches of events. `pool` is how many circles are committed at once.

    `most` is how many events a minute a profile may have before more are set aside.
    """

    profiles: Profiles
    timeline: Timeline
    lake: Lake
    rejected: Rejected
    quarantine: Quarantine
    queue: EventQueue
    rules: LiveRules
    secrets: Secrets
    learned: Callable[[], Learned]
    clock: Clock
    pool: int = 1
    most: int = 5_000

    def __call__(self, batches: Sequence[EventBatch]) -> Ingested:
        """Fold every event of the batches once; nothing of a batch is lost, whatever fails."""
        rules, switches = self.rules.current(), self.rules.switches()
        mark = nonces.token_hex(6)
        work = WorkCircle(self.timeline, rules, switches, self.learned(), self.clock, self.most, mark)
        run = _Run(work, StoreHistory(self.timeline, self.lake, mark))
        by_halves(
            lambda part: self._take_in(part, run),
            self._identify(batches, run),
            lambda item, fault: self._isolate(Circle([item]), fault, run),
        )
        return run.outcome

    def _take_in(self, items: Sequence[Item], run: _Run) -> None:
        """Circle by circle. Raises only before the first commit: where a home cannot be read, or nothing stored."""
        doors = self._open(items, run)
        first = [(circle, self._attempt(circle, doors, run)) for circle in circles_of(items, doors)]
        rounds = [(circle, one) for circle, one in first if one is not None]
        run.history(one for _, one in rounds)
        self._set_aside(rounds, run)
        if self.pool > 1 and len(rounds) > 1:
            with ThreadPoolExecutor(self.pool) as pool:
                list(pool.map(lambda pair: self._finish(pair[0], pair[1], run), rounds))
        else:
            for circle, one in rounds:
                self._finish(circle, one, run)

    def _open(self, items: Sequence[Item], run: _Run, *, consistent: bool = False) -> Doors:
        doors = Doors(self.secrets, ranks(run.work.rules.playbook.identifiers))
        open_doors(self.profiles, doors, homes(items, doors), consistent=consistent, owners=True)
        return doors

    def _identify(self, batches: Sequence[EventBatch], run: _Run) -> list[Item]:
        """Each event with its identifiers; what names nobody is kept among the rejected."""
        rejections: list[Rejection] = [one for batch in batches for one in batch.rejected]
        items: list[Item] = []
        for index, batch in enumerate(batches):
            for position, event in enumerate(batch.events):
                try:
                    found = identifiers_of(event, run.work.rules.playbook)
                except Exception as fault:  # noqa: BLE001 - see _attempt
                    self._isolate(Circle([Item(index, position, batch, event, ())]), fault, run)
                    continue
                if event.profile or found.identifiers:
                    items.append(Item(index, position, batch, event, found.identifiers))
                else:
                    rejections.append(_of_nobody(event, found))
        if rejections:
            self.rejected.add(rejections)
            run.outcome.rejected = len(rejections)
        return items

    def _attempt(self, circle: Circle, doors: Doors, run: _Run) -> Round | None:
        """Work out a circle; a fault in it is the circle's own."""
        try:
            return run.work(circle.items, doors)
        except Exception as fault:  # noqa: BLE001 - a poisoned event must not take its neighbours with it
            self._isolate(circle, fault, run)
            return None

    def _set_aside(self, rounds: Sequence[tuple[Circle, Round]], run: _Run) -> None:
        """What is too much of one customer, in one call for the batch; if it fails, just those messages come again."""
        entries = [entry for _, one in rounds for entry in one.aside.items()]
        if not entries:
            return
        try:
            self.quarantine.add(entries)
        except Retry:
            aside = {event.message_id for _, events in entries for event in events}
            circles = (item for circle, _ in rounds for item in circle.items)
            run.outcome.failed.update(item.index for item in circles if item.event.message_id in aside)
        else:
            run.outcome.aside += sum(len(events) for _, events in entries)

    def _finish(self, circle: Circle, one: Round, run: _Run) -> None:
        """Commit a circle's round; read again where another writer was first; then its next round, if any."""
        tries = 0
        items = circle.items
        stored: list[Entry] = list(one.entries.items())
        try:
            while True:
                try:
                    self._commit(one)
                except Conflict:
                    run.outcome.conflicts += 1
                    tries += 1
                    if tries >= TRIES:
                        raise
                else:
                    run.outcome.folded += one.folded
                    run.outcome.refused_links.update(one.refused)
                    items, tries, stored = one.left, 0, []
                if not items:
                    return
                one = run.work(items, self._open(items, run, consistent=True))
                stored = run.history.again(one, stored)
                self._set_aside([(Circle(items), one)], run)
        except Retry:
            self._take_back(items, stored, run)
            self._requeue(Circle(items), run)
        except Exception as fault:  # noqa: BLE001 - see _attempt
            self._take_back(items, stored, run)
            self._isolate(Circle(items), fault, run)

    def _take_back(self, items: Sequence[Item], stored: Sequence[Entry], run: _Run) -> None:
        """Take what was not committed out of the timeline again, as well as that goes.

        It may come again days later, out of the dead-letter queue. What is then in the timeline, and older than what
        the customer's memory goes back to, counts as folded: the event would be lost in silence. What was committed
        after all (an answer was lost) is known to the memory, and stays.
        """
        try:
            doors = self._open(items, run, consistent=True)
            known = {item.event.message_id: who_knows(item, doors) for item in items}
            run.history.take_back(stored, {id: timelines_of(one) for id, one in known.items() if one})
        except Retry:
            return

    def _commit(self, one: Round) -> None:
        """One transaction where a sign changes or is relied on; else each profile alone.

        Alone is safe as each folds an event once: what was not committed yet is folded when the circle comes again.
        They go in the order in which events were taken: a link may have been refused because of who came before.
        """
        doors = one.doors
        order = dict.fromkeys(profile.id for profile, _ in one.taken)
        writes = [
            Write(_renewed(doors.now[home]), doors.versions.get(home, ""), tuple(doors.outbox.get(home, ())))
            for home in (*order, *sorted(doors.changed - order.keys()))
            if home in doors.changed and home in doors.now
        ]
        relied = [Unchanged(home, doors.versions[home]) for home in sorted(doors.relied - doors.changed)]
        if not writes:
            return
        if relied or any(isinstance(write.door, Sign) for write in writes):
            self.profiles.commit(writes, relied)
            return
        for write in writes:
            self.profiles.commit([write])

    def _requeue(self, circle: Circle, run: _Run) -> None:
        """The circle's events become a message of their own, so that the rest of the batch is done."""
        attempt = max(item.batch.attempt for item in circle.items) + 1
        if attempt > ATTEMPTS:
            run.outcome.failed.update(item.index for item in circle.items)
            return
        for released in (False, True):
            again = [item for item in circle.items if item.batch.released is released]
            events = tuple(item.event for item in again)
            try:
                if again:
                    self.queue.send(EventBatch(events, attempt=attempt, released=released), delay=1000)
                    run.outcome.requeued += len(again)
            except (Retry, TooLarge):  # events of many messages may be more than one can hold
                run.outcome.failed.update(item.index for item in again)

    def _isolate(self, circle: Circle, fault: Exception, run: _Run) -> None:
        """A fault of ours: each event goes on alone, so that only the one that causes it ends as a dead letter."""
        run.outcome.faults.append(type(fault).__name__)
        for item in circle.items:
            alone = len(item.batch.events) == 1 and not item.batch.rejected
            if alone:
                run.outcome.failed.add(item.index)
            else:
                self._requeue(Circle([item]), run)


def _of_nobody(event: Event, found: Identified) -> Rejection:
    reasons = ", ".join(f"{one.kind}: {one.reason}" for one in found.unusable)
    why = f" ({reasons})" if reasons else ""
    message = f"Nothing in it names a customer{why}. Send a `userId` or an `anonymousId` of their own."
    context = {name: value for name, value in event.context.items() if name != "userToken"}
    sent = msgspec.json.encode(msgspec.structs.replace(event, context=context))[:EXCERPT]
    return Rejection(
        event.message_id, "no-identifier", message, -1, event.received_at, sent.decode(errors="ignore")
    )


def _renewed(door: Door) -> Door:
    """The door under its next version."""
    door.version = next_version(door.version, nonces.token_hex(6))
    return door
