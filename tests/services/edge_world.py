"""A workspace from event to provider over fakes, whose every call may be the last of its worker.

The provider is `edge_laws.Edge`, which holds each message against the laws.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from chalicelib.domain.decision import Switches
from chalicelib.domain.errors import Retry
from chalicelib.domain.events import Event, EventBatch
from chalicelib.domain.instants import to_text
from chalicelib.domain.keys import Secrets
from chalicelib.domain.learning import Learned
from chalicelib.domain.playbook.kept import keep
from chalicelib.domain.playbook.parsing import parse
from chalicelib.domain.rules import Rules
from chalicelib.domain.stored import Commit
from chalicelib.services.find_profile import FindProfile
from chalicelib.services.ingest_events import IngestEvents
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.put_off import PutOff
from chalicelib.services.relay_effects import RelayEffects
from chalicelib.services.ring_agenda import RingAgenda
from chalicelib.services.send_delivery import SendDelivery
from chalicelib.services.take_feedback import TakeFeedback
from chalicelib.services.take_turn import TakeTurn
from chalicelib.services.write_contact import WriteContact
from tests import fakes
from tests.fakes.clock import MONDAY_NOON
from tests.fakes.mortal import Killed, Mortal, Mortality, Queue
from tests.services.edge_laws import ANSWERS, CUSTOMERS, MINUTE, PLAYBOOK, SECOND, Edge
from tests.services.many_world import short

_compiled: dict[int, Rules] = {}


class EdgeWorld:
    """From outside come `say`, `happen`, `bounce`, `switch`, `time`; `ingest`, `relay`, `work`, `ring` are workers."""

    def __init__(self) -> None:
        self.clock, self.fate = fakes.FakeClock(MONDAY_NOON), Mortality()
        self.events, self.due, self.jobs = Queue(self.clock), Queue(self.clock), fakes.FakeJobQueue()
        self.profiles, self.deliveries, self.stops = (
            fakes.FakeProfiles(),
            fakes.FakeDeliveries(),
            fakes.FakeStops(),
        )
        self.agenda, self.playbooks, self.numbers = fakes.FakeAgenda(), fakes.FakePlaybooks(), count(1)
        self.relayed = 0
        self.edge = Edge(self.clock, self.deliveries)
        playbook, faults = parse(PLAYBOOK)[:2]
        assert playbook is not None, faults
        self.playbooks.publish(PLAYBOOK, keep(playbook), 0)
        self._wire()
        for name in CUSTOMERS:
            number = 1_000 + CUSTOMERS.index(name)
            traits = {"email": f"{name}@example.com", "phone": f"+1785555{number}"}
            self._tell(
                self._event("", type="identify", user_id=name, traits=traits, origin="operator", proven=True)
            )
        self.edge.ids = {self.of(name): name for name in CUSTOMERS}

    def of(self, name: str) -> str:
        """The profile id of a customer."""
        found = FindProfile(self.profiles, self.secrets).by_identifier("user", name)
        assert found is not None
        return found.id

    # From outside.

    def say(self, name: str, channel: str, topic: str, state: str) -> None:
        """A customer says yes or no, and it is folded."""
        said = {"channel": channel, "topic": topic, "state": state}
        event = self._event("Topeka Permission Set", properties=said, origin="operator", proven=True)
        self._tell(
            Event(**{**{f: getattr(event, f) for f in event.__struct_fields__}, "profile": self.of(name)})
        )
        self.edge.said[name, channel, topic] = state

    def happen(self, name: str, title: str) -> None:
        """Something happens to a customer; ingest has yet to see it."""
        self.events.send(EventBatch((self._event(title, user_id=name),)))

    def bounce(self, which: int, kind: str) -> None:
        """SES tells of one of the e-mails it took: it bounced for good, or was complained of."""
        mails = [entry for entry in self.edge.taken if entry[3] == "email"]
        if not mails:
            return
        _, delivery, _, _, to = mails[which % len(mails)]
        at = to_text(self.clock.now)
        mail = {
            "timestamp": at,
            "messageId": f"ses-{delivery}",
            "destination": [to],
            "tags": {"delivery": [delivery]},
        }
        said = {
            "Bounce": {
                "bounceType": "Permanent",
                "bouncedRecipients": [{"emailAddress": to}],
                "timestamp": at,
            },
            "Complaint": {"complainedRecipients": [{"emailAddress": to}], "timestamp": at},
        }
        self.take_feedback({"eventType": kind, "mail": mail, kind.lower(): said[kind]})
        self.edge.stopped.add(to)

    def switch(self, to: str) -> None:
        """The operator turns all sending `off`, or `on`."""
        self.playbooks.set_switches(Switches(sending=to == "on"))
        self.edge.off_since = None if to == "on" else self.edge.off_since or self.clock.now

    def time(self, minutes: int) -> None:
        """It passes, and what was due then rings."""
        self.clock.forward(minutes * MINUTE)
        self.ring()

    def answer(self, which: int) -> None:
        """What the provider will say next."""
        self.edge.answers.append(ANSWERS[which])

    def again(self, which: int) -> None:
        """The queue brings a delivery twice."""
        if self.due.waiting:
            self.due.waiting.append(self.due.waiting[which % len(self.due.waiting)])

    # Workers; each may die on the way, and what it was at comes again.

    def mortal(self, worker: str, which: int, at: int, when: str) -> None:
        """A worker (`ingest`, `relay`, `work`) does one thing, and dies `before` or `after` its call number `at`."""
        self.fate.at, self.fate.before = at, when == "before"
        getattr(self, worker)(which)
        self.fate.at = -1

    def decide(self) -> None:
        """All that has happened is decided and handed to the queue, and nothing is sent yet."""
        while self.ingest() or self.relay():
            pass

    def ingest(self, which: int = 0) -> bool:
        """One message of the events queue; whether there was one."""
        return self._one(self.events, which, lambda batch: self.ingest_events([batch]))

    def work(self, which: int = 0) -> bool:
        """One delivery of the queue."""
        return self._one(self.due, which, self.send_delivery)

    def relay(self, _which: int = 0) -> bool:
        """Everything that was committed since."""
        stream = self.profiles.stream[self.relayed :]
        commits = [
            Commit(str(place), self.clock.now, effects)
            for place, (_, _, effects) in enumerate(stream)
            if effects
        ]
        if self._done(lambda: self.relay_effects(commits)):
            self.relayed += len(stream)
        return bool(commits)

    def ring(self) -> None:
        """What is due in the agenda."""
        minutes = {due // MINUTE * MINUTE for due, _ in self.agenda.jobs if due <= self.clock.now}
        for minute in sorted(minutes):
            for shard in range(self.agenda.shards):
                self._done(lambda at=minute, part=shard: self.ring_agenda({"minute": at, "shard": part}))  # type: ignore[misc]

    def settle(self, hours: int = 0) -> None:
        """Nobody dies, and time goes on, until nothing is left to do."""
        self.fate.at = -1
        for _ in range(hours * 4 + 1):
            self.ring()
            while any([self.ingest(), self.relay(), self.work()]):
                pass
            if hours:
                self.clock.forward(15 * MINUTE)

    def _one(self, queue: Queue, which: int, work: Callable[[Any], object]) -> bool:
        found = queue.take(which)
        if found is None:
            return False
        if not self._done(lambda: work(found)):
            queue.waiting.append((self.clock.now, found))
        return True

    def _done(self, work: Callable[[], object]) -> bool:
        """Whether the work came to its end; else it comes again."""
        self.fate.made = 0
        try:
            work()
        except (Killed, Retry):
            return False
        finally:
            self.fate.at = -1
        return True

    # How it is put together.

    def _tell(self, event: Event) -> None:
        assert not self.ingest_events([EventBatch((event,))]).failed

    def _event(self, title: str, **fields: Any) -> Event:
        now = self.clock.forward(SECOND)
        made = {"message_id": f"e{next(self.numbers)}", "type": "track", "event": title}
        return Event(**{**made, "timestamp": now, "received_at": now, **fields})

    def _nonce(self) -> str:
        return f"n{next(self.numbers)}"

    def _mortal(self, port: Any) -> Any:
        return Mortal(port, self.fate)

    def _wire(self) -> None:
        self.secrets = Secrets(b"s" * 32, b"d" * 32)
        clock, mortal, timeline = self.clock, self._mortal, fakes.FakeTimeline()
        profiles, deliveries, events, due = (
            mortal(each) for each in (self.profiles, self.deliveries, self.events, self.due)
        )
        lake, agenda, stops, edge = (
            fakes.FakeLake(),
            mortal(self.agenda),
            mortal(self.stops),
            mortal(self.edge),
        )
        live, find = LiveRules(self.playbooks, clock, _loaded=_compiled), FindProfile(profiles, self.secrets)
        put_off = PutOff(agenda, events, due, clock)
        write: Any = short
        self.ingest_events = IngestEvents(
            profiles=profiles, timeline=mortal(timeline), lake=lake, rejected=fakes.FakeRejected(),
            quarantine=fakes.FakeQuarantine(), queue=events, rules=live, secrets=self.secrets, learned=Learned,
            clock=clock, pool=1, most=5_000,
        )  # fmt: skip
        self.relay_effects = RelayEffects(
            deliveries, fakes.FakeGroups(), mortal(timeline), lake, fakes.FakeTallies(), put_off,
            fakes.FakeJobQueue(), fakes.FakeJobQueue(), clock, lambda _seconds: None,
        )  # fmt: skip
        self.ring_agenda = RingAgenda(agenda, events, due, self.jobs, clock)
        self.take_feedback = TakeFeedback(deliveries, stops, events, live, edge, self.secrets, clock)
        self.send_delivery = SendDelivery(
            find=find, contacts=WriteContact(find, profiles, clock, self._nonce), deliveries=deliveries,
            timeline=timeline, stops=stops, live=live, write=write, senders={"sms": edge, "email": edge},
            take_turn=TakeTurn(mortal(fakes.FakeTurns()), lambda _channel: 0.0, clock), put_off=put_off, queue=due,
            secrets=self.secrets, clock=clock, nonce=self._nonce,
        )  # fmt: skip


def play(world: EdgeWorld, step: tuple[Any, ...]) -> None:
    """One step of a story: the name of one of the world's methods, and what it is told."""
    name, *told = step
    getattr(world, name)(*told)
