"""What names nobody; and what looks like it and names somebody."""

from __future__ import annotations

import pytest

from chalicelib.domain.identifiers import Identifier, Unusable, normalise
from chalicelib.domain.junk import ADDRESSES, WORDS, is_junk
from chalicelib.domain.playbook.model import Playbook

PLAYBOOK = Playbook("p", junk=("Demo-User", "  void@shop.example  "))
NEVER = [
    "[object Object]", "[object Undefined]", "[object HTMLInputElement]", "%5Bobject%20Object%5D",
    "0", "00000", "0.0", "-0", "0000-0000", "-", "--", "...", "?", "*", "{}", "[]", "()", '""', "''",
    "00000000-0000-0000-0000-000000000000", "00000000000000000000000000000000",
    "{00000000-0000-0000-0000-000000000000}", "00:00:00:00:00:00", "000000000000000",
    "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "ffffffffffffffff",
    '"null"', "'undefined'", "`none`", '\\"null\\"', "\u201cnull\u201d", "%22null%22", "'0'",
    "{{userId}}", "{{ user.id }}", "{{ user.id | default: '' }}", "${userId}", "#{user.id}", "<%= user.id %>",
    "<user_id>", "<nil>", "<your user id>", "%USER_ID%", "%%emailaddr%%", "*|EMAIL|*", "{userId}", "{user.id}",
]  # fmt: skip
NEVER_PHONES = [
    "000-000-0000", "+1 (000) 000-0000", "(111) 111-1111", "123-456-7890", "1234567890", "555-555-5555",
    "999 999 9999", "+1 012 345 6789", "+49 0000000", "+44 00000000000",
]  # fmt: skip
SOMEBODY = [
    "1", "2", "10", "100", "007", "1000000", "-2", "10-0", "id7", "user1", "user-0", "0a", "a0", "x", "-1a",
    "Nula", "Anon7", "Nonna", "Undine", "Nancy", "Guestrin", "Nilsson", "True Grit", "null@ana.example",
    "anonymous-7f3a", "guest_42", "unknown pleasures", "test", "demo", "abc123", "admin", "root", "default",
    "visitor", "customer",
    "00000000-0000-0000-0000-000000000001", "{3F2504E0-4F89-11D3-9A0C-0305E82C3301}", "ffffffff", "ff", "f",
    "9774d56d682e549d", "0xAna", "{ana", "ana}", "$5", "50%", "100%", "%ana", "a<b", "<3", "o'null", '"ana"',
    "object", "[Ana]", "☂", "-☂-", "空", "ana@example.com", "test@example.com", "user@example.com",
    "void", "10%25",
]  # fmt: skip
SOMEBODYS_PHONES = [
    "+1 785 555 0100", "+1 800 222 2222", "+1 212 000 0000", "+45 20 00 00 00", "+47 90 00 00 00",
    "+65 9000 0000", "+33 6 66 66 66 66", "+49 30 111111", "234-567-8901", "+44 7000 000000",
]  # fmt: skip


@pytest.mark.parametrize("word", sorted(WORDS))
def test_every_word_of_the_list_is_junk_in_any_case_and_dress(word: str) -> None:
    for dressed in (
        word,
        word.upper(),
        word.title(),
        f"  {word}\t",
        f"\ufeff{word}\u200b",
        f'"{word}"',
        f"'{word}'",
    ):
        assert normalise("user", dressed, PLAYBOOK) == Unusable("user", "junk")


@pytest.mark.parametrize("text", NEVER)
@pytest.mark.parametrize("kind", ["user", "anonymous", "device", "loyalty"])
def test_forms_of_nothing_are_junk(kind: str, text: str) -> None:
    assert normalise(kind, text, PLAYBOOK) == Unusable(kind, "junk")


@pytest.mark.parametrize("text", NEVER_PHONES)
def test_a_number_that_cannot_be_is_junk_however_it_is_typed(text: str) -> None:
    assert normalise("phone", text, PLAYBOOK) == Unusable("phone", "junk")


@pytest.mark.parametrize("address", sorted(ADDRESSES))
def test_test_addresses_are_junk_as_addresses(address: str) -> None:
    assert normalise("email", f" {address.title()} ", PLAYBOOK) == Unusable("email", "junk")
    assert isinstance(normalise("email", f"ana.{address}", PLAYBOOK), Identifier)


@pytest.mark.parametrize("text", SOMEBODY)
def test_a_near_miss_names_somebody(text: str) -> None:
    assert normalise("user", text, PLAYBOOK) == Identifier("user", text)


@pytest.mark.parametrize("text", SOMEBODYS_PHONES)
def test_a_round_number_may_be_somebodys(text: str) -> None:
    assert isinstance(normalise("phone", text, PLAYBOOK), Identifier)


@pytest.mark.parametrize("text", ["demo-user", "DEMO-USER ", "void@shop.example", "Void@Shop.example"])
def test_the_playbook_adds_its_own(text: str) -> None:
    assert normalise("user", text, PLAYBOOK) == Unusable("user", "junk")
    assert not is_junk(text)


def test_no_address_of_an_ordinary_domain_is_on_the_list() -> None:
    assert not any(word.endswith("@example.com") for word in WORDS)


def test_a_long_value_is_read_in_no_time() -> None:
    for text in ("0" * 511 + "x", "%" * 512, "{{" * 256, "<%" * 256, "*|" * 256, "%a" * 256):
        normalise("user", text, PLAYBOOK)
