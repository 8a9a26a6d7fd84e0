"""Which address counts: what a stranger may add never outranks what was proven."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.domain.addresses import MOST_DEVICES, address, addresses, can_reach
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.profile import Facts, Known, Permission, Profile, Stamped


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


BOOK = Playbook("Shop", webhooks={"print": {"url": "https://print.example.com/in"}})
HOME = {"street": "12 SW 6th Ave", "city": "Topeka", "state": "KS", "postalCode": 66603, "country": "US"}


def customer(*devices: Known, **traits: object) -> Profile:
    facts = Facts(traits={name: held(value) for name, value in traits.items()})
    return Profile("p_1", "1.a", identifiers=list(devices), facts=facts)


@pytest.mark.parametrize(
    ("channel", "found"),
    [
        ("email", ("ann@example.com",)),
        ("sms", ("+17855550123",)),
        ("push", ("token-2", "token-1")),
        ("webhook.print", ("https://print.example.com/in",)),
        ("webhook.withdrawn", ()),
    ],
)
def test_a_message_goes_everywhere_the_channel_has_an_address(channel: str, found: tuple[str, ...]) -> None:
    devices = [Known("device", f"token-{n}", n, "m") for n in (1, 2)]
    ann = customer(*devices, email="Ann@Example.com", phone="(785) 555-0123")
    assert addresses(ann, channel, BOOK) == found


@pytest.mark.parametrize("channel", ["email", "sms", "push", "mail"])
def test_a_customer_without_an_address_is_reached_nowhere(channel: str) -> None:
    assert addresses(customer(), channel, BOOK) == ()
    assert not can_reach(customer(), channel)


def test_a_letter_goes_to_a_name_at_an_address_each_part_on_one_line() -> None:
    ann = customer(address={**HOME, "city": "Topeka\r\nX"}, firstName="Ann", lastName="Lee")
    (found,) = addresses(ann, "mail", BOOK)
    assert can_reach(ann, "mail")
    assert json.loads(found) == {
        "name": "Ann Lee", "street": "12 SW 6th Ave", "city": "Topeka X", "state": "KS",
        "postalCode": "66603", "country": "US",
    }  # fmt: skip


@pytest.mark.parametrize("nowhere", ["12 SW 6th Ave", {}, {"city": "Topeka"}, {"street": {"a": 1}}, None])
def test_a_letter_needs_a_street(nowhere: Any) -> None:
    ann = customer(address=nowhere)
    assert addresses(ann, "mail", BOOK) == ()
    assert not can_reach(ann, "mail")


def test_a_device_that_nobody_proved_does_not_count_beside_a_proven_address() -> None:
    ann = customer(Known("device", "hers", 1, "m", proven=True), Known("device", "strangers", 2, "m"))
    ann.facts.traits["email"] = held("a@example.com", proven=True)
    assert addresses(ann, "push", BOOK) == ("hers",)
    ann.facts.permissions["push/offers"] = {"granted+": Permission("granted", 1, "m", proven=True)}
    assert addresses(ann, "push", BOOK) == ("strangers", "hers")


def test_a_push_goes_to_the_latest_devices_of_very_many() -> None:
    devices = [Known("device", f"token-{n}", n, "m") for n in range(MOST_DEVICES + 1)]
    assert len(addresses(customer(*devices), "push", BOOK)) == MOST_DEVICES
    assert "token-0" not in addresses(customer(*devices), "push", BOOK)
