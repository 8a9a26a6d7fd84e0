"""Which address counts: what a stranger may add never outranks what was proven."""

from __future__ import annotations

import pytest

from chalicelib.domain.addresses import address
from chalicelib.domain.profile import Facts, Permission, Stamped


def held(value: object, *, proven: bool = False) -> Stamped:
    return Stamped(value, 1, "m", proven)


@pytest.mark.parametrize(
    ("email", "phone", "counts"),
    [
        (held("a@example.com"), held("+17855550100"), True),
        (held("a@example.com", proven=True), held("+17855550100", proven=True), True),
        (held("a@example.com", proven=True), held("+17855550100"), False),
        (None, held("+17855550100"), True),
    ],
    ids=["nobody proved anything", "both are proven", "only the other is proven", "there is no other"],
)
def test_an_unproven_address_counts_only_while_no_other_is_proven(
    email: Stamped | None, phone: Stamped, counts: bool
) -> None:
    facts = Facts(traits={"phone": phone} | ({"email": email} if email else {}))
    assert (address(facts, "sms") is not None) is counts


def test_a_proven_yes_to_the_channel_makes_its_address_count() -> None:
    facts = Facts(traits={"email": held("a@example.com", proven=True), "phone": held("+17855550100")})
    facts.permissions["sms/offers"] = {"granted": Permission("granted", 1, "m")}
    assert address(facts, "sms") is None
    facts.permissions["sms/offers"] = {"granted+": Permission("granted", 1, "m", proven=True)}
    assert address(facts, "sms") is not None


@pytest.mark.parametrize("nothing", [None, "", "  ", 7])
def test_what_is_no_text_is_no_address(nothing: object) -> None:
    assert address(Facts(traits={"email": held(nothing, proven=True)}), "email") is None
