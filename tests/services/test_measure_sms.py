"""How long an SMS becomes for a customer, before anybody gets it."""

from __future__ import annotations

from chalicelib.adapters.templates import LiquidTemplates
from chalicelib.domain.keys import Secrets
from chalicelib.domain.links import sent_links
from chalicelib.services.measure_sms import MeasureSms

BASE = "https://crm.example.com"
MEASURE = MeasureSms(LiquidTemplates(), BASE)


def real_link() -> str:
    """A click link as it is sent."""
    links = sent_links(
        Secrets(b"s" * 32, b"d" * 32), BASE, ["shop"],
        delivery="m_abcdefghij2345672345", profile="p_" + "a" * 26, channel="sms", topic="t", now=1_790_000_000_000,
    )  # fmt: skip
    return links["shop"]


def test_a_link_is_measured_as_long_as_the_links_that_are_sent() -> None:
    room = 160 - len(real_link())
    assert MEASURE({"text": "a" * room + "{{ link.shop }}"}, ["shop"]) is None
    long = MEASURE({"text": "a" * (room + 1) + "{{ link.shop }}"}, ["shop"])
    assert long is not None and "161 characters, sent and charged as 2 parts" in long.message


def test_the_sample_customer_fills_it_in() -> None:
    assert MEASURE({"text": "{{ traits.firstName }}" + "a" * 157}, []) is None
    assert MEASURE({"text": "{{ traits.firstName }}" + "a" * 158}, []) is not None


def test_what_providers_refuse_is_told_as_refused() -> None:
    ten, eleven = MEASURE({"text": "a" * 1530}, []), MEASURE({"text": "a" * 1531}, [])
    assert ten is not None and not ten.refused
    assert eleven is not None and eleven.refused and eleven.message.endswith("shorten it.")


def test_a_template_that_fails_has_its_fault_elsewhere() -> None:
    assert MEASURE({"text": "{% for %}"}, []) is None
    assert MEASURE({"text": None}, []) is None
