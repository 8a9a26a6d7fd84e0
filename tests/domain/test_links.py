"""Tracked links: what their tokens carry and where they may lead."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain import short_links
from chalicelib.domain.keys import Secrets
from chalicelib.domain.links import (
    DAY,
    pixel,
    rendered_target,
    sent_links,
    shown_links,
    target_of,
)
from chalicelib.domain.tokens import read

SECRETS = Secrets(b"s" * 32, b"d" * 32)
BASE = "https://crm.example.com"


def sent() -> dict[str, str]:
    return sent_links(
        SECRETS, BASE, ["shop"], delivery="m_1", profile="p_1", channel="email", topic="offers", now=0
    )


def claims(address: str, page: str, purpose: str, now: int = 0) -> dict[str, Any] | None:
    prefix = f"{BASE}/{page}/"
    assert address.startswith(prefix)
    return read(SECRETS, purpose, address.removeprefix(prefix), now)


def test_a_sent_link_names_the_row_that_knows_where_it_leads() -> None:
    found = claims(sent()["shop"], "c", "click")
    assert found == {"d": "m_1", "l": "shop"}
    assert target_of(found, {"shop": "https://shop.example.com/"}) == "https://shop.example.com/"
    assert target_of(found, {}) is None


def by_sms(delivery: str = "m_abcdefghij2345672345", name: str = "shop") -> str:
    links = sent_links(
        SECRETS, BASE, [name], delivery=delivery, profile="p_1", channel="sms", topic="offers", now=0
    )
    return links[name]


def test_a_link_in_an_sms_is_short() -> None:
    by_mail = sent_links(
        SECRETS,
        BASE,
        ["shop"],
        delivery="m_abcdefghij2345672345",
        profile="p_1",
        channel="email",
        topic="t",
        now=0,
    )
    assert (len(by_mail["shop"]), len(by_sms())) == (len(BASE) + 94, len(BASE) + 39)


def test_an_sms_leads_to_our_own_pages_by_short_links_too() -> None:
    links = sent_links(
        SECRETS, BASE, [], delivery="m_abcdefghij2345672345", profile="p_1", channel="sms", topic="t", now=0
    )
    for page, name in (("u", "unsubscribe"), ("p", "preferences")):
        token = links[name].removeprefix(f"{BASE}/{page}/")
        assert len(links[name]) == len(BASE) + 35
        assert short_links.read(SECRETS, name, token, 0) == {"d": "m_abcdefghij2345672345", "l": ""}


def test_a_link_in_an_sms_names_the_row_as_others_do() -> None:
    token = by_sms().removeprefix(f"{BASE}/c/")
    assert short_links.read(SECRETS, "click", token, 0) == {"d": "m_abcdefghij2345672345", "l": "shop"}


@pytest.mark.parametrize(("delivery", "name"), [("m_1", "shop"), ("m_abcdefghij2345672345", "größe")])
def test_what_has_no_short_form_has_the_usual_one(delivery: str, name: str) -> None:
    token = by_sms(delivery, name).removeprefix(f"{BASE}/c/")
    assert short_links.read(SECRETS, "click", token, 0) is None
    assert read(SECRETS, "click", token, 0) == {"d": delivery, "l": name}


def test_a_shown_link_carries_its_target() -> None:
    links = shown_links(
        SECRETS, BASE, {"shop": "https://shop.example.com/"}, delivery="m_1", profile="p_1", now=0
    )
    found = claims(links["shop"], "c", "click")
    assert found == {"d": "m_1", "p": "p_1", "u": "https://shop.example.com/"}
    assert target_of(found, {}) == "https://shop.example.com/"


def test_every_sent_message_can_link_to_leaving_and_to_preferences() -> None:
    assert claims(sent()["unsubscribe"], "u", "unsubscribe") == {
        "d": "m_1",
        "p": "p_1",
        "c": "email",
        "t": "offers",
    }
    assert claims(sent()["preferences"], "p", "preferences") == {"d": "m_1", "p": "p_1"}


@pytest.mark.parametrize(
    ("name", "page", "purpose"), [("unsubscribe", "u", "unsubscribe"), ("preferences", "p", "preferences")]
)
def test_leaving_works_for_sixty_days(name: str, page: str, purpose: str) -> None:
    assert claims(sent()[name], page, purpose, now=60 * DAY) is not None


def test_a_click_is_no_unsubscribe() -> None:
    assert claims(sent()["shop"], "c", "unsubscribe") is None


def test_the_pixel_tells_the_delivery() -> None:
    assert claims(pixel(SECRETS, BASE, delivery="m_1", now=0), "o", "open") == {"d": "m_1"}


DECLARED = "https://shop.example.com/p/{{ traits.x }}?a={{ traits.y }}"


@pytest.mark.parametrize(
    ("rendered", "target"),
    [
        ("https://shop.example.com/p/1?a=2", "https://shop.example.com/p/1?a=2"),
        ("https://shop.example.com/p/ä b", "https://shop.example.com/p/%C3%A4%20b"),
        ("https://shop.example.com/p/a%20b", "https://shop.example.com/p/a%20b"),
        ("https://shop.example.com/p/\r\nSet-Cookie:x", "https://shop.example.com/p/%20Set-Cookie:x"),
        ('https://shop.example.com/"><script>', "https://shop.example.com/%22%3E%3Cscript%3E"),
        ("https://evil.example.com/p/1", None),
        ("http://shop.example.com/p/1", None),
        ("javascript:alert(1)", None),
        ("https://shop.example.com@evil.example.com/", None),
        ("", None),
    ],
)
def test_a_filled_in_link_stays_on_the_declared_host(rendered: str, target: str | None) -> None:
    assert rendered_target(DECLARED, rendered) == target
