"""A whole workspace behind the real app: ports in memory, everything above them as it is deployed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from chalice.test import Client, HTTPResponse

from chalicelib import wiring
from chalicelib.domain.confirming import ASK_TO_CONFIRM
from chalicelib.domain.keys import Secrets, key_hash, user_token
from chalicelib.domain.stored import Commit
from tests.fakes import (
    FakeAgenda,
    FakeClock,
    FakeDeliveries,
    FakeEventQueue,
    FakeGroups,
    FakeJobQueue,
    FakeKeys,
    FakeLake,
    FakeLakeFiles,
    FakePlaybooks,
    FakeProfiles,
    FakeQuarantine,
    FakeRejected,
    FakeSender,
    FakeStops,
    FakeTallies,
    FakeTimeline,
    FakeTurns,
)

WRITE = {"Authorization": "Basic bG9jYWwtd3JpdGUta2V5Og=="}
OPERATOR = {"Authorization": "Bearer local-operator-key"}
READER = {"Authorization": "Bearer reading-key"}
SECRET = b"local-secret"


@dataclass
class Workspace:
    """Its ports, and a client of its HTTP. `settle` does by hand what queues and streams do."""

    clock: FakeClock = field(default_factory=FakeClock)
    profiles: FakeProfiles = field(default_factory=FakeProfiles)
    timeline: FakeTimeline = field(default_factory=FakeTimeline)
    deliveries: FakeDeliveries = field(default_factory=FakeDeliveries)
    agenda: FakeAgenda = field(default_factory=FakeAgenda)
    groups: FakeGroups = field(default_factory=FakeGroups)
    playbooks: FakePlaybooks = field(default_factory=FakePlaybooks)
    stops: FakeStops = field(default_factory=FakeStops)
    tallies: FakeTallies = field(default_factory=FakeTallies)
    rejected: FakeRejected = field(default_factory=FakeRejected)
    quarantine: FakeQuarantine = field(default_factory=FakeQuarantine)
    keys: FakeKeys = field(default_factory=FakeKeys)
    event_queue: FakeEventQueue = field(default_factory=FakeEventQueue)
    delivery_queue: FakeJobQueue = field(default_factory=FakeJobQueue)
    job_queue: FakeJobQueue = field(default_factory=FakeJobQueue)
    relay_dead_queue: FakeJobQueue = field(default_factory=FakeJobQueue)
    lake: FakeLake = field(default_factory=FakeLake)
    lake_files: FakeLakeFiles = field(default_factory=FakeLakeFiles)
    turns: FakeTurns = field(default_factory=FakeTurns)
    email_quota: Callable[[], float | None] = field(default=lambda: None)
    email_sender: FakeSender = field(default_factory=FakeSender)
    sms_sender: FakeSender = field(default_factory=FakeSender)
    relayed: int = 0

    def __post_init__(self) -> None:
        from app import app

        self.http = Client(app).http
        self.keys.add(key_hash("local-write-key"), "write", [])
        self.keys.add(key_hash("local-operator-key"), "operator", ["read", "decide", "operate"])
        self.keys.add(key_hash("reading-key"), "operator", ["read"])

    def get(self, path: str, headers: dict[str, str] = OPERATOR) -> HTTPResponse:
        return self.http.get(path, headers=headers)

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] = OPERATOR
    ) -> HTTPResponse:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.http.request(method, path, headers=headers, body=raw)

    def post(self, path: str, body: Any, headers: dict[str, str] = OPERATOR) -> HTTPResponse:
        return self.call("POST", path, body, headers)

    def track(self, event: str, headers: dict[str, str] = WRITE, **fields: Any) -> None:
        """Collect a track event, and let it come through."""
        assert self.post("/v1/track", {"event": event, **fields}, headers).status_code == 200
        self.settle()

    def identify(self, headers: dict[str, str] = OPERATOR, **fields: Any) -> None:
        """Collect an identify call, by default as our own server, and let it come through."""
        answer = self.post("/v1/identify", fields, headers)
        assert answer.status_code == 200, answer.body
        self.settle()

    def publish(self, playbook: str) -> None:
        """Publish a playbook over HTTP, and let it take hold."""
        answer = self.call("PUT", "/v1/playbook", playbook.encode())
        assert answer.status_code == 200, answer.body
        self.settle()

    def profile(self, address: str) -> Any:
        """A profile as the operator reads it."""
        return self.get(f"/v1/profiles/{address}").json_body

    def settle(self) -> None:
        """Carry everything that waits in queues and in the stream to its end."""
        while self._pump():
            pass

    def _pump(self) -> bool:
        batches, jobs, due = self.event_queue.batches, self.job_queue.jobs, self.delivery_queue.jobs
        self.event_queue.batches, self.job_queue.jobs, self.delivery_queue.jobs = [], [], []
        if batches:
            assert not wiring.ingest_events()(batches).faults
        for job in jobs:
            from chalicelib.entrypoints.jobs import WORKERS

            getattr(wiring, WORKERS[job["kind"]])()(job)
        for one in due:
            worker = wiring.ask_to_confirm if one.get("kind") == ASK_TO_CONFIRM else wiring.send_delivery
            worker()(one)
        effects = self.profiles.outbox()[self.relayed :]
        self.relayed += len(effects)
        if effects:
            wiring.relay_effects()([Commit(str(self.relayed), self.clock(), tuple(effects))])
        return bool(batches or jobs or due or effects)


@contextmanager
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace in place of what wiring would make."""
    forget()
    workspace = Workspace()
    for name, port in vars(workspace).items():
        if hasattr(wiring, name) and name != "clock":
            monkeypatch.setattr(wiring, name, _giving(port))
    monkeypatch.setattr(wiring, "secrets", lambda: Secrets(SECRET, SECRET, b"earlier-secret"))
    wiring.use_clock(workspace.clock)
    yield workspace
    wiring.use_clock(wiring.system_clock)
    forget()


def _giving(port: object) -> Callable[[], object]:
    return lambda: port


def forget() -> None:
    """Let wiring make everything anew."""
    for made in vars(wiring).values():
        if hasattr(made, "cache_clear"):
            made.cache_clear()


def token(user_id: str) -> str:
    """The proof of a user id."""
    return user_token(SECRET, user_id)
