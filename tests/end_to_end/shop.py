"""A shop that uses a running stack over HTTP alone, through a socket: its pages, its server, its operator."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlsplit

from chalicelib.domain.keys import user_token
from infra.local.environment import SECRET
from infra.local.stack import OPERATOR_KEY, WRITE_KEY, Stack
from tests.end_to_end import openapi

OPERATOR = {"Authorization": f"Bearer {OPERATOR_KEY}"}
WRITE = {"Authorization": "Basic " + base64.b64encode(f"{WRITE_KEY}:".encode()).decode()}
NOBODY: dict[str, str] = {}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of an error in the contract's shape, which always says how to mend it."""
        error = self.json["error"]
        assert error["message"].endswith(".")
        return str(error["code"])


class Shop:
    """One connection to a stack. What a test does not want to look at is asserted here."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.url = stack.base_url
        self._http = HTTPConnection("127.0.0.1", urlsplit(stack.base_url).port, timeout=60)

    def close(self) -> None:
        self._http.close()

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] = OPERATOR) -> Answer:
        """Any request; `body` is made JSON unless it is bytes. Links are asked for by their whole address."""
        raw = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} | headers
        self._http.request(method, path.removeprefix(self.url), raw, sent)
        got = self._http.getresponse()
        answer = Answer(got.status, {name.lower(): value for name, value in got.getheaders()}, got.read())
        unlike = openapi.fault(
            method, path.removeprefix(self.url), raw, answer.status, answer.headers, answer.body
        )
        assert not unlike, f"not as in openapi.yaml: {unlike}"
        return answer

    def post(self, path: str, body: Any, headers: dict[str, str] = OPERATOR) -> Answer:
        return self.ask("POST", path, body, headers)

    def collect(self, *events: dict[str, Any], headers: dict[str, str] = WRITE) -> None:
        """Send events in one batch, and let everything that follows from them happen."""
        answer = self.post("/v1/batch", {"batch": events}, headers)
        assert (answer.status, answer.json) == (200, {"success": True})
        self.settle()

    def know(self, user_id: str, topics: tuple[str, ...] = (), **traits: Any) -> None:
        """Our own server says who a customer is, and what they agreed to (`email/offers`)."""
        self.collect({"type": "identify", "userId": user_id, "traits": traits}, headers=OPERATOR)
        for topic in topics:
            self.permit(user_id, *topic.split("/"))

    def permit(self, user_id: str, channel: str, topic: str, state: str = "granted") -> None:
        said = {"channel": channel, "topic": topic, "state": state, "source": "checkout"}
        answer = self.ask("PUT", f"/v1/profiles/user:{quote(user_id, safe='')}/permissions", said)
        assert answer.status == 200, answer.body

    def publish(self, playbook: str) -> int:
        answer = self.ask(
            "PUT", "/v1/playbook", playbook.encode(), OPERATOR | {"Content-Type": "application/yaml"}
        )
        assert answer.status == 200, answer.body
        return int(answer.json["version"])

    def decide(self, headers: dict[str, str] = OPERATOR, **asked: Any) -> Any:
        answer = self.post("/v1/decide", asked, headers)
        assert answer.status == 200, answer.body
        return answer.json

    def announce(self, name: str, **moment: Any) -> None:
        """Start a moment, and let everything that follows from it happen."""
        answer = self.post("/v1/moments", {"name": name, **moment})
        assert answer.status == 202, answer.body
        self.settle()

    def switch(self, **switches: Any) -> None:
        assert self.ask("PUT", "/v1/switches", switches).status == 200

    def profile(self, address: str) -> Any:
        """A profile as the operator reads it; `address` is `user:ann`, None where there is nobody."""
        kind, colon, value = address.partition(":")
        answer = self.ask("GET", f"/v1/profiles/{kind}{colon}{quote(value, safe='')}")
        assert answer.status in (200, 404), answer.body
        return answer.json if answer.status == 200 else None

    def timeline(self, address: str) -> list[Any]:
        """Everything that happened to a customer, newest first."""
        kind, colon, value = address.partition(":")
        path, events, cursor = f"/v1/profiles/{kind}{colon}{quote(value, safe='')}/timeline", [], ""
        while True:
            page = self.ask("GET", f"{path}?limit=1000&cursor={quote(cursor)}").json
            events += page["events"]
            cursor = page.get("cursor") or ""
            if not cursor:
                return events

    def contacts(self, user_id: str) -> list[tuple[str, str, str]]:
        """A customer's contacts, oldest first: (message, channel, outcome)."""
        held = self.profile(f"user:{user_id}")["contacts"]
        return [(one["message"], one["channel"], one["outcome"]) for one in reversed(held)]

    def mail(self, to: str) -> list[Any]:
        """What an address or a number received, oldest first."""
        everything = self.ask("GET", "/local/mailbox", headers={"Accept": "application/json"}).json
        return [letter for letter in everything if letter["to"] == to]

    def settle(self) -> int:
        return int(self.post("/local/settle", {}, NOBODY).json["events"])

    def move_clock(self, **how: str) -> str:
        """`advance="2h"` or `set="2026-..."`; what comes due on the way happens."""
        answer = self.post("/local/clock", how, NOBODY)
        assert answer.status == 200, answer.body
        return str(answer.json["now"])


@contextmanager
def opened(playbook: str = "", at: str = "2026-07-01T15:00:00Z") -> Iterator[Shop]:
    """A stack of its own, its clock at a Wednesday morning in Topeka unless told otherwise."""
    with Stack(port=0) as stack:
        shop = Shop(stack)
        try:
            shop.move_clock(set=at)
            if playbook:
                shop.publish(playbook)
            yield shop
        finally:
            shop.close()


def track(user_id: str, event: str, **properties: Any) -> dict[str, Any]:
    """A track call of a known customer."""
    return {"type": "track", "userId": user_id, "event": event, "properties": properties}


def token(user_id: str, secret: str = SECRET) -> str:
    """The proof of a user id."""
    return user_token(secret.encode(), user_id)
