"""Which words a message has for a customer, and what its templates may read."""

from __future__ import annotations

import pytest

from chalicelib.domain.content import content_of, data_of, in_full, locale_of
from chalicelib.domain.playbook.model import Message, Variant
from chalicelib.domain.profile import Facts, Place, Profile, Stamped

MESSAGE = Message(
    "umbrella",
    "offer",
    variants={
        "plain": Variant(
            "plain",
            {"sms": {"text": "hello"}, "web": {"headline": "hello"}},
            {"es": {"sms": {"text": "hola"}}, "es-MX": {"sms": {"text": "qué onda"}}},
        )
    },
)


@pytest.mark.parametrize(
    ("locale", "text"),
    [("", "hello"), ("en-US", "hello"), ("es", "hola"), ("es-ES", "hola"), ("es-MX", "qué onda"), ("es_mx", "qué onda"),
     ("ES", "hola"), ("es_ES.UTF-8", "hola"), ("es-419-x", "hola"), ("-", "hello")],
)  # fmt: skip
def test_the_language_nearest_to_the_customers_is_taken(locale: str, text: str) -> None:
    assert content_of(MESSAGE, "plain", "sms", locale) == {"text": text}


def test_a_channel_a_language_lacks_is_said_in_the_variants_own() -> None:
    assert content_of(MESSAGE, "plain", "web", "es") == {"headline": "hello"}


def test_what_is_not_there_is_none() -> None:
    assert content_of(MESSAGE, "plain", "email") is None
    assert content_of(MESSAGE, "gone", "sms") is None


def test_templates_read_plain_values() -> None:
    facts = Facts(traits={"firstName": Stamped("Ada", 1, "e")}, locale=Stamped("es-MX", 1, "e"))
    profile = Profile("p_1", facts=facts)
    place = Place("us-ks-topeka", "Topeka", "KS", "US")
    data = data_of(profile, place, context={"weather": {"rain_mm": 3}}, event={}, links={"shop": "u"})
    assert data == {
        "traits": {"firstName": "Ada"},
        "place": {"slug": "us-ks-topeka", "city": "Topeka", "region": "KS", "country": "US"},
        "context": {"weather": {"rain_mm": 3}},
        "event": {},
        "scores": {},
        "link": {"shop": "u"},
    }
    assert locale_of(profile) == "es-MX"
    assert locale_of(Profile("p_2")) == ""


@pytest.mark.parametrize("images", ["https://cdn.example.com/crm/", "https://cdn.example.com/crm"])
def test_pictures_and_the_link_are_written_out(images: str) -> None:
    short = {
        "image": "a.png",
        "fallback": "https://elsewhere.example.com/b.png",
        "link": "shop",
        "cards": [{"image": "deep/c.png", "link": "unknown"}, "shop"],
        "price": 5,
        "headline": "a.png",
    }
    assert in_full(short, images, {"shop": "https://t.example.com/c/1"}) == {
        "image": "https://cdn.example.com/crm/a.png",
        "fallback": "https://elsewhere.example.com/b.png",
        "link": "https://t.example.com/c/1",
        "cards": [{"image": "https://cdn.example.com/crm/deep/c.png", "link": "unknown"}, "shop"],
        "price": 5,
        "headline": "a.png",
    }


def test_without_a_base_and_without_a_picture_nothing_is_added() -> None:
    assert in_full({"image": "a.png"}, "", {}) == {"image": "a.png"}
    assert in_full({"image": ""}, "https://cdn.example.com/", {}) == {"image": ""}
