"""Direct mail: one letter as it is kept until its day is over, and the day's file for the print house."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from chalicelib.domain.addresses import POSTAL
from chalicelib.domain.stored import Outgoing

#: The columns that every file has, in order; the fields of the messages follow, by name.
COLUMNS = ("delivery", "message", "name", *POSTAL)
DAY = 86_400_000
#: How long after a day's end (UTC) its file is made: what was under way at midnight is there by then (ms).
SETTLED = 15 * 60_000


class Letter(msgspec.Struct, frozen=True):
    """One contact by mail: who gets it (`addresses.postal`), and the message's fields, filled in."""

    delivery: str
    message: str
    to: dict[str, str]
    content: dict[str, Any]


def letter_of(outgoing: Outgoing) -> Letter:
    """A message on its way out as a letter."""
    return Letter(outgoing.delivery, outgoing.message, json.loads(outgoing.to), outgoing.content)


def day_of(at: int) -> str:
    """The day (UTC) of a time (ms), such as 2026-07-01."""
    return datetime.fromtimestamp(at // 1000, UTC).date().isoformat()


def file_due(minute: int) -> str | None:
    """The day whose file is to be made in this minute (ms); None in all but one minute of a day."""
    return day_of(minute - SETTLED - 1) if minute % DAY == SETTLED else None


def file_of(letters: Iterable[Letter]) -> bytes:
    """The file: CSV as RFC 4180 has it, in UTF-8, one line for each letter, in the order of their deliveries.

    The same letters make the same bytes. It is for programs: nothing is done about texts that a spreadsheet would take
    for formulas. What is no text (a list, a number) stands in its cell as JSON.
    """
    lines = sorted(letters, key=lambda letter: letter.delivery)
    fields = sorted({name for letter in lines for name in letter.content})
    written = io.StringIO(newline="")
    table = csv.writer(written)
    table.writerow([*COLUMNS, *fields])
    for letter in lines:
        to = (letter.to.get(part, "") for part in COLUMNS[2:])
        table.writerow(
            [letter.delivery, letter.message, *to, *(_cell(letter.content, name) for name in fields)]
        )
    return written.getvalue().encode()


def deliveries_in(file: bytes) -> set[str]:
    """Whose letters a file holds."""
    rows = csv.reader(io.StringIO(file.decode(), newline=""))
    next(rows, None)
    return {row[0] for row in rows}


def _cell(content: Mapping[str, Any], name: str) -> str:
    value = content.get(name, "")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
