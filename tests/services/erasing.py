"""Erasing over fakes: what the tests of erasing, of sweeping and of erasing again share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from chalicelib.domain.effects import Deliver
from chalicelib.domain.erasure import SWEEP_AFTER
from chalicelib.domain.profile import Door, Profile
from chalicelib.domain.stored import Commit, Delivery
from chalicelib.domain.timelines import records_of
from chalicelib.services.erase_profile import EraseProfile
from chalicelib.services.erase_rows import EraseRows
from chalicelib.services.put_off import PutOff
from chalicelib.services.relay_effects import RelayEffects
from chalicelib.services.resolve_address import ResolveAddress
from chalicelib.services.sweep_erased import SweepErased
from chalicelib.services.vacate_homes import VacateHomes
from tests.fakes import FakeAgenda, FakeDeliveries, FakeGroups, FakeJobQueue, FakeStops, FakeTallies
from tests.services.ingest_world import World


class Erasing(World):
    """A workspace in which somebody is about to be erased."""

    def __init__(self) -> None:
        super().__init__()
        self.agenda, self.groups = FakeAgenda(), FakeGroups()
        self.stops, self.deliveries = FakeStops(), FakeDeliveries()
        self.due, self.dead = FakeJobQueue(), FakeJobQueue()
        nonces = iter(range(10_000))
        self.vacate = VacateHomes(self.profiles, self.secrets, lambda: f"n{next(nonces)}")
        self.rows = EraseRows(self.timeline, self.deliveries, self.groups, self.quarantine, self.stops)
        resolve = ResolveAddress(self.find, self.rules)
        self.erase = EraseProfile(resolve, self.vacate, self.rows, self.agenda, self.clock)
        self.sweep = SweepErased(self.profiles, self.rows)
        put_off = PutOff(self.agenda, self.queue, self.due, self.clock)
        self.relay = RelayEffects(
            self.deliveries,
            self.groups,
            self.timeline,
            self.lake,
            FakeTallies(),
            put_off,
            self.dead,
            self.dead,
            self.clock,
            lambda _: None,
        )

    def home(self, kind: str, value: str) -> str:
        return self.secrets.home(kind, value)

    def standing(self, kind: str, value: str) -> Door | None:
        """What stands at an identifier's home."""
        home = self.home(kind, value)
        return self.profiles.read([home]).get(home)

    def gave(
        self, profile: Profile, id: str, *, state: str = "delivered", channel: str = "sms", provider: str = ""
    ) -> None:
        """A message was decided for the profile, and given: a row, and a decision's record in the timeline."""
        now = self.clock()
        body = msgspec.to_builtins(
            Deliver(id, profile.id, "hello", "plain", channel, "brand", f"d_{id}", now)
        )
        self.deliveries.create(Delivery(id, profile.id, state, now, body=body, provider_id=provider))
        record = {"decision": f"d_{id}", "at": now, "choices": [{"delivery": id}]}
        self.timeline.record([(records_of(profile)[0], f"d_{id}", now, record)])

    def sweep_job(self) -> dict[str, Any]:
        """The latest sweep that was put on the agenda."""
        jobs = (msgspec.json.decode(job) for _, job in sorted(self.agenda.jobs.items()))
        found: dict[str, Any] = [job for job in jobs if job["kind"] == "sweep"][-1]
        return found

    def sweep_a_day_later(self) -> int:
        self.clock.forward(SWEEP_AFTER)
        return self.sweep(self.sweep_job())

    def relay_all(self) -> None:
        """Carry out what was ever committed, as a stream that begins at its oldest record."""
        self.relay([Commit("1", self.clock(), tuple(self.profiles.outbox()))])

    def meanwhile(self, port: Any, method: str, act: Callable[[], object]) -> None:
        """Right before the next call of a port's method, somebody else acts."""
        original = getattr(port, method)

        def late(*args: Any, **kwargs: Any) -> Any:
            setattr(port, method, original)
            act()
            return original(*args, **kwargs)

        setattr(port, method, late)
