"""The short tokens in an SMS's links."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.keys import Secrets, cause_id
from chalicelib.domain.links import DAY, LIFE
from chalicelib.domain.short_links import LENGTH, mint, read

SECRETS = Secrets(b"s" * 32, b"d" * 32)
NOW = 1_790_000_000_000
DELIVERY = cause_id("m_", "seed", "event")
TOKEN = mint(SECRETS, "click", DELIVERY, "shop", NOW + LIFE)
WEEK = 7 * DAY


@given(
    st.text(min_size=1),
    st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,20}", fullmatch=True),
    st.integers(0, 4 * 10**12),
)
def test_what_was_put_in_comes_out(cause: str, link: str, now: int) -> None:
    delivery = cause_id("m_", cause)
    token = mint(SECRETS, "click", delivery, link, now + LIFE)
    assert len(token) == LENGTH + len(link)
    assert read(SECRETS, "click", token, now) == {"d": delivery, "l": link}


@given(st.integers(0, LENGTH + 3), st.characters(min_codepoint=45, max_codepoint=122))
def test_no_other_token_is_read(place: int, letter: str) -> None:
    other = TOKEN[:place] + letter + TOKEN[place + 1 :]
    assert other == TOKEN or read(SECRETS, "click", other, NOW) is None


@pytest.mark.parametrize(
    "token",
    ["", "shop", TOKEN[:-1], TOKEN + "x", TOKEN[:LENGTH], TOKEN[: LENGTH - 1] + "shop", "é" * LENGTH + "shop",
     " " + TOKEN, TOKEN + "\n", "=" * LENGTH + "shop", TOKEN.replace(TOKEN[LENGTH - 1], "=", 1)],
)  # fmt: skip
def test_what_is_no_token_is_not_read(token: str) -> None:
    assert read(SECRETS, "click", token, NOW) is None


def test_it_is_read_for_the_life_of_a_link_and_at_most_a_week_longer() -> None:
    assert read(SECRETS, "click", TOKEN, NOW + LIFE) is not None
    assert read(SECRETS, "click", TOKEN, NOW + LIFE + WEEK) is None
    assert read(SECRETS, "click", TOKEN, NOW + 10_000 * DAY) is None


@given(st.integers(0, WEEK))
def test_wherever_in_its_week_it_was_made(later: int) -> None:
    token = mint(SECRETS, "click", DELIVERY, "shop", NOW + later + LIFE)
    assert read(SECRETS, "click", token, NOW + later + LIFE) and not read(
        SECRETS, "click", token, NOW + later + LIFE + WEEK
    )


def test_after_the_secret_was_rotated_it_is_still_read_and_under_another_never() -> None:
    rotated = Secrets(b"n" * 32, b"d" * 32, SECRETS.current)
    assert read(rotated, "click", TOKEN, NOW) == {"d": DELIVERY, "l": "shop"}
    assert read(Secrets(b"n" * 32, b"d" * 32), "click", TOKEN, NOW) is None


def test_a_link_of_the_same_message_has_a_signature_of_its_own() -> None:
    assert read(SECRETS, "click", TOKEN[:LENGTH] + "cart", NOW) is None


@pytest.mark.parametrize(
    "delivery", ["m_1", "m_ABCDEFGHIJKLMNOPQRST", "d_abcdefghij2345672345", "m_abcdefghij234567234"]
)
def test_an_id_of_another_form_has_no_short_token(delivery: str) -> None:
    assert mint(SECRETS, "click", delivery, "shop", NOW + LIFE) == ""


@pytest.mark.parametrize("purpose", ["unsubscribe", "preferences"])
def test_a_link_to_our_own_pages_has_no_name_and_opens_no_other_page(purpose: str) -> None:
    token = mint(SECRETS, purpose, DELIVERY, "", NOW + LIFE)
    assert len(token) == LENGTH
    told = {other: read(SECRETS, other, token, NOW) for other in ("click", "unsubscribe", "preferences")}
    assert {name for name, claims in told.items() if claims} == {purpose}
    assert read(SECRETS, purpose, token + "shop", NOW) is None
    assert mint(SECRETS, purpose, DELIVERY, "shop", NOW) == mint(SECRETS, "click", DELIVERY, "", NOW) == ""
