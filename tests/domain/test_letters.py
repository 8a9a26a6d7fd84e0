"""Letters, and the file of a day."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from chalicelib.domain.instants import from_text
from chalicelib.domain.letters import Letter, day_of, deliveries_in, file_due, file_of, letter_of
from chalicelib.domain.stored import Outgoing

HOME = {"name": "Ann Lee", "street": "12 SW 6th Ave", "city": "Topeka", "state": "KS", "postalCode": "66603"}


def letter(delivery: str, **content: Any) -> Letter:
    return Letter(delivery, "card", HOME, content)


def rows(file: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.decode(), newline="")))


def test_a_message_becomes_a_letter_to_its_postal_address() -> None:
    sent = Outgoing("m_1", "card", json.dumps(HOME), "Shop", channel="mail", content={"text": "Grüße"})
    assert letter_of(sent) == letter("m_1", text="Grüße")


def test_a_file_has_one_line_for_each_letter_and_a_column_for_each_field() -> None:
    one, two = rows(file_of([letter("m_2", text="Hi"), letter("m_1", code="A7", pages=[1, 2])]))
    assert (one["delivery"], one["code"], one["pages"], one["text"]) == ("m_1", "A7", "[1, 2]", "")
    assert (two["delivery"], two["text"], two["country"]) == ("m_2", "Hi", "")
    assert {**HOME, "message": "card"}.items() <= two.items()


def test_the_same_letters_make_the_same_bytes_in_any_order() -> None:
    letters = [letter("m_2", b="2", a="1"), letter("m_1", c="3")]
    assert file_of(letters) == file_of(letters[::-1])


@pytest.mark.parametrize("text", ['say "Hi", twice', "two\r\nlines", "\nm_9,card", "Ünïcödé ☂", ""])
def test_no_text_breaks_out_of_its_cell(text: str) -> None:
    file = file_of([letter("m_1", text=text), letter("m_2", text="Hi")])
    assert [row["text"] for row in rows(file)] == [text, "Hi"]
    assert deliveries_in(file) == {"m_1", "m_2"}


@pytest.mark.parametrize(
    ("minute", "day"),
    [
        ("2026-07-02T00:15:00Z", "2026-07-01"),
        ("2026-07-02T00:14:00Z", None),
        ("2026-07-02T00:16:00Z", None),
        ("2027-01-01T00:15:00Z", "2026-12-31"),
    ],
)
def test_a_days_file_is_due_a_quarter_of_an_hour_after_its_end(minute: str, day: str | None) -> None:
    assert file_due(from_text(minute)) == day


def test_a_day_ends_at_midnight_utc() -> None:
    midnight = from_text("2026-07-02T00:00:00Z")
    assert (day_of(midnight - 1), day_of(midnight)) == ("2026-07-01", "2026-07-02")
