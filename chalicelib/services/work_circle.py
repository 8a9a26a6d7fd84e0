"""Working out a circle: its events folded and reacted to over the doors that were read. Commits nothing.

Events are taken in order until all are taken, or as much is decided as one commit should carry; what is left
is worked out again, from doors read anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from chalicelib.domain.adopting import is_adopted
from chalicelib.domain.circles import Item, order_of_taking
from chalicelib.domain.decision import Switches
from chalicelib.domain.doors import Doors
from chalicelib.domain.effects import Effect
from chalicelib.domain.events import LINK_REFUSED, Event
from chalicelib.domain.facts import fold
from chalicelib.domain.handing_over import SIGNED_OUT, log_out
from chalicelib.domain.heat import is_hot, warm
from chalicelib.domain.identifiers import CHANGES_HANDS, Identifier
from chalicelib.domain.learning import Learned
from chalicelib.domain.linking import place_event
from chalicelib.domain.places import place_of
from chalicelib.domain.profile import Profile
from chalicelib.domain.reacting import PUBLISHED, TIMERS, react, rings_of, rows_of
from chalicelib.domain.refusing import TOO_MANY, Refusal, refusal_id
from chalicelib.domain.rules import Rules
from chalicelib.domain.seen import knows, may_have_forgotten
from chalicelib.domain.timelines import timelines_of
from chalicelib.services.adopt_playbook import adopt_playbook
from chalicelib.services.ports import Clock, Timeline

MOST_EFFECTS = 32
MOST_DOORS = 45
"""Homes changed or relied on, after which a commit takes no further event: one adds up to 51, and 100 is the most."""
MOST_BYTES = 32 * 1024
"""Of effects after which a commit takes no further event: an outbox has 64 KB, and one event can add about half."""
DRIFT = 15 * 60 * 1000
"""How far apart the corrected times of two copies of one event may lie (ms)."""


WEEK = 7 * 24 * 60 * 60 * 1000

Place = tuple[str, str]
"""Where an event is stored: the id of the timeline, and of the profile that folded it."""


@dataclass(slots=True)
class Round:
    """One pass over a circle: the doors as they would be, what to store first, and what is left to do.

    `taken` are the events in the order they were taken, each with the profile it went to. `entries` are the events
    to store, by timeline and profile id. `known` are repeats, with the timelines of who folded them.
    `aside` are those that no customer can have sent, by profile id. `received` are the times of receipt of what was
    folded. `refused` counts refused links by reason. `weight` is the size of the effects in bytes. `warm`: some
    profile has lately had so much that it is counted.
    """

    doors: Doors
    taken: list[tuple[Profile, Event]] = field(default_factory=list)
    entries: dict[Place, list[Event]] = field(default_factory=dict)
    left: list[Item] = field(default_factory=list)
    aside: dict[str, list[Event]] = field(default_factory=dict)
    known: dict[str, list[str]] = field(default_factory=dict)
    received: dict[str, list[tuple[int, bool]]] = field(default_factory=dict)
    folded: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    weight: int = 0
    warm: bool = False

    def keep(self, profile: Profile, event: Event) -> None:
        """Let an event be stored in the profile's timeline."""
        self.entries.setdefault((timelines_of(profile)[0], profile.id), []).append(event)

    def is_full(self) -> bool:
        """Whether it has as much as one commit should carry."""
        doors = self.doors
        if len(doors.changed) + len(doors.relied) < MOST_DOORS and not doors.outbox:
            return False
        decided = sum(map(len, doors.outbox.values()))
        touched = len(doors.changed | doors.relied)
        return touched >= MOST_DOORS or decided >= MOST_EFFECTS or self.weight >= MOST_BYTES


@dataclass(frozen=True, slots=True)
class WorkCircle:
    """Works circles out under one playbook. The timeline is only read.

    `most` is how many events a minute a profile may have before more are set aside. `mark` is the worker's own: what
    the timeline has under it, nobody has folded yet.
    """

    timeline: Timeline
    rules: Rules
    switches: Switches
    learned: Learned
    clock: Clock
    most: int
    mark: str

    def __call__(self, items: Sequence[Item], doors: Doors) -> Round:
        """Take events in order, in the part of `doors` they concern."""
        one = Round(doors.part(homes(items, doors)))
        one.warm = any(isinstance(door, Profile) and door.heat is not None for door in one.doors.now.values())
        known = self._folded_before(items, one)
        self._adopt(items, one.doors)
        for at, item in enumerate(items):
            if item.event.message_id not in known:
                self._take(one, item)
            if one.is_full():
                one.left = list(items[at + 1 :])
                break
        for id, received in one.received.items():
            if isinstance(profile := one.doors.now.get(id), Profile):
                warm(profile, received, self.most)
        return one

    def _folded_before(self, items: Sequence[Item], one: Round) -> set[str]:
        """Message ids that were folded so long ago that the memory of whoever folded them has dropped them.

        What the timeline took after the memory's floor would still be remembered if it had been committed:

            worker   looks e up: new ... stores e ... dies
            queue                                  again: e is stored, received after the floor, not remembered

        So would what this worker has stored itself, and lost the race to commit while the floor rose past it.

        What was in the quarantine was not folded when it was set aside: a copy that was stored of the same receipt is
        what a worker left that died.
        """
        late: dict[tuple[str, bool], list[Event]] = {}
        readers: dict[str, Profile] = {}
        found: set[str] = set()
        floor = max(
            (door.seen.floor for door in one.doors.now.values() if isinstance(door, Profile)), default=0
        )
        for item in items:
            if min(item.event.received_at, item.event.timestamp) >= floor:
                continue
            for profile in _takers(item, one.doors):
                if may_have_forgotten(profile.seen, item.event):
                    late.setdefault((profile.id, item.batch.released), []).append(item.event)
                    readers[profile.id] = profile
        for (profile_id, released), events in late.items():
            profile = readers[profile_id]
            for span in _spans(events):
                wanted = {event.message_id for event in span}
                around = (span[0].timestamp - DRIFT, span[-1].timestamp + DRIFT)
                before = min(event.received_at for event in span) if released else profile.seen.floor
                found |= self.timeline.contains(timelines_of(profile), wanted, around, before, self.mark)
        return found

    def _adopt(self, items: Sequence[Item], doors: Doors) -> None:
        """Bring every profile at hand under the playbook in force before anything new is folded."""
        if all(is_adopted(door, self.rules) for door in doors.now.values() if isinstance(door, Profile)):
            return
        at_hand = {profile.id: profile for item in items for profile in _residents(item, doors)}
        for profile in at_hand.values():
            if not is_adopted(profile, self.rules):
                effects = adopt_playbook(self.timeline, profile, self.rules, self.clock())
                doors.put(profile)
                doors.outbox.setdefault(profile.id, []).extend(effects)

    def _take(self, one: Round, item: Item) -> None:
        event = item.event
        now = max(self.clock(), event.timestamp)
        if self._is_repeat(one, item) or self._is_too_much(one, item):
            return
        profile = self._place(one, item)
        if profile is None or _elsewhere(profile, event, now):
            return
        one.taken.append((profile, event))
        timer = event.origin == "topeka" and event.event in TIMERS
        fresh = timer or self._fold(one, profile, event)
        effects: list[Effect] = []
        if fresh:
            profile.folded_under = self.rules.fingerprint
            effects += react(profile, event, self.rules, self.learned, self.switches, now)
        if profile.id in one.doors.rehomed:
            one.doors.rehomed.discard(profile.id)
            effects += [*rows_of(profile, self.rules, now), *rings_of(profile)]
        if effects or (fresh and not (timer and event.event == PUBLISHED)):
            _keep(one, profile, effects)

    def _is_repeat(self, one: Round, item: Item) -> bool:
        """Whether the event was folded before: its first copy stands, with its time and its links.

        Also by an earlier owner of the device it came from, or the new owner would fold it as well:

            worker A   e at 15: Ana's door, put Ana ... dies before the queue knows
            worker B                                     Ben's login, stamped 12: Ben's door from 12 on
            queue                                                              e again: Ben's door, but Ana knows e

        What a worker has handed back is stored again: it may have taken it out of the timeline.
        """
        profile = who_knows(item, one.doors)
        if profile is None:
            return False
        one.known[item.event.message_id] = timelines_of(profile)
        if item.batch.attempt:
            one.keep(profile, item.event)
        return True

    def _is_too_much(self, one: Round, item: Item) -> bool:
        """Whether the event is set aside: before it links, since a flood links a flood of ids."""
        if not one.warm or item.batch.released or item.event.profile:
            return False
        home = one.doors.home(_lead_of(item, one.doors))
        profile = one.doors.resident(home, item.at)
        if profile is None or not is_hot(profile, item.event, self.most):
            return False
        one.aside.setdefault(profile.id, []).append(item.event)
        return True

    def _fold(self, one: Round, profile: Profile, event: Event) -> bool:
        if not fold(profile, event, self.rules):
            return False
        one.keep(profile, event)
        one.received.setdefault(profile.id, []).append((event.received_at, event.proven))
        one.folded += 1
        return True

    def _place(self, one: Round, item: Item) -> Profile | None:
        event = item.event
        if event.profile:
            return one.doors.resident(event.profile, item.at)
        identifiers = order_of_taking(item, one.doors)
        placed = place_event(one.doors, event, identifiers, self.rules)
        if placed.profile is None:
            return None
        told = {r.reason if r.reason == TOO_MANY else str(r.identifier): r for r in placed.refusals}
        for refusal in told.values():
            one.keep(placed.profile, _refused(event, refusal))
        one.refused.update(refusal.reason for refusal in placed.refusals)
        if event.title == SIGNED_OUT:
            log_out(one.doors, placed.profile, identifiers, event, self.rules)
        return placed.profile


def homes(items: Sequence[Item], doors: Doors) -> list[tuple[str, int]]:
    """Every home that matters for the events, with the time that matters there."""
    return [(home, item.at) for item in items for home in item.homes(doors)]


def _residents(item: Item, doors: Doors) -> Iterator[Profile]:
    for home in item.homes(doors):
        profile = doors.resident(home, item.at)
        if profile is not None:
            yield profile


def _spans(events: Sequence[Event]) -> Iterator[list[Event]]:
    """Runs of events with no week between them, in time order: whoever claims a time long ago has no more read."""
    span: list[Event] = []
    for event in sorted(events, key=lambda one: one.timestamp):
        if span and event.timestamp - span[-1].timestamp > WEEK:
            yield span
            span = []
        span.append(event)
    if span:
        yield span


def who_knows(item: Item, doors: Doors) -> Profile | None:
    """Who has folded the event, as far as memory goes."""
    return next((one for one in _takers(item, doors) if knows(one.seen, item.event)), None)


def _lead_of(item: Item, doors: Doors) -> Identifier:
    """The strongest identifier, an alias's previous id read as what exists."""
    strongest = item.identifiers[0]
    return strongest if strongest.kind != "previous" else order_of_taking(item, doors)[0]


def _takers(item: Item, doors: Doors) -> Iterator[Profile]:
    """Whoever may have folded the event: whom its strongest identifier leads to, or who has had the device it names."""
    home = item.event.profile or doors.home(lead := _lead_of(item, doors))
    living = doors.resident(home, item.at)
    if living is not None:
        yield living
    if not item.event.profile and lead.kind in CHANGES_HANDS:
        yield from (owner for owner in doors.owners(home) if owner is not living)


def _keep(one: Round, profile: Profile, effects: list[Effect]) -> None:
    one.doors.put(profile)
    if effects:
        one.doors.outbox.setdefault(profile.id, []).extend(effects)
        one.weight += len(msgspec.json.encode(effects))


def _elsewhere(profile: Profile, event: Event, now: int) -> bool:
    """Whether a moment about a place reaches somebody who is not there (any more)."""
    place = event.properties.get("place")
    return event.origin == "moment" and bool(place) and place_of(profile, now) != place


def _refused(event: Event, refusal: Refusal) -> Event:
    """A refused link, as the timeline tells it: each that was tried, and one of those that were too many."""
    return Event(
        message_id=refusal_id(event.message_id, refusal.identifier),
        type="track",
        event=LINK_REFUSED,
        timestamp=event.timestamp,
        received_at=event.received_at,
        properties={
            "kind": refusal.identifier.kind,
            "reason": refusal.reason,
            "event": event.message_id,
        },
        origin="topeka",
    )
