"""Events in: resolve who each is about, fold, react, and commit, one small group of profiles at a time.

The unit of work is a *circle*: the events of one batch that share identifiers or doors, in the order they
happened, over their few profiles. What is committed is already in the timeline, because that is
written first; what was decided goes out with the commit, because it is in the same item.

    worker A   read P v1 ------------ fold e1 ---------------- put P if v1: conflict -> read P v2, fold e1, put
    worker B        read P v1 -- fold e2 -- put P if v1: v2
"""

from __future__ import annotations

import secrets as nonces
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from chalicelib.domain.adopting import is_adopted
from chalicelib.domain.circles import Circle, Item, circles_of, order_of_taking
from chalicelib.domain.decision import Switches
from chalicelib.domain.doors import Doors
from chalicelib.domain.errors import Conflict, Retry
from chalicelib.domain.events import Event, EventBatch, Rejection
from chalicelib.domain.facts import event_view, fold
from chalicelib.domain.identifiers import identifiers_of, ranks
from chalicelib.domain.keys import Secrets
from chalicelib.domain.learning import Learned
from chalicelib.domain.linking import Refusal, place_event
from chalicelib.domain.places import place_of
from chalicelib.domain.profile import Door, Profile, Sign
from chalicelib.domain.reacting import TIMERS, react, rows_of
from chalicelib.domain.rules import Rules
from chalicelib.domain.seen import may_have_forgotten
from chalicelib.domain.versions import next_version
from chalicelib.services.adopt_playbook import adopt_playbook
from chalicelib.services.by_halves import by_halves
from chalicelib.services.find_profile import open_doors
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.ports import Clock, EventQueue, Lake, Profiles, Rejected, Timeline, Write

TRIES = 4
"""Commits of one circle within one batch before its events go back to the queue."""
ATTEMPTS = 5
"""Times a circle's events go back as a message of their own before the queue's own redrive takes over."""
MOST_EFFECTS = 32
MOST_DOORS = 60


@dataclass(slots=True)
class Ingested:
    """What became of a batch: `failed` are the positions of messages the queue must bring again."""

    failed: set[int] = field(default_factory=set)
    folded: int = 0
    requeued: int = 0
    refused_links: int = 0
    rejected: int = 0
    conflicts: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Round:
    """One pass over a circle: the doors as they would be, what to store first, and what is left to do."""

    doors: Doors
    entries: dict[str, list[Event]] = field(default_factory=dict)
    left: list[Item] = field(default_factory=list)
    folded: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class IngestEvents:
    """Takes batches of events. `pool` is how many circles are committed at once."""

    profiles: Profiles
    timeline: Timeline
    lake: Lake
    rejected: Rejected
    queue: EventQueue
    rules: LiveRules
    secrets: Secrets
    learned: Callable[[], Learned]
    clock: Clock
    pool: int = 1

    def __call__(self, batches: Sequence[EventBatch]) -> Ingested:
        """Fold every event of the batches once; nothing of a batch is lost, whatever fails."""
        outcome = Ingested()
        rules = self.rules.current()
        items = self._identify(batches, rules, outcome)
        by_halves(
            lambda part: self._take_in(part, rules, outcome),
            items,
            lambda item, fault: self._isolate(Circle([item]), fault, outcome),
        )
        return outcome

    def _take_in(self, items: Sequence[Item], rules: Rules, outcome: Ingested) -> None:
        """Circle by circle. Raises only before the first commit: where a home cannot be read, or nothing stored."""
        doors = Doors(self.secrets, ranks(rules.playbook.identifiers))
        open_doors(self.profiles, doors, _homes(items, doors))
        circles = circles_of(items, doors)
        first = [self._attempt(circle, doors, rules, outcome) for circle in circles]
        rounds = [(circle, one) for circle, one in zip(circles, first, strict=True) if one is not None]
        self._store(one for _, one in rounds)
        if self.pool > 1 and len(rounds) > 1:
            with ThreadPoolExecutor(self.pool) as pool:
                list(pool.map(lambda pair: self._finish(pair[0], pair[1], rules, outcome), rounds))
        else:
            for circle, one in rounds:
                self._finish(circle, one, rules, outcome)

    def _identify(self, batches: Sequence[EventBatch], rules: Rules, outcome: Ingested) -> list[Item]:
        """Each event with its identifiers; what names nobody is kept among the rejected."""
        rejections: list[Rejection] = [one for batch in batches for one in batch.rejected]
        items: list[Item] = []
        for index, batch in enumerate(batches):
            for position, event in enumerate(batch.events):
                found = identifiers_of(event, rules.playbook)
                if event.profile or found.identifiers:
                    items.append(Item(index, position, batch, event, found.identifiers))
                else:
                    reasons = ", ".join(f"{one.kind} {one.reason}" for one in found.unusable)
                    message = f"nothing in it names a customer ({reasons or 'no identifier'})"
                    rejections.append(
                        Rejection(event.message_id, "no-identifier", message, -1, event.received_at)
                    )
        if rejections:
            self.rejected.add(rejections)
            outcome.rejected = len(rejections)
        return items

    def _attempt(self, circle: Circle, doors: Doors, rules: Rules, outcome: Ingested) -> _Round | None:
        """Work out a circle; a fault in it is the circle's own."""
        try:
            return self._work(circle.items, doors, rules)
        except Exception as fault:  # noqa: BLE001 - a poisoned event must not take its neighbours with it
            self._isolate(circle, fault, outcome)
            return None

    def _work(self, items: Sequence[Item], doors: Doors, rules: Rules) -> _Round:
        """Take events in order until all are taken, or as much is decided as one commit should carry."""
        one = _Round(doors.part(_homes(items, doors)))
        switches = self.rules.switches()
        known = self._forgotten(items, one.doors)
        self._adopt(one.doors, rules)
        learned = self.learned()
        for at, item in enumerate(items):
            if item.event.message_id not in known:
                self._take(one, item, rules, learned, switches)
            if _is_full(one.doors):
                one.left = list(items[at + 1 :])
                break
        return one

    def _take(self, one: _Round, item: Item, rules: Rules, learned: Learned, switches: Switches) -> None:
        event = item.event
        now = max(self.clock(), event.timestamp)
        profile = self._place(one, item, rules)
        if profile is None or _elsewhere(profile, event, now):
            return
        timer = event.origin == "topeka" and event.event in TIMERS
        if not timer:
            if not fold(profile, event, rules):
                return
            one.entries.setdefault(profile.id, []).append(event)
            one.folded += 1
        profile.folded_under = rules.fingerprint
        effects = react(profile, event, rules, learned, switches, now)
        if profile.id in one.doors.rehomed:
            one.doors.rehomed.discard(profile.id)
            effects.extend(rows_of(profile, rules, now))
        one.doors.put(profile)
        one.doors.outbox.setdefault(profile.id, []).extend(effects)

    def _place(self, one: _Round, item: Item, rules: Rules) -> Profile | None:
        event = item.event
        if event.profile:
            return one.doors.resident(event.profile, event.timestamp)
        placed = place_event(one.doors, event, order_of_taking(item, one.doors), rules)
        if placed.profile is None:
            return None
        for refusal in placed.refusals:
            one.entries.setdefault(placed.profile.id, []).append(_refused(event, refusal))
            one.refused += 1
        return placed.profile

    def _adopt(self, doors: Doors, rules: Rules) -> None:
        """Bring every profile at hand under the playbook in force before anything new is folded."""
        for profile in [door for door in doors.now.values() if isinstance(door, Profile)]:
            if not is_adopted(profile, rules):
                effects = adopt_playbook(self.timeline, profile, rules, self.clock())
                doors.put(profile)
                doors.outbox.setdefault(profile.id, []).extend(effects)

    def _forgotten(self, items: Sequence[Item], doors: Doors) -> set[str]:
        """Message ids that were folded so long ago that the profile's memory has dropped them."""
        late: dict[str, list[Event]] = {}
        owners: dict[str, Profile] = {}
        for item in items:
            homes = [item.event.profile] if item.event.profile else [doors.home(i) for i in item.identifiers]
            for home in homes:
                profile = doors.resident(home, item.event.timestamp)
                if profile is not None and may_have_forgotten(profile.seen, item.event):
                    late.setdefault(profile.id, []).append(item.event)
                    owners[profile.id] = profile
        found: set[str] = set()
        for profile_id, events in late.items():
            times = [event.timestamp for event in events]
            ids = [profile_id, *owners[profile_id].merged]
            around = (min(times) - DRIFT, max(times) + DRIFT)
            found |= self.timeline.contains(ids, [event.message_id for event in events], around)
        return found

    def _store(self, rounds: Iterable[_Round]) -> None:
        """Timeline and lake first, once for all: whatever is committed afterwards is already there."""
        entries = [(profile, events) for one in rounds for profile, events in one.entries.items() if events]
        if not entries:
            return
        self.timeline.append(entries)
        self.lake.put(
            "event", [event_line(profile, event) for profile, events in entries for event in events]
        )

    def _finish(self, circle: Circle, one: _Round, rules: Rules, outcome: Ingested) -> None:
        """Commit a circle's round; read again where another writer was first; then its next round, if any."""
        stored = dict(one.entries)
        tries = 0
        items = circle.items
        try:
            while True:
                try:
                    self._commit(one.doors)
                    outcome.folded += one.folded
                    outcome.refused_links += one.refused
                    items, tries, stored = one.left, 0, {}
                except Conflict:
                    outcome.conflicts += 1
                    tries += 1
                    if tries >= TRIES:
                        raise
                if not items:
                    return
                one = self._again(items, rules)
                self._store([_only_new(one, stored)])
                stored = one.entries
        except Retry:
            self._requeue(Circle(items), outcome)
        except Exception as fault:  # noqa: BLE001 - see _attempt
            self._isolate(Circle(items), fault, outcome)

    def _again(self, items: Sequence[Item], rules: Rules) -> _Round:
        doors = Doors(self.secrets, ranks(rules.playbook.identifiers))
        open_doors(self.profiles, doors, _homes(items, doors), consistent=True)
        return self._work(items, doors, rules)

    def _commit(self, doors: Doors) -> None:
        """One transaction where a sign changes; else each profile alone, which folding once makes safe."""
        writes = [
            Write(_renewed(doors.now[home]), doors.versions.get(home, ""), tuple(doors.outbox.get(home, ())))
            for home in sorted(doors.changed)
            if home in doors.now
        ]
        if any(isinstance(write.door, Sign) for write in writes):
            self.profiles.commit(writes)
            return
        for write in writes:
            self.profiles.commit([write])

    def _requeue(self, circle: Circle, outcome: Ingested) -> None:
        """The circle's events become a message of their own, so that the rest of the batch is done."""
        attempt = max(item.batch.attempt for item in circle.items) + 1
        if attempt > ATTEMPTS:
            outcome.failed.update(item.index for item in circle.items)
            return
        try:
            self.queue.send(
                EventBatch(events=tuple(i.event for i in circle.items), attempt=attempt), delay=1000
            )
            outcome.requeued += len(circle.items)
        except Retry:
            outcome.failed.update(item.index for item in circle.items)

    def _isolate(self, circle: Circle, fault: Exception, outcome: Ingested) -> None:
        """A fault of ours: each event goes on alone, so that only the one that causes it ends as a dead letter."""
        outcome.faults.append(type(fault).__name__)
        for item in circle.items:
            alone = len(item.batch.events) == 1 and not item.batch.rejected
            if alone:
                outcome.failed.add(item.index)
            else:
                self._requeue(Circle([item]), outcome)


DRIFT = 15 * 60 * 1000
"""How far apart the corrected times of two copies of one event may lie (ms)."""


def _homes(items: Sequence[Item], doors: Doors) -> list[tuple[str, int]]:
    return [(home, item.event.timestamp) for item in items for home in item.homes(doors)]


def _is_full(doors: Doors) -> bool:
    return len(doors.changed) >= MOST_DOORS or sum(map(len, doors.outbox.values())) >= MOST_EFFECTS


def _elsewhere(profile: Profile, event: Event, now: int) -> bool:
    """Whether a moment about a place reaches somebody who is not there (any more)."""
    place = event.properties.get("place")
    return event.origin == "moment" and bool(place) and place_of(profile, now) != place


def _renewed(door: Door) -> Door:
    """The door under its next version."""
    door.version = next_version(door.version, nonces.token_hex(6))
    return door


def _only_new(one: _Round, stored: dict[str, list[Event]]) -> _Round:
    """What the timeline has not been given yet."""
    had = {(profile, event.message_id) for profile, events in stored.items() for event in events}
    entries = {
        profile: [event for event in events if (profile, event.message_id) not in had]
        for profile, events in one.entries.items()
    }
    return _Round(one.doors, entries=entries)


def _refused(event: Event, refusal: Refusal) -> Event:
    """A refused link, as the timeline tells it."""
    return Event(
        message_id=f"{event.message_id}:refused:{refusal.identifier.kind}",
        type="track",
        event="Topeka Link Refused",
        timestamp=event.timestamp,
        received_at=event.received_at,
        properties={"kind": refusal.identifier.kind, "reason": refusal.reason},
        origin="topeka",
    )


def event_line(profile: str, event: Event) -> dict[str, object]:
    """An event as the lake keeps it: the profile it was folded into, and the event itself."""
    return {"profile": profile, **event_view(event)}
