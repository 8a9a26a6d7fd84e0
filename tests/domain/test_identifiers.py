"""How identifiers are written, and which identify nobody."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.addresses import normalised
from chalicelib.domain.events import Event
from chalicelib.domain.facts import fold
from chalicelib.domain.identifiers import (
    SURROUNDING,
    Identifier,
    Unusable,
    identifiers_of,
    normalise,
    parse_identifier,
)
from chalicelib.domain.made_up import made_up
from chalicelib.domain.playbook.compiler import compile_playbook
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.profile import Profile

CASES = json.loads((Path(__file__).parent / "identifier_cases.json").read_text())
PLAYBOOK = Playbook(
    "p", junk=("demo-user", "(785) 555-0199", " demo@xn--bcher-kva.example "), phone_country="US"
)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_normalise(case: dict[str, Any]) -> None:
    value = "x" * 600 if case["value"] == "LONG" else case["value"]
    outcome = normalise(case["kind"], value, PLAYBOOK)
    if "is" in case:
        assert outcome == Identifier(case["kind"], case["is"])
    else:
        assert outcome == Unusable(case.get("as", case["kind"]), case["unusable"])


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


@pytest.mark.parametrize("text", ["user", "user:", ":1", "user:null", "previous:a", "minted:m/p_x", "a b:1"])
def test_what_names_nobody_is_no_identifier(text: str) -> None:
    assert parse_identifier(text, PLAYBOOK) is None


def test_a_colon_may_be_part_of_the_value() -> None:
    assert parse_identifier("user:a:b", PLAYBOOK) == Identifier("user", "a:b")


def external(*kinds: Any) -> Event:
    return event(user_id="u", context={"externalIds": [{"type": kind, "id": "7"} for kind in kinds]})


def test_a_kind_is_compared_as_it_was_sent() -> None:
    assert names(external("loyalty", "Loyalty", "loyalty")) == ["user:u", "Loyalty:7", "loyalty:7"]


@pytest.mark.parametrize("kind", ["a:b", "previous", "", " loyalty", "x" * 65, None, 7])
def test_a_kind_that_cannot_be_is_reported_and_the_rest_is_kept(kind: object) -> None:
    found = identifiers_of(external(kind), PLAYBOOK)
    assert [str(one) for one in found.identifiers] == ["user:u"]
    ((name, reason),) = [(one.kind, one.reason) for one in found.unusable]
    assert reason == "not-a-kind" and 0 < len(name) <= 64


def test_an_alias_still_names_its_earlier_id() -> None:
    assert names(event(type="alias", user_id="u", previous_id="a")) == ["user:u", "previous:a"]


def test_white_space_is_all_that_python_knows_and_more() -> None:
    spaces = "".join(chr(code) for code in range(0x110000) if chr(code).isspace())
    assert set(spaces) <= set(SURROUNDING)
    assert not any(char.isalnum() and unicodedata.category(char) != "Lo" for char in SURROUNDING)


written = st.text(max_size=20) | st.sampled_from(
    ["+49 30 901820", "(785) 555-0100", "Ana@B\u00fccher.example"]
)


@given(st.sampled_from(["user", "email", "phone", "loyalty"]), written)
def test_what_was_normalised_stays_as_it_is(kind: str, value: str) -> None:
    once = normalise(kind, value, PLAYBOOK)
    if isinstance(once, Identifier):
        assert normalise(kind, once.value, PLAYBOOK) == once


BERLIN = {"country": "Germany"}


@pytest.mark.parametrize(
    ("sent", "number"),
    [
        ({"traits": {"phone": "030 901820", "address": {"country": "DE"}}}, "+4930901820"),
        ({"traits": {"phone": "030 901820", "address": BERLIN}}, "+4930901820"),
        ({"context": {"traits": {"phone": "030 901820", "address": BERLIN}}}, "+4930901820"),
        ({"traits": {"phone": "030 901820"}, "context": {"location": BERLIN}}, "+4930901820"),
        (
            {"traits": {"phone": "020 7946 0958", "address": {"country": "UK"}}, "context": {"location": BERLIN}},
            "+442079460958",
        ),
        ({"traits": {"phone": "785 555 0100"}, "context": {"location": {"country": "CA"}}}, "+17855550100"),
        ({"traits": {"phone": "785-555-0100"}, "context": {"location": {"country": "France"}}}, "+17855550100"),
        ({"traits": {"phone": "0049 30 901820", "address": BERLIN}}, "+4930901820"),
        ({"traits": {"phone": "+33 6 12 34 56 78", "address": BERLIN}}, "+33612345678"),
        ({"traits": {"phone": "785 555 0100", "address": {"country": "Atlantis"}}}, "+17855550100"),
        ({"traits": {"phone": "785 555 0100", "address": "12 Main St"}}, "+17855550100"),
        ({"traits": {"phone": "785 555 0100", "address": {"country": ["DE"]}}}, "+17855550100"),
        ({"traits": {"phone": 7855550100}}, "+17855550100"),
    ],
    ids=[
        "by the address", "by the country's name", "by an address in the context", "by where they are",
        "by the address before the place", "two countries may share a plan",
        "by the first country under which it is valid", "dialled from there", "its own country code",
        "a country nobody knows", "an address in one line", "a country that is no text", "sent as a number",
    ],
)  # fmt: skip
def test_a_number_is_read_with_the_customers_country(sent: dict[str, Any], number: str) -> None:
    one = event(type="identify", **sent)
    assert names(one) == [f"phone:{number}"]
    profile = Profile("p")
    fold(profile, one, compile_playbook(PLAYBOOK, 1))
    assert profile.facts.traits["phone"].value == number
    assert normalised(profile.facts, "sms", PLAYBOOK) == number


@pytest.mark.parametrize("sent", ["call me", "", None, "+1 000 000 0000", ["785"]])
def test_a_phone_that_cannot_be_read_stays_a_trait_as_it_was_sent(sent: object) -> None:
    profile = Profile("p")
    fold(profile, event(type="identify", user_id="u", traits={"phone": sent}), compile_playbook(PLAYBOOK, 1))
    assert profile.facts.traits["phone"].value == sent
    assert normalised(profile.facts, "sms", PLAYBOOK) == ""


def test_a_made_up_customers_number_is_read_like_any_other() -> None:
    rules = compile_playbook(PLAYBOOK, 1)
    told = {"traits": {"phone": "030 901820"}, "place": {"city": "Berlin", "country": "DE"}}
    assert made_up(told, rules, 1).profile.facts.traits["phone"].value == "+4930901820"
    assert made_up({"traits": {"phone": "no"}}, rules, 1).profile.facts.traits["phone"].value == "no"


def test_a_number_of_the_north_american_plan_needs_no_library() -> None:
    code = (
        "import sys; from chalicelib.domain.identifiers import normalise;"
        "from chalicelib.domain.playbook.model import Playbook;"
        "print(normalise('phone', '+17855550100', Playbook('p', junk=('demo-user',))).value,"
        " 'phonenumbers' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["+17855550100", "False"]


@pytest.mark.parametrize("text", ["+49004900", "+4900490", "0049004900", "+49 0490 0"])
def test_what_would_be_read_otherwise_the_next_time_is_no_number(text: str) -> None:
    value = getattr(normalise("phone", text, PLAYBOOK), "value", "")
    assert not value or getattr(normalise("phone", value, PLAYBOOK), "value", "") == value
