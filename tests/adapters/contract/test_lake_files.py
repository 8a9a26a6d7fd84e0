"""What the lake's files promise to those who rewrite them."""

from __future__ import annotations

import pytest

from chalicelib.domain.errors import Conflict
from chalicelib.domain.stored import LakeFile
from tests.adapters.contract.conftest import Lake

KEY = "lake/2026/03/02/a.jsonl"


def read(lake: Lake, key: str = KEY) -> LakeFile:
    found = lake.files.read(key)
    assert found is not None
    return found


def test_come_page_by_page_in_the_order_of_their_keys(lake: Lake) -> None:
    for number in (3, 1, 2):
        lake.deliver(f"lake/2026/{number}.jsonl", b"x" * number)
    lake.deliver("lake-errors/1", b"no line of ours")
    first = lake.files.page("", 2)
    assert first.items == (("lake/2026/1.jsonl", 1), ("lake/2026/2.jsonl", 2))
    rest = lake.files.page(first.cursor, 2)
    assert (rest.items, rest.cursor) == ((("lake/2026/3.jsonl", 3),), "")


def test_of_an_empty_lake_are_none(lake: Lake) -> None:
    assert (lake.files.page().items, lake.files.page().cursor) == ((), "")
    assert lake.files.read(KEY) is None


def test_stand_in_the_place_of_what_they_were(lake: Lake) -> None:
    lake.deliver(KEY, b"a\nb\n")
    lake.files.replace(read(lake), b"b\n")
    assert read(lake).lines == b"b\n"
    assert [key for key, _ in lake.files.page().items] == [KEY]


def test_without_lines_are_removed_and_once_more_is_harmless(lake: Lake) -> None:
    lake.deliver(KEY, b"a\n")
    file = read(lake)
    lake.files.replace(file, b"")
    lake.files.replace(file, b"")
    assert lake.files.read(KEY) is None


def test_that_changed_since_they_were_read_are_left_alone(lake: Lake) -> None:
    lake.deliver(KEY, b"a\nb\nc\n")
    early = read(lake)
    lake.files.replace(read(lake), b"b\nc\n")
    with pytest.raises(Conflict):
        lake.files.replace(early, b"a\nb\n")
    assert read(lake).lines == b"b\nc\n"
