"""A local stack with something in it: what fuzzed requests may find, and what they are measured by."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from infra.local.stack import OPERATOR_KEY, Stack
from tests.end_to_end.shop import OPERATOR, Shop, track
from tests.fuzz.guard import peak_mb

PLAYBOOK = (Path(__file__).parents[2] / "events/starter/playbook.yaml").read_text()
#: What is there to be named in a path.
KNOWN: dict[str, tuple[str, ...]] = {
    "profile": ("user:ann", "email:ann@example.com", "anonymous:ann's phone", "user:bob", "p_" + "a" * 26, "user:", ":"),
    "segment": ("buyers", "readers", "nobody"),
    "name": ("holdout", "copy"),
    "write_key": ("local-write-key", OPERATOR_KEY, "none"),
}  # fmt: skip


@dataclass
class FuzzShop:
    """`url` answers. `links` are tokens of real messages by the path that takes them."""

    stack: Stack
    url: str
    links: dict[str, list[str]] = field(default_factory=dict)


@contextmanager
def opened() -> Iterator[FuzzShop]:
    """A stack with the starter's playbook, customers who did this and that, and messages sent."""
    with Stack(port=0) as stack:
        shop = Shop(stack)
        try:
            shop.publish(PLAYBOOK)
            for name in ("ann", "bob"):
                shop.know(
                    name, ("email/offers",), email=f"{name}@example.com", phone="+17855550142", firstName=name
                )
            shop.collect({**track("ann", "Signed Up"), "anonymousId": "ann's phone"}, headers=OPERATOR)
            shop.collect(
                track("ann", "Order Completed", order_id="1", total=5, products=[]), headers=OPERATOR
            )
            shop.settle()
        finally:
            shop.close()
        made = FuzzShop(stack, stack.base_url)
        for sent in stack.post.sent():
            for kind, token in _tokens(sent.taken.mime or b""):
                made.links.setdefault(kind, []).append(token)
        yield made


def _tokens(mime: bytes) -> Iterator[tuple[str, str]]:
    import email
    import email.policy
    import re

    parsed = email.message_from_bytes(mime, policy=email.policy.default)
    texts = [str(parsed.get("List-Unsubscribe", ""))]
    texts += [part.get_content() for part in parsed.walk() if part.get_content_type() == "text/html"]
    for text in texts:
        yield from re.findall(r"http://[^/\"<> ]+/([upco])/([\w.~-]+)", text)


@dataclass(frozen=True, slots=True)
class Answered:
    """`seconds` from the first byte sent to the last read; `grown_mb` is how much memory rose meanwhile; the stack is in this process."""

    status: int
    body: bytes
    seconds: float
    grown_mb: float


def asked(url: str, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answered:
    """One request on a connection of its own. Status 0 where the connection was closed without an answer."""
    connection = HTTPConnection("127.0.0.1", urlsplit(url).port, timeout=30)
    peak, begun = peak_mb(anew=True), time.monotonic()
    try:
        connection.request(method, path, body, headers)
        got = connection.getresponse()
        status, text = got.status, got.read()
    except (HTTPException, OSError):
        status, text = 0, b""
    finally:
        connection.close()
    return Answered(status, text, time.monotonic() - begun, peak_mb() - peak)


def json_of(value: object) -> bytes:
    """As a client writes it."""
    return json.dumps(value).encode()
