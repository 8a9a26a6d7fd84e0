"""What is squeezed comes out as it went in; what was stored before, or by nobody, is told apart."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.squeezing import EFFECTS, Squeezing

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=30,
)


@given(st.one_of(st.lists(json_values), st.dictionaries(st.text(), json_values)))
def test_it_comes_out_as_it_went_in(value: object) -> None:
    text = json.dumps(value).encode()
    always = Squeezing(EFFECTS.words, plain_below=0)
    assert EFFECTS.text_of(EFFECTS.squeeze(text)) == text
    assert always.text_of(always.squeeze(text)) == text


def test_what_was_stored_as_json_is_read_as_it_is() -> None:
    for text in (b'{"decision": "d_1"}', b"[]", b"[" + b'"long",' * 400 + b"1]"):
        assert EFFECTS.text_of(text) == text


def test_a_delivery_of_an_ordinary_event_takes_a_third() -> None:
    context = {"page": {"path": "/", "title": "Hats", "url": "https://www.example.com/"}, "locale": "en-US",
               "userAgent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                            "Chrome/142.0.0.0 Safari/537.36",
               "library": {"name": "analytics.js", "version": "next-1.81.0"}}  # fmt: skip
    effect = {"type": "deliver", "delivery": "m_3kq", "profile": "p_81x", "message": "umbrella", "variant": "plain",
              "channel": "email", "kind": "offer", "decision": "d_9s1", "due": 17829936,
              "context": context}  # fmt: skip
    text = json.dumps([effect], separators=(",", ":")).encode()
    assert len(EFFECTS.squeeze(text)) < len(text) / 3


def test_an_old_dictionary_is_read_for_ever() -> None:
    old, new = Squeezing({1: b"umbrella"}, 0), Squeezing({1: b"umbrella", 2: b"sun hat"}, 0)
    assert new.text_of(old.squeeze(b'{"a": "umbrella"}')) == b'{"a": "umbrella"}'
    assert new.squeeze(b"[]")[0] == 2


@pytest.mark.parametrize("data", [b"", b"\x07abc", b"\x01abc", b"no json"])
def test_what_is_not_ours_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="damaged"):
        EFFECTS.text_of(data)
