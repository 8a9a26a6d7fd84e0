"""How many parts an SMS is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.sms_parts import EXTENSION, GSM_7, Measured, measure, told

CASES = json.loads(Path(__file__).with_name("sms_parts_cases.json").read_text())
ALPHABET = "".join(sorted(GSM_7 | EXTENSION)) + "ñáя\u2019🙂\t"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_text_is_measured(case: dict[str, Any]) -> None:
    found = measure(case["text"] * case.get("times", 1))
    expected = Measured(case["encoding"], case["length"], case["parts"], case.get("foreign", ""))
    assert (found, found.too_long) == (expected, case.get("tooLong", False))


def test_the_alphabet_has_the_128_places_of_the_standard() -> None:
    assert len(GSM_7) == 127  # the escape to the extension is the 128th
    assert not GSM_7 & EXTENSION


@given(st.text(ALPHABET, max_size=400), st.text(ALPHABET, max_size=40))
def test_a_longer_text_never_takes_fewer_parts(text: str, more: str) -> None:
    assert measure(text + more).parts >= measure(text).parts


@given(st.text(ALPHABET, max_size=700))
def test_parts_hold_what_is_in_them(text: str) -> None:
    found = measure(text)
    alone, joined = (160, 153) if found.encoding == "GSM-7" else (70, 67)
    if found.length <= alone:
        assert found.parts == (1 if text else 0)
    else:
        assert found.length <= found.parts * joined
        assert found.length > (found.parts - 1) * (joined - 1)  # a part ends at most one unit early


def test_one_part_needs_no_word() -> None:
    assert told("a" * 160) == ""


def test_a_long_text_is_told_with_its_length() -> None:
    assert told("a" * 200) == (
        "On a sample customer this SMS is 200 characters, sent and charged as 2 parts; one part holds 160."
    )


def test_the_letter_that_makes_it_long_is_named() -> None:
    assert told("It\u2019s " + "a" * 100) == (
        "On a sample customer this SMS is 105 characters, sent and charged as 2 parts; `\u2019` is not in the alphabet "
        "of SMS (GSM-7), so one part holds 70 instead of 160: without it it would be 1 part."
    )


def test_of_many_letters_some_are_named_and_what_cannot_be_seen_by_its_number() -> None:
    said = told("\u00a0жйфцшщ" + "a" * 200)
    assert "U+00A0, `ж`, `й`, `ф`, `ц` and 2 more are not in the alphabet" in said
    assert said.endswith("without them it would be 2 parts.")
