"""An ordinary client of Topeka's HTTP contract, as a shop's pages and its server are."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from chalicelib.domain.instants import to_text
from infra.local.stack import OPERATOR_KEY, WRITE_KEY
from infra.local.story_calls import Call

BATCH = 100


class Client:
    """One kept-alive connection. What is refused raises: the story says nothing wrong."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        self._connection = HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=120)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def operate(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
        """As the operator."""
        return self._ask(
            method, path, body, {"Authorization": f"Bearer {OPERATOR_KEY}", "Content-Type": kind}
        )

    def decide(self, body: dict[str, Any]) -> Any:
        """As the shop's home page."""
        key = base64.b64encode(f"{WRITE_KEY}:".encode()).decode()
        return self._ask("POST", "/v1/decide", body, {"Authorization": f"Basic {key}"})

    def collect(self, calls: Sequence[Sequence[Call]]) -> int:
        """Send each customer's calls, those of one customer together; how many there were."""
        for batch in _batches(calls):
            if batch[0].server:
                answer = self.operate("POST", "/v1/batch", {"batch": [call.body for call in batch]})
            else:
                body = {"batch": [call.body for call in batch], "writeKey": WRITE_KEY}
                answer = self._ask("POST", "/v1/batch", body, {"Content-Type": "text/plain"})
            if answer.get("rejected"):
                raise RuntimeError(f"events were refused: {answer['rejected']}")
        return sum(map(len, calls))

    def set_clock(self, at: int) -> None:
        """Move the local clock (ms) through everything that comes due on the way."""
        self._ask("POST", "/local/clock", {"set": to_text(at)}, {})

    def settle(self) -> None:
        """Until everything under way is done."""
        self._ask("POST", "/local/settle", {}, {})

    def receive_sms(self, sender: str, text: str) -> None:
        """A customer writes to the shop's number."""
        self._ask("POST", "/local/inbound", {"channel": "sms", "from": sender, "text": text}, {})

    def mailbox(self) -> list[dict[str, Any]]:
        """Everything sent, oldest first."""
        letters: list[dict[str, Any]] = self._ask(
            "GET", "/local/mailbox", None, {"Accept": "application/json"}
        )
        return letters

    def _ask(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        raw = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        self._connection.request(method, path, raw, {"Content-Type": "application/json"} | headers)
        answer = self._connection.getresponse()
        told = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path} answered {answer.status}: {told[:500].decode()}")
        return json.loads(told)


def _batches(calls: Sequence[Sequence[Call]]) -> Iterator[list[Call]]:
    """Batches of about a hundred in which no customer is torn apart."""
    batch: list[Call] = []
    for theirs in calls:
        if batch and len(batch) + len(theirs) > BATCH:
            yield batch
            batch = []
        batch.extend(theirs)
    if batch:
        yield batch
