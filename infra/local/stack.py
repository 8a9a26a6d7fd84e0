"""The whole stack in this process: moto as AWS, the pumps, the clock, the Chalice app behind a WSGI server.

with Stack(port=0) as stack:
    stack.request("POST", "/v1/track", {...}, key=WRITE_KEY)
    stack.settle()
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any, Self

from infra.local import moto_fixes
from infra.local.asking import Answer, ask
from infra.local.clock import LocalClock
from infra.local.environment import aws_environment, function_environment
from infra.local.functions import FEEDBACK, INGEST, JOBS, RELAY, SEND
from infra.local.gateway import Environ, Gateway, StartResponse
from infra.local.intake import Intake
from infra.local.moto_bell import bell
from infra.local.moto_providers import providers_tell
from infra.local.moto_signing import notices_signed
from infra.local.moto_time import queues_follow, streams_follow
from infra.local.moving import Mover
from infra.local.pages import Pages
from infra.local.post import Post
from infra.local.pumps import Pump, QueuePump
from infra.local.queues import LocalQueue
from infra.local.resources import PREFIX, Resources, make_resources
from infra.local.schedule import TickPump
from infra.local.stream import StreamPump
from infra.local.workers import Workers

WRITE_KEY = "local-write-key"
OPERATOR_KEY = "local-operator-key"
SCOPES = ("read", "decide", "operate")
#: At least two, so that what goes wrong only when two instances ingest at once can go wrong here.
INGEST_THREADS = 2

_running = threading.Lock()


class Stack:
    """`port` 0 takes a free one; None serves no socket, and only `request` reaches the app."""

    def __init__(self, port: int | None = None) -> None:
        self._port = port
        self._open = ExitStack()
        self.clock = LocalClock()
        self.base_url = "http://127.0.0.1"

    def __enter__(self) -> Self:
        if not _running.acquire(blocking=False):
            raise RuntimeError("moto and the environment are the process's: only one local stack at a time")
        self._open.callback(_running.release)
        try:
            self._start()
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def now(self) -> int:
        """The local clock, in ms."""
        return self.clock.now()

    def settle(self) -> int:
        """Drain every queue and stream, do all that is due; how many events were taken in since last asked."""
        self._mover.settle()
        return self._intake.count_since_last()

    def move_clock(self, target: int) -> bool:
        """Move through everything that comes due until `target` (ms); back only while nothing was collected."""
        if target >= self.now():
            self._mover.forward(target)
            return True
        if self._intake.begun:
            return False
        self._mover.start_at(target)
        _forget_what_is_cached(("live_rules", "authenticate"))
        return True

    def dead_letters(self) -> dict[str, list[str]]:
        """What lies in each dead-letter queue: the bodies, by the queue's name without the prefix."""
        names = ("events-dead", "deliveries-dead", "feedback-dead", "jobs-dead", "relay-dead")
        return {name: LocalQueue(f"{PREFIX}-{name}").bodies() for name in names}

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str = "",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Ask the app without a socket. `body` is made JSON unless it is bytes; `key` is sent as a bearer."""
        return ask(self._serve, method, path, body, key, headers or {})

    def _start(self) -> None:
        from moto import mock_aws

        moto_fixes.apply()
        self._open.enter_context(aws_environment())
        self._open.enter_context(mock_aws())
        self._open.enter_context(queues_follow(self.clock.now))
        made = make_resources()
        self._open.enter_context(streams_follow(self.clock.now))
        self._listen()
        self._open.enter_context(function_environment(made, self.base_url))
        self._open.callback(_forget_what_is_cached)
        _forget_what_is_cached()
        self._wire(made)
        self._pump()

    def _listen(self) -> None:
        """Take the port, so that links can name it; what asks before all is ready waits."""
        self._ready = threading.Event()
        if self._port is None:
            return
        from waitress.server import create_server  # type: ignore[import-untyped]

        server = create_server(self._when_ready, host="127.0.0.1", port=self._port, threads=8, ident="topeka")
        self.base_url = f"http://127.0.0.1:{server.effective_port}"
        thread = threading.Thread(target=server.run, name="http", daemon=True)
        thread.start()
        self._open.callback(server.close)

    def _wire(self, made: Resources) -> None:
        from chalicelib import wiring
        from chalicelib.domain.keys import key_hash

        self._open.callback(wiring.use_clock, wiring.system_clock)
        wiring.use_clock(self.clock.now)
        wiring.keys().add(key_hash(WRITE_KEY), "write", ())
        wiring.keys().add(key_hash(OPERATOR_KEY), "operator", SCOPES)
        self.post = Post(self.clock.now, made)
        self._open.enter_context(notices_signed())
        self._open.enter_context(providers_tell(self.post.take))

    def _pump(self) -> None:
        self._intake = Intake()
        queues = _queue_pumps(self._intake)
        ticks = TickPump(self.clock)
        relay_dead = LocalQueue(f"{PREFIX}-relay-dead")
        stream = StreamPump(f"{PREFIX}-profiles", RELAY, relay_dead.put)
        pumps: list[Pump] = [*queues, stream, ticks]
        self._workers = Workers(pumps, self._seconds_until)
        self._mover = Mover(self.clock, self._workers, queues, ticks)
        self._open.enter_context(bell(self._ring))
        self._gateway, self._pages = Gateway(importlib.import_module("app").app), Pages(self)
        self._workers.start()
        self._open.callback(self._workers.stop)
        self._ready.set()

    def _ring(self, name: str) -> None:
        self._intake.notice(name)
        self._workers.ring(name)

    def _seconds_until(self, instant: int) -> float | None:
        return None if self.clock.held else max(0.0, (instant - self.now()) / 1000)

    def _when_ready(self, environ: Environ, start: StartResponse) -> Iterable[bytes]:
        self._ready.wait()
        return self._serve(environ, start)

    def _serve(self, environ: Environ, start: StartResponse) -> Iterable[bytes]:
        local = environ["PATH_INFO"].startswith("/local/")
        answer = self._pages(environ, start) if local else self._gateway(environ, start)
        # Waitress would send the body all the same, and the client read it as the next answer.
        return [] if environ["REQUEST_METHOD"] == "HEAD" else answer


def _queue_pumps(intake: Intake) -> list[QueuePump]:
    def pump(name: str, function: Any, **options: Any) -> QueuePump:
        return QueuePump(LocalQueue(f"{PREFIX}-{name}"), function, **options)

    return [
        pump("events", INGEST, threads=INGEST_THREADS, handled=intake.count),
        pump("deliveries", SEND),
        pump("feedback", FEEDBACK),
        pump("jobs", JOBS),
    ]


def _forget_what_is_cached(names: tuple[str, ...] = ()) -> None:
    """Clear the caches of the deployed code's modules: they hold one stack's clients and settings."""
    for module in [each for name, each in sys.modules.items() if name.split(".")[0] == "chalicelib"]:
        for name, value in list(vars(module).items()):
            if hasattr(value, "cache_clear") and (not names or name in names):
                value.cache_clear()
