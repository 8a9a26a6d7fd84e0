"""Who is asking."""

from __future__ import annotations

import base64

import pytest

from chalicelib.domain.errors import NotAuthenticated
from chalicelib.domain.keys import key_hash
from chalicelib.services.authenticate import Authenticate, key_in
from tests.fakes import FakeClock, FakeKeys


@pytest.fixture
def keys() -> FakeKeys:
    made = FakeKeys()
    made.add(key_hash("write"), "write", ["read", "operate"])
    made.add(key_hash("all"), "operator", ["read", "decide", "operate"])
    made.add(key_hash("reader"), "operator", ["read"])
    return made


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (basic("write:"), "write"), (basic("write"), "write"), (basic("write:ignored"), "write"),
        ("basic " + basic("k:")[6:], "k"), ("Bearer all", "all"), ("bearer  all ", "all"), ("Bearer", ""),
        ("Basic !!", ""), ("all", ""), ("", ""), ("Basic /w==", ""),
    ],
)  # fmt: skip
def test_a_key_is_read_from_the_header(header: str, key: str) -> None:
    assert key_in(header) == key


def test_a_write_key_may_collect_and_decide_whatever_its_row_says(keys: FakeKeys) -> None:
    caller = Authenticate(keys, FakeClock())(basic("write:"))
    assert not caller.operator and caller.scopes == {"collect", "decide"}


def test_an_operator_key_that_may_only_read_does_not_collect(keys: FakeKeys) -> None:
    who = Authenticate(keys, FakeClock())
    assert who("Bearer reader").scopes == {"read"}
    assert who("Bearer all").scopes == {"read", "decide", "operate", "collect"}


def test_a_key_in_the_body_counts_only_without_a_header(keys: FakeKeys) -> None:
    who = Authenticate(keys, FakeClock())
    assert who("", "write").kind == "write"
    with pytest.raises(NotAuthenticated):
        who("Bearer nobody", "write")


@pytest.mark.parametrize("body_key", [None, "", 7, [], "nobody"])
def test_no_key_or_an_unknown_one_is_nobodys(keys: FakeKeys, body_key: object) -> None:
    with pytest.raises(NotAuthenticated):
        Authenticate(keys, FakeClock())("", body_key)


def test_a_known_key_is_looked_up_again_after_30_seconds(keys: FakeKeys) -> None:
    clock = FakeClock()
    who = Authenticate(keys, clock)
    who("Bearer all")
    keys.known.clear()
    clock.forward(29_999)
    assert who("Bearer all").operator
    clock.forward(1)
    with pytest.raises(NotAuthenticated):
        who("Bearer all")


def test_an_unknown_key_is_not_remembered(keys: FakeKeys) -> None:
    who = Authenticate(keys, FakeClock())
    with pytest.raises(NotAuthenticated):
        who("Bearer new")
    keys.add(key_hash("new"), "write", [])
    assert who("Bearer new").kind == "write"
