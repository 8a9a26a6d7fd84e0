"""Every kind of fault, each with its line, its path and how to mend it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.playbook.parsing import parse

DOMAIN = Path(__file__).parents[3] / "chalicelib" / "domain"
READERS = (
    *sorted((DOMAIN / "playbook").glob("*.py")),
    *(DOMAIN / "conditions" / f"{name}.py" for name in ("parsing", "right_sides", "impossible")),
)
#: Beyond one line of JSON: a text that is too long, bytes that are no text, more names than are compared.
ODD: tuple[str | bytes, ...] = (
    b"a" * 2_000_001,
    b"playbook: 1\nname: \xff\n",
    "playbook: 1\nsegments:\n" + "\n".join(f"  s{number}: {{segment: t}}" for number in range(300)),
    "- a\n" * 150_001,
    "- &a 1\n" * 201,
)
#: PyYAML's own words, and what stands by where it should fail without saying what or where.
NO_CASE = {
    "cannot start any token",
    "it cannot be read",
    "This is not YAML. Check indentation, quotes and colons.",
}
CASES = json.loads((Path(__file__).parent / "fault_cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    playbook, faults = parse(case["yaml"])
    assert playbook is None
    assert [[fault.line, fault.path, fault.message] for fault in faults] == case["faults"]
    assert case["faults"]


def test_ten_faults_are_found_in_one_pass() -> None:
    lines = [
        "playbook: 2",
        "timezone: Mars",
        "currency: dollars",
        "topics: {offers: {default: maybe}}",
        "placements: {hero: {channel: tv}}",
        "segments: {loyal: {did: Order Completed, below: 0}}",
        "moments: {rain: {enters: loyl}}",
        "messages: {hello: {placements: [hiro], kind: ofer}}",
        "policies: {holdout: {share: 500%}}",
        "colour: red",
    ]
    _, faults = parse("\n".join(lines))
    assert {fault.line for fault in faults} == set(range(1, 11))


def test_thousands_of_faults_end_quickly_in_a_bounded_list() -> None:
    segments = "\n".join(f"  s{number}: {{segment: t{number}}}" for number in range(5000))
    _, faults = parse(f"playbook: 1\nname: Test\nsegments:\n{segments}\n")
    assert len(faults) == 200


def test_reading_ends_where_more_faults_than_can_be_told_stand() -> None:
    _, faults = parse("".join(f"a{number}: &x{number} 1\n" for number in range(50_000)))
    assert (len(faults), faults[-1].line) == (201, 201)
    assert faults[-1].message.startswith("Up to here there are 200 faults")


def test_every_fault_in_the_source_has_a_case_with_its_words() -> None:
    told = [message for case in CASES for _, _, message in case["faults"]]
    told += [fault.message for text in ODD for fault in parse(text)[1]]
    missing = {
        f"{path.name}:{line}: {words}"
        for path in READERS
        for line, words, pattern in sentences(ast.parse(path.read_text("utf-8")))
        if words not in NO_CASE and not any(re.search(pattern, one, re.DOTALL) for one in told)
    }

    assert missing == set()


def test_sentences_are_found_in_the_source() -> None:
    source = (
        '"""Not this one."""\nfield.fault(f"At most {MOST} can be had; write {less()}")\nx = "two words"\n'
    )
    ((line, words, pattern),) = sentences(ast.parse(source))

    assert (line, words) == (2, "At most ... can be had; write ...")
    assert re.search(pattern, "At most 7 can be had; write 3") and not re.search(pattern, "At most 7 can be")


def sentences(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Every text of three words or more in a module: line, words, and a pattern of what it becomes; no docstrings."""
    inside = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr | ast.JoinedStr)
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and (isinstance(node, ast.JoinedStr) or part is node.value)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [one.value if isinstance(one, ast.Constant) else None for one in node.values]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            parts = [node.value]
        else:
            continue
        words = "".join("..." if part is None else str(part) for part in parts)
        if " " in words and len(re.findall(r"[A-Za-z]{2,}", words)) >= 3:
            yield (
                node.lineno,
                words,
                "".join(".*" if part is None else re.escape(str(part)) for part in parts),
            )
