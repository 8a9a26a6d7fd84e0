"""Kinds of identifier: which rule each follows, and which is stronger."""

from __future__ import annotations

import pytest

from chalicelib.domain.kinds import is_kind, rank, ranks, rule_of
from chalicelib.domain.playbook.model import DEFAULT_IDENTIFIERS, IdentifierRule

LOYALTY = IdentifierRule("loyalty", unique=True, limit=1)


@pytest.mark.parametrize("name", ["user", "loyalty", "Loyalty", "ios.idfa", "ga_client-id", "7", "x" * 64])
def test_a_kind_has_letters_digits_and_few_marks(name: str) -> None:
    assert is_kind(name)


@pytest.mark.parametrize("name", ["", "a:b", "a b", "a/b", "é", "x" * 65, "a\n", "*", "previous", "minted"])
def test_what_cannot_be_a_kind(name: str) -> None:
    assert not is_kind(name)


@pytest.mark.parametrize("rule", DEFAULT_IDENTIFIERS, ids=lambda rule: rule.kind)
def test_a_default_kind_keeps_its_rule_where_the_playbook_names_only_others(rule: IdentifierRule) -> None:
    assert rule_of((LOYALTY,), rule.kind) == rule


@pytest.mark.parametrize("kind", ["device", "loyalty", "ios.idfa"])
def test_any_other_kind_that_is_not_named_has_a_hundred_values(kind: str) -> None:
    assert rule_of(DEFAULT_IDENTIFIERS, kind) == IdentifierRule(kind, unique=False, limit=100)


def test_the_playbook_s_own_rule_counts_first() -> None:
    assert rule_of((IdentifierRule("email", limit=2),), "email").limit == 2


@pytest.mark.parametrize(
    ("named", "strongest_first"),
    [
        ("", "user email phone other anonymous device"),
        ("user email phone anonymous", "user email phone other anonymous device"),
        ("loyalty", "user email phone loyalty other anonymous device"),
        ("email", "user email phone other anonymous device"),
        ("loyalty email", "user loyalty email phone other anonymous device"),
        ("phone user", "phone user email other anonymous device"),
        ("loyalty user email phone", "loyalty user email phone other anonymous device"),
        ("anonymous loyalty device", "user email phone loyalty other anonymous device"),
        ("custom user", "custom user email phone other anonymous device"),
    ],
    ids=[
        "nothing", "the defaults", "a kind of its own alone", "one default alone", "its own above a default",
        "defaults turned round", "its own above all", "what changes hands comes last anyway",
        "a kind that is called custom",
    ],
)  # fmt: skip
def test_kinds_rank_as_the_playbook_says_and_the_others_as_by_default(
    named: str, strongest_first: str
) -> None:
    order, expected = ranks([IdentifierRule(kind) for kind in named.split()]), strongest_first.split()
    assert sorted(set(expected), key=lambda kind: rank(order, kind)) == expected
