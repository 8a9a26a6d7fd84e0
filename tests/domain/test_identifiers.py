"""How identifiers are written, and which identify nobody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.events import Event
from chalicelib.domain.identifiers import Identifier, Unusable, identifiers_of, normalise, parse_identifier
from chalicelib.domain.playbook.model import Playbook

CASES = json.loads((Path(__file__).parent / "identifier_cases.json").read_text())
PLAYBOOK = Playbook("p", junk=("demo-user",), phone_country="US")


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_normalise(case: dict[str, Any]) -> None:
    value = "x" * 600 if case["value"] == "LONG" else case["value"]
    outcome = normalise(case["kind"], value, PLAYBOOK)
    if "is" in case:
        assert outcome == Identifier(case["kind"], case["is"])
    else:
        assert outcome == Unusable(case["kind"], case["unusable"])


def event(**fields: Any) -> Event:
    return Event(**{"message_id": "m", "type": "track", "timestamp": 1, "received_at": 1, **fields})


def names(found: Event) -> list[str]:
    return [str(one) for one in identifiers_of(found, PLAYBOOK).identifiers]


def test_identifiers_come_strongest_first() -> None:
    one = event(
        type="identify",
        user_id="u",
        anonymous_id="a",
        traits={"email": "Ana@example.com", "phone": "785 555 0100"},
        context={"device": {"token": "t"}, "externalIds": [{"type": "loyalty", "id": "L1"}]},
    )
    assert names(one) == [
        "user:u", "email:ana@example.com", "phone:+17855550100", "loyalty:L1", "anonymous:a", "device:t",
    ]  # fmt: skip


def test_a_track_call_links_no_traits() -> None:
    assert names(event(user_id="u", traits={"email": "ana@example.com"})) == ["user:u"]


def test_identify_reads_traits_in_its_context() -> None:
    one = event(type="identify", user_id="u", context={"traits": {"email": "ana@example.com"}})
    assert names(one) == ["user:u", "email:ana@example.com"]


def test_junk_is_reported_and_the_rest_is_kept() -> None:
    found = identifiers_of(event(user_id="undefined", anonymous_id="a"), PLAYBOOK)
    assert [str(one) for one in found.identifiers] == ["anonymous:a"]
    assert found.unusable == (Unusable("user", "junk"),)


def test_our_own_events_may_name_an_address() -> None:
    own = event(origin="topeka", context={"traits": {"phone": "+17855550100"}})
    assert names(own) == ["phone:+17855550100"]


@pytest.mark.parametrize("text", ["user", "user:", ":1", "user:null"])
def test_what_names_nobody_is_no_identifier(text: str) -> None:
    found = parse_identifier(text, PLAYBOOK)
    assert found is None or not found.kind


def test_a_colon_may_be_part_of_the_value() -> None:
    assert parse_identifier("user:a:b", PLAYBOOK) == Identifier("user", "a:b")
