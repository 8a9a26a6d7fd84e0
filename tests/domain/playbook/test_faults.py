"""Every kind of fault, each with its line, its path and how to mend it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.playbook.parsing import parse

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
