"""Where the load goes: a local stack in a process of its own, or any endpoint with its keys."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 30
STARTS_IN_S = 90


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`url` without a slash at its end. `process` is the local stack's, 0 for an endpoint elsewhere."""

    url: str
    write_key: str
    operator_key: str
    process: int = 0

    @property
    def local(self) -> bool:
        """Whether it is a local stack of ours, with a mailbox to look into."""
        return bool(self.process)

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """One request on a connection of its own, by the operator: status and body."""
        with self.connection() as line:
            return exchange(line, method, self.path(path), body, {**self.operator(), **(headers or {})})

    def get(self, path: str, accept: str = "application/json") -> Any:
        """The JSON at a path; None where there is nothing (404). Raises RuntimeError for any other failure."""
        status, body = self.ask("GET", path, headers={"accept": accept})
        if status == 404:
            return None
        if status != 200:
            raise RuntimeError(f"GET {path} answered {status}")
        return json.loads(body)

    @contextmanager
    def connection(self) -> Iterator[http.client.HTTPConnection]:
        """A connection that stays open from request to request."""
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        line = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
        try:
            yield line
        finally:
            line.close()

    def path(self, path: str) -> str:
        """The path of a route, below the stage's where the endpoint has one."""
        return urlsplit(self.url).path + path

    def operator(self) -> dict[str, str]:
        """The operator's header."""
        return {"authorization": f"Bearer {self.operator_key}"}

    def client(self) -> dict[str, str]:
        """A web client's header."""
        return {"authorization": "Basic " + b64encode(f"{self.write_key}:".encode()).decode()}


def exchange(
    line: http.client.HTTPConnection, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
) -> tuple[int, bytes]:
    """One request and its answer on an open connection."""
    line.request(method, path, body, {"content-type": "application/json", **headers})
    answer = line.getresponse()
    return answer.status, answer.read()


def from_environment() -> Endpoint | None:
    """The endpoint that ENDPOINT, WRITE_KEY and OPERATOR_KEY name; None where no ENDPOINT is set."""
    url = os.environ.get("ENDPOINT", "").rstrip("/")
    if not url:
        return None
    lacking = [name for name in ("WRITE_KEY", "OPERATOR_KEY") if not os.environ.get(name)]
    if lacking:
        sys.exit(
            f"{' and '.join(lacking)} must be set beside ENDPOINT: the stage's keys, made by `make key`."
        )
    return Endpoint(url, os.environ["WRITE_KEY"], os.environ["OPERATOR_KEY"])


@contextmanager
def local_stack() -> Iterator[Endpoint]:
    """A local stack in a process of its own, empty; it ends with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "PORT": str(port), "DEMO": "0"}
    stack = subprocess.Popen(
        [sys.executable, "-m", "infra.local"], env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    endpoint = Endpoint(f"http://127.0.0.1:{port}", "local-write-key", "local-operator-key", stack.pid)
    try:
        _wait_for(endpoint, stack)
        yield endpoint
    finally:
        stack.terminate()
        try:
            stack.wait(20)
        except subprocess.TimeoutExpired:
            stack.kill()
            stack.wait()


def _wait_for(endpoint: Endpoint, stack: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTS_IN_S
    while time.monotonic() < until:
        if stack.poll() is not None:
            raise RuntimeError(f"the local stack ended with {stack.returncode} before it served")
        try:
            if endpoint.ask("GET", "/health")[0] == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the local stack doesn't serve within {STARTS_IN_S} s")


def resident_mb(process: int) -> float:
    """Memory a process has in RAM (MB), 0 where this system has no /proc."""
    status = Path(f"/proc/{process}/status")
    if not process or not status.exists():
        return 0.0
    line = next(each for each in status.read_text().splitlines() if each.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024
