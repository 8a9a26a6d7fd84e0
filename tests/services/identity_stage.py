"""A stage for workers of the events queue: messages come in any order, twice or to two at once; workers die.

Every step is a plain call, so that what the machine finds can be played again by hand, line by line. `check` holds
what must be true after each step, `settle` lets everything come to rest, and `compare` asks the reference model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from chalicelib.domain.errors import Retry
from chalicelib.domain.events import Event, EventBatch
from chalicelib.domain.identifiers import CHANGES_HANDS
from chalicelib.domain.keys import short_id
from chalicelib.domain.profile import Door, Profile, Sign
from chalicelib.domain.stored import Write
from chalicelib.domain.timelines import timelines_of
from chalicelib.services.ingest_events import Ingested, IngestEvents
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.work_circle import Round
from tests.fakes import FakeClock, FakePlaybooks
from tests.fakes.stepping import DONE, Killed, LaggingProfiles, Stepped, SteppedProfiles, Stepper, Turn
from tests.services.identity_model import EMAILS, Customer, IdentityModel
from tests.services.ingest_world import World

PLAYBOOK = f"""
playbook: 1
name: shop
identifiers: [{{kind: user, unique: true}}, {{kind: email, limit: {EMAILS}}}, {{kind: phone}}, {{kind: anonymous}}]
segments:
  buyer: {{did: Order Completed, at_least: 2, within: 7d}}
  spender: {{did: Order Completed, total: revenue, above: 5, within: 90d}}
"""
VALUES = {
    "user": ("u", "v"),
    "email": ("x@example.com", "y@example.com", "z@example.com"),
    "phone": ("+17855550100",),
    "loyalty": ("L",),
    "anonymous": ("a", "b", "c"),
    "device": ("t",),
}
HALF_HOUR = 1_800_000
PATIENCE = 400
"""Calls after which work that meets no more faults must be done."""

_steppers: list[Stepper] = []
_rules: list[LiveRules] = []


def steppers(count: int) -> list[Stepper]:
    """Threads are dear: they are kept from one stage to the next."""
    while len(_steppers) < count:
        _steppers.append(Stepper())
    return _steppers[:count]


def shared_rules() -> LiveRules:
    """So is a compiled playbook."""
    if not _rules:
        world = World(playbooks=FakePlaybooks())
        world.publish(PLAYBOOK)
        _rules.append(LiveRules(world.playbooks, FakeClock()))
    return _rules[0]


@dataclass(frozen=True, slots=True)
class Watched(IngestEvents):
    """Tells which round it is about to commit."""

    commits: Callable[[Round], None] = lambda _round: None

    def _commit(self, one: Round) -> None:
        self.commits(one)
        IngestEvents._commit(self, one)


@dataclass
class Worker:
    """One worker, the messages it holds, and the round whose commits it is making."""

    stepper: Stepper
    ingest: IngestEvents = field(init=False)
    holds: list[int] = field(default_factory=list)
    round: Round | None = None

    @property
    def is_busy(self) -> bool:
        return bool(self.stepper.waits_for)


class Stage:
    """`messages` are those not acknowledged yet, `sent` all there ever were, by number.

    `doubtful` are events one of whose workers met a fault. If that was between storing and committing, and they led
    to somebody else when they came again, the first timeline tells of them too: nobody is left who knows.
    """

    def __init__(self, workers: int = 3) -> None:
        self.profiles = LaggingProfiles()
        self.world = World(profiles=self.profiles)
        self.model = IdentityModel()
        self.messages: dict[int, EventBatch] = {}
        self.sent: dict[int, EventBatch] = {}
        self.events: dict[str, Event] = {}
        self.workers = [self._worker(stepper) for stepper in steppers(workers)]
        self.story: list[tuple[str, tuple[Any, ...]]] = []
        self._told: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {}
        self._telling = True
        self._checked = 0
        self.doubtful: set[str] = set()

    def _worker(self, stepper: Stepper) -> Worker:
        worker = Worker(stepper)

        def commits(one: Round) -> None:
            worker.round = one

        world = self.world
        worker.ingest = Watched(
            profiles=SteppedProfiles(stepper, self.profiles, lambda writes: self._committed(worker, writes)),
            timeline=Stepped(stepper, world.timeline),
            lake=Stepped(stepper, world.lake),
            rejected=world.rejected,
            quarantine=Stepped(stepper, world.quarantine),
            queue=Stepped(stepper, world.queue),
            rules=shared_rules(),
            secrets=world.secrets,
            learned=world.ingest.learned,
            clock=world.clock,
            commits=commits,
        )
        return worker

    def event(
        self, at: int, *names: str, previous: str = "", order: int | None = None, plan: str = ""
    ) -> Event:
        """An event that names a customer by `kind:value`s. It counts an order of that revenue, or teaches a plan.

        `at` counts half hours before the end of half a day: a door that changed hands eight times in minutes would
        be no device's.
        """
        number = len(self.events) + 1
        sent = dict(name.split(":", 1) for name in names)
        traits: dict[str, Any] = {kind: sent[kind] for kind in ("email", "phone") if kind in sent}
        traits |= {"plan": plan} if plan and not previous else {}
        context: dict[str, Any] = {}
        if "device" in sent:
            context["device"] = {"token": sent["device"]}
        if "loyalty" in sent:
            context["externalIds"] = [{"type": "loyalty", "id": sent["loyalty"]}]
        now = self.world.clock()
        event = Event(
            message_id=f"m{number}",
            type="alias" if previous else "identify" if traits else "track",
            timestamp=now - 12 * HALF_HOUR + at * HALF_HOUR,
            received_at=now,
            event="" if previous or traits else "Page Seen" if order is None else "Order Completed",
            user_id=sent.get("user"),
            anonymous_id=sent.get("anonymous"),
            previous_id=previous or None,
            properties={} if order is None else {"revenue": order},
            traits=traits,
            context=context,
        )
        self.events[event.message_id] = event
        self._told[event.message_id] = (at, *names), {"previous": previous, "order": order, "plan": plan}
        return event

    def send(self, *events: Event) -> int:
        """A client's request becomes a message; its number."""
        self._tell("send", *events)
        return self._queue(EventBatch(events=events))

    def _queue(self, batch: EventBatch) -> int:
        number = len(self.sent)
        self.sent[number] = self.messages[number] = batch
        return number

    def again(self, number: int) -> None:
        """The queue brings a message once more, acknowledged or not."""
        self._tell("again", number)
        self.messages[number] = self.sent[number]

    def take(self, worker: int, *numbers: int) -> None:
        """A worker begins with these messages and stops before its first call."""
        self._tell("take", worker, *numbers)
        one = self.workers[worker]
        one.holds = list(numbers)
        batches = [self.sent[number] for number in numbers]
        one.stepper.start(lambda: one.ingest(batches))
        self._after(one)

    def go(self, worker: int, turn: Turn = DONE) -> None:
        """A worker makes its next call and stops before the one after it."""
        one = self.workers[worker]
        self._tell(f"go:{one.stepper.waits_for}", worker, turn)
        if turn.fate != "done":
            self.doubtful |= {event.message_id for number in one.holds for event in self.sent[number].events}
        one.stepper.go(turn)
        self._after(one)

    def finish(self, worker: int) -> None:
        """A worker goes on to its end and meets no more faults."""
        for _ in range(PATIENCE):
            if not self.workers[worker].is_busy:
                return
            self.go(worker)
        raise AssertionError("a worker never comes to its end")

    def settle(self) -> None:
        """Every worker ends, and what is still in the queue is worked off."""
        self._tell("settle")
        self._telling = False
        for worker in range(len(self.workers)):
            self.finish(worker)
        for _ in range(PATIENCE):
            if not self.messages:
                return
            self.take(0, next(iter(self.messages)))
            self.finish(0)
        raise AssertionError("the queue is never empty")

    def close(self) -> None:
        """Whatever is still under way ends where it stands."""
        for worker in self.workers:
            worker.stepper.kill()

    def told(self) -> str:
        """What was done so far, as a test would do it."""
        return "\n".join(self._line(act, args) for act, args in self.story)

    def _tell(self, act: str, *args: Any) -> None:
        if self._telling:
            self.story.append((act, args))

    def _line(self, act: str, args: tuple[Any, ...]) -> str:
        name, _, call = act.partition(":")
        said = ", ".join(self._call(one) for one in args if one != DONE)
        return f"stage.{name}({said})" + (f"  # {call}" if call else "")

    def _call(self, arg: Any) -> str:
        if not isinstance(arg, Event):
            return repr(arg)
        args, named = self._told[arg.message_id]
        said = [*map(repr, args), *(f"{name}={value!r}" for name, value in named.items() if value)]
        return f"stage.event({', '.join(said)})"

    def _after(self, worker: Worker) -> None:
        while self.world.queue.batches:
            self._queue(self.world.queue.batches.pop(0))
        if not worker.is_busy:
            self._ended(worker)
        self.check()

    def _ended(self, worker: Worker) -> None:
        """What its call of ingest reports as done is acknowledged; all else stays in the queue."""
        fault = worker.stepper.fault
        if fault is not None and not isinstance(fault, Killed | Retry):
            raise AssertionError(f"a fault of ours: {fault!r}") from fault
        if fault is None:
            outcome: Ingested = worker.stepper.answer
            assert not outcome.faults, f"a fault of ours: {outcome.faults}"
            for position, number in enumerate(worker.holds):
                if position not in outcome.failed:
                    self.messages.pop(number, None)
        worker.holds = []

    def _committed(self, worker: Worker, writes: Sequence[Write]) -> None:
        """A commit took place. One that moves a sign is whole; else it is of the events of the profiles written."""
        assert worker.round is not None
        whole = any(isinstance(write.door, Sign) for write in writes)
        written = {write.door.id for write in writes}
        for profile, event in worker.round.taken:
            if whole or profile.id in written:
                self.model.take(event)

    def doors(self) -> dict[str, Door]:
        """What stands at every home."""
        return {
            id: msgspec.json.decode(data, type=kind) for id, (kind, data, _) in self.profiles.homes.items()
        }

    def home(self, name: str) -> str:
        """The home of a `kind:value`."""
        return self.world.secrets.home(*name.split(":", 1))

    def check(self) -> None:
        """Homes are sound: every sign leads to a profile, and an identifier's to the one that lists it."""
        stream = self.profiles.stream
        if len(stream) == self._checked:
            return
        self._checked = len(stream)
        assert len({version for _, version, _ in stream}) == len(stream), "a version was used twice"
        doors = self.doors()
        homes = {name: self.home(name) for name in all_names()}
        shaky = {home for name, home in homes.items() if name.partition(":")[0] in CHANGES_HANDS}
        _check_signs(doors, shaky)
        listed = _check_listed(doors, homes, shaky)
        for name, home in homes.items():
            assert home not in doors or name in listed, f"{name} has a sign or profile, and nobody lists it"

    def compare(self) -> None:
        """At rest: everybody is who the model says, and each event has been counted once."""
        profiles = {frozenset(names_of(one)): one for one in profiles_of(self.doors())}
        customers = {frozenset(one.identifiers): one for one in self.model.customers()}
        assert profiles.keys() == customers.keys(), _told(
            "who is who", sorted(map(sorted, profiles)), sorted(map(sorted, customers))
        )
        counted = [id for one in customers.values() for id in one.events]
        assert set(counted) == self._of_sent(), "an event was lost"
        assert len(counted) == len(set(counted)), "an event was counted for two customers"
        for names, customer in customers.items():
            self._compare_one(profiles[names], customer)

    def _of_sent(self) -> set[str]:
        return {event.message_id for batch in self.sent.values() for event in batch.events}

    def _compare_one(self, profile: Profile, customer: Customer) -> None:
        events = customer.events.values()
        seen = {short_id(id): id for id in self.events}
        folded = sorted(seen[one] for one in profile.seen.ids)
        assert folded == sorted(customer.events), _told("what was folded", folded, sorted(customer.events))
        assert facts_of(profile) == facts_expected(list(events)), _told(
            "facts", facts_of(profile), facts_expected(list(events))
        )
        history = sorted({
            event.message_id
            for id in timelines_of(profile)
            for event in self.world.timeline.events[id].values()
            if event.event != "Topeka Link Refused"
        })  # fmt: skip
        told = _told("history", history, sorted(customer.events))
        assert set(history) >= customer.events.keys(), told
        assert set(history) - customer.events.keys() <= self.doubtful, told


def all_names() -> Iterator[str]:
    """Every identifier there may be; an alias may call a visitor what others call a user."""
    yield from (f"{kind}:{value}" for kind, values in VALUES.items() for value in values)
    yield from (f"anonymous:{value}" for value in VALUES["user"])


def profiles_of(doors: dict[str, Door]) -> list[Profile]:
    """Those of what stands at homes that are profiles."""
    return [door for door in doors.values() if isinstance(door, Profile)]


def names_of(profile: Profile) -> list[str]:
    """What a profile lists."""
    return [f"{one.kind}:{one.value}" for one in profile.identifiers]


def facts_of(profile: Profile) -> dict[str, Any]:
    """What a profile says of its events."""
    facts = profile.facts
    return {
        "activity": {name: (one.total, one.first, one.last) for name, one in facts.activity.items()},
        "traits": {name: one.value for name, one in facts.traits.items()},
        "sum": sum(state.total for state in facts.features.values()),
        "latest": sorted(tuple(each) for state in facts.features.values() for each in state.times),
        "span": (facts.first, facts.last),
    }


def facts_expected(events: Sequence[Event]) -> dict[str, Any]:
    """The same, from the events themselves."""
    ordered = sorted(events, key=lambda event: event.order)
    times: dict[str, list[int]] = {}
    for event in ordered:
        if event.type == "track":
            times.setdefault(event.event, []).append(event.timestamp)
    orders = [event for event in ordered if event.event == "Order Completed"]
    return {
        "activity": {name: (len(all), min(all), max(all)) for name, all in times.items()},
        "traits": {name: value for event in ordered for name, value in event.traits.items()},
        "sum": sum(event.properties["revenue"] for event in orders) * 1_000_000,
        "latest": sorted((event.timestamp, short_id(event.message_id)) for event in orders)[-2:],
        "span": (ordered[0].timestamp, ordered[-1].timestamp) if ordered else (0, 0),
    }


def _check_signs(doors: dict[str, Door], shaky: set[str]) -> None:
    for sign in doors.values():
        if isinstance(sign, Sign):
            onward = {sign.forward_to, *(owner for owner, _ in sign.owners)}
            assert not onward & shaky, "a sign leads to a home that changes hands"
            for owner in onward:
                _follow(doors, owner)


def _check_listed(doors: dict[str, Door], homes: dict[str, str], shaky: set[str]) -> set[str]:
    """What is listed, each by one profile, to which it leads."""
    listed: set[str] = set()
    for profile in profiles_of(doors):
        assert profile.id not in shaky or len(profile.identifiers) == 1, (
            "more than a device lives at its home"
        )
        for name in names_of(profile):
            assert name not in listed, f"{name} is listed by two profiles"
            listed.add(name)
            assert _follow(doors, homes[name]) is profile, f"{name} leads to a profile that doesn't list it"
    return listed


def _follow(doors: dict[str, Door], home: str) -> Profile:
    way = [home]
    while isinstance(door := doors.get(way[-1]), Sign):
        assert door.forward_to not in way, "signs lead in a circle"
        way.append(door.forward_to)
    assert isinstance(door, Profile), "a sign leads nowhere"
    return door


def _told(what: str, found: object, expected: object) -> str:
    return f"{what}\n  found:    {found!r}\n  expected: {expected!r}"
