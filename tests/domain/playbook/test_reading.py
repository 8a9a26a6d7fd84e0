"""YAML 1.2 core schema, lines of everything, and what is refused early."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Any

import pytest

from chalicelib.domain.playbook.core_schema import resolve
from chalicelib.domain.playbook.reading import MOST_BYTES, MOST_PARTS, read

SCALARS = {
    "on": "on",
    "no": "no",
    "NO": "NO",
    "yes": "yes",
    "10:00": "10:00",
    "2026-01-01": "2026-01-01",
    "true": True,
    "False": False,
    "~": None,
    "": None,
    "null": None,
    "12": 12,
    "-3": -3,
    "+3": 3,
    "012": 12,
    "0o17": 15,
    "0x1F": 31,
    "1_000": "1_000",
    "1.5": 1.5,
    ".5": 0.5,
    "5.": 5.0,
    "1e3": 1000.0,
    "5%": "5%",
    "7d": "7d",
    "-": "-",
    ".": ".",
    "-.inf": float("-inf"),
}


@pytest.mark.parametrize(("text", "value"), SCALARS.items())
def test_plain_scalars(text: str, value: Any) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


def test_quoted_scalars_are_text() -> None:
    root, _ = read("a: \"12\"\nb: 'true'\nc: |\n  7\n")
    assert root is not None
    assert [node.value for node in root.value.values()] == ["12", "true", "7\n"]


def test_every_node_knows_its_line() -> None:
    root, _ = read("a: 1\nb:\n  - x\n  - y\nc:\n  d: 2\n")
    assert root is not None
    assert [node.line for node in root.value.values()] == [1, 2, 5]
    assert [node.line for node in root.value["b"].value] == [3, 4]
    assert root.value["c"].value["d"].line == 6


def test_keys_are_text_whatever_they_look_like() -> None:
    root, _ = read("on: 1\n12: 2\ntrue: 3\n")
    assert root is not None
    assert list(root.value) == ["on", "12", "true"]


def test_bytes_that_are_not_utf8_are_told_by_line() -> None:
    root, faults = read(b"playbook: 1\nname: Caf\xe9\n")
    assert root is None
    assert (faults[0].line, "UTF-8" in faults[0].message) == (2, True)


def test_half_a_surrogate_pair_is_told_by_line() -> None:
    _, faults = read("playbook: 1\nname: \ud83d\n")
    assert faults[0].line == 2


def test_emoji_and_a_byte_order_mark_are_fine() -> None:
    root, faults = read(b"\xef\xbb\xbfname: \xe2\x98\x94 \xf0\x9f\x8c\x82\n")
    assert not faults
    assert root is not None
    assert root.value["name"].value == "\u2614 \U0001f302"


def test_over_two_megabytes_is_refused() -> None:
    _, faults = read("# " + "x" * MOST_BYTES)
    assert "2 MB" in faults[0].message


def test_laughs_by_the_billion_are_refused_at_the_first_alias() -> None:
    lines = ["a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [
        f"{new}: &{new} [{', '.join(['*' + old] * 9)}]"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    _, faults = read("\n".join(lines))
    assert [fault.line for fault in faults] == [1, 2, 2]


@pytest.mark.parametrize("opening", ["[", "{", "- ", "? ", "a: [", '{"a": '])
def test_deep_nesting_ends_early(opening: str) -> None:
    begun = time.process_time()
    _, faults = read(opening * 100_000)
    assert faults
    assert time.process_time() - begun < 5


def test_levels_up_to_forty_are_fine() -> None:
    _, fine = read("[" * 40 + "]" * 40)
    _, deep = read("[" * 41 + "]" * 41)
    assert (len(fine), len(deep)) == (0, 1)


def test_the_pure_reader_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    import yaml

    text = 'a: "12"\nb: [x, 1.5, ~]\nc: |\n  text\nd: {e: yes}\n'
    fast = read(text)
    monkeypatch.delattr(yaml, "CSafeLoader")
    assert read(text) == fast


def test_yaml_is_not_imported_before_it_is_needed() -> None:
    modules = "chalicelib.domain.playbook.parsing, chalicelib.domain.playbook.compiler"
    code = f"import sys, {modules}; sys.exit('yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_too_many_keys_end_the_reading() -> None:
    root, faults = read("".join(f"k{number}: 1\n" for number in range(MOST_PARTS)))
    assert root is None
    assert "keys and values" in faults[-1].message
