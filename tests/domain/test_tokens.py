"""Tokens: what comes out is what went in, for one purpose, until they expire; nothing else comes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import tokens
from chalicelib.domain.keys import Secrets

SECRETS = Secrets(b"new", b"door", b"old")
NOW = 1_780_000_000_000
DAY = 86_400_000


def test_a_token_carries_its_payload_until_it_expires() -> None:
    """Also in the second in which it ends, and not after."""
    token = tokens.mint(SECRETS, "unsubscribe", {"d": "m_1"}, NOW + DAY)
    assert tokens.read(SECRETS, "unsubscribe", token, NOW + DAY) == {"d": "m_1"}
    assert tokens.read(SECRETS, "unsubscribe", token, NOW + DAY + 1_000) is None


def test_a_token_is_worth_nothing_for_another_purpose() -> None:
    """An open pixel's token cannot unsubscribe."""
    token = tokens.mint(SECRETS, "open", {"d": "m_1"}, NOW + DAY)
    assert tokens.read(SECRETS, "unsubscribe", token, NOW) is None


def test_the_previous_secret_still_reads_and_a_stranger_does_not() -> None:
    """Rotation breaks no link that was sent."""
    before = tokens.mint(Secrets(b"old", b"door"), "click", {"l": "shop"}, NOW + DAY)
    foreign = tokens.mint(Secrets(b"else", b"door"), "click", {"l": "shop"}, NOW + DAY)
    assert tokens.read(SECRETS, "click", before, NOW) == {"l": "shop"}
    assert tokens.read(SECRETS, "click", foreign, NOW) is None


@given(st.integers(min_value=0), st.characters())
def test_no_single_changed_character_is_accepted(at: int, letter: str) -> None:
    """Every character is signed, the last one's spare bits too."""
    token = tokens.mint(SECRETS, "click", {"d": "m_abc", "l": "shop"}, NOW + DAY)
    at %= len(token)
    changed = token[:at] + letter + token[at + 1 :]
    assert changed == token or tokens.read(SECRETS, "click", changed, NOW) is None


@pytest.mark.parametrize("text", ["", "1", "1AAAA", "2" + "A" * 40, "1\x00", "1ä", "1" + "A" * 5_000, "1=="])
def test_rubbish_is_no_token(text: str) -> None:
    """And never an exception."""
    assert tokens.read(SECRETS, "click", text, NOW) is None


def test_a_token_fits_a_link() -> None:
    """Letters, digits, `-` and `_` only, and under 130 characters for what links carry."""
    token = tokens.mint(SECRETS, "click", {"d": "m_" + "a" * 20, "p": "p_" + "b" * 26, "l": "shop"}, NOW)
    assert token.replace("-", "").replace("_", "").isalnum() and len(token) < 150
