"""A fresh stack on a socket of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest

from infra.local.stack import OPERATOR_KEY, WRITE_KEY, Stack


@pytest.fixture(scope="module")
def served() -> Iterator[Stack]:
    with Stack(port=0) as running:
        yield running


def ask(stack: Stack, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {WRITE_KEY}"}
    with urlopen(Request(stack.base_url + path, data=data, headers=headers)) as answer:  # noqa: S310 - our loopback
        return json.load(answer)


def test_it_listens_on_loopback(served: Stack) -> None:
    assert served.base_url.startswith("http://127.0.0.1:")
    assert ask(served, "/health")["ok"] is True


def test_its_clock_goes_anywhere_until_something_is_collected(served: Stack) -> None:
    for instant in ("2026-07-01T15:00:00", "2026-06-01T08:30:00"):
        assert ask(served, "/local/clock", {"set": instant + "Z"})["now"].startswith(instant)
        published = served.request("PUT", "/v1/playbook", b"playbook: 1\nname: Shop", key=OPERATOR_KEY)
        assert published.status == 200  # which is no collecting
    ask(served, "/v1/track", {"userId": "ann", "event": "Cart Viewed"})
    assert ask(served, "/local/settle", {}) == {"settled": True, "events": 1}
    assert served.request("POST", "/local/clock", {"set": "2026-05-01T00:00:00Z"}).status == 409


def test_a_second_stack_in_the_same_process_is_refused(served: Stack) -> None:
    with pytest.raises(RuntimeError, match="one local stack"), Stack():
        pass
    assert ask(served, "/health")["ok"] is True
