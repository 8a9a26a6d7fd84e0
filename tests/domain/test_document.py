"""A profile survives being stored, and its documents stay small."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import document
from chalicelib.domain.profile import Activity, Contact, Profile, Stamped


def profile(names: int) -> Profile:
    one = Profile("p_home")
    for at in range(names):
        one.facts.activity[f"Event {at}"] = Activity(at, 1_790_000_000_000, 1_790_000_000_000 + at)
        one.facts.traits[f"trait{at}"] = Stamped({"nested": [at]}, 1_790_000_000_000, f"message-{at}")
    one.ledger.contacts["m_1"] = Contact(
        at=1, decision="d", message="umbrella", variant="plain", kind="offer", channel="sms", state="sent"
    )
    return one


@pytest.mark.parametrize("names", [0, 3, 150])
def test_what_was_stored_is_read_back(names: int) -> None:
    assert document.decode(document.encode(profile(names))) == profile(names)


def test_a_small_document_is_plain_json() -> None:
    assert document.encode(profile(0)).startswith(b'{"id":"p_home"')


def test_a_large_document_is_compressed_under_a_versioned_dictionary() -> None:
    stored = document.encode(profile(150))
    assert stored[0] == 1
    assert len(stored) < len(document.text_of(stored)) / 3


@given(st.binary(min_size=1, max_size=50))
def test_text_of_leaves_json_alone(rest: bytes) -> None:
    assert document.text_of(b"{" + rest) == b"{" + rest
