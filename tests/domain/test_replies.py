"""What customers answer by SMS."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chalicelib.domain.replies import HELP, START, STOP, Reply, event_of, help_text, reply_of, wish_of
from chalicelib.domain.sms_parts import measure

REPLY = Reply("in-1", "+17855550123", "+17855550100", "STOP")
OWN = {"it": ("Basta", "Così basta")}
CASES = json.loads(Path(__file__).with_name("reply_cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['text']!r}")
def test_a_wish_is_understood_in_its_language(case: dict[str, str]) -> None:
    assert wish_of(case["text"], OWN) == (case["wish"], case["language"])


@pytest.mark.parametrize("words", [*STOP.values(), *START.values(), *HELP.values()])
def test_every_word_is_understood_as_it_is_written_in_messages(words: frozenset[str]) -> None:
    for word in words:
        assert wish_of(f" {word.upper()}! ", {})[0] == wish_of(word, {})[0] != ""


def test_no_word_means_two_things() -> None:
    every = [word for wish in (STOP, START, HELP) for words in wish.values() for word in words]
    assert len(every) == len(set(every))


def test_own_words_count_only_where_the_playbook_has_them() -> None:
    assert wish_of("basta", {}) == ("", "")


def test_a_reply_is_read_from_a_two_way_message() -> None:
    payload = {
        "originationNumber": "+17855550123",
        "destinationNumber": "+17855550100",
        "messageKeyword": "KEYWORD_1",
        "messageBody": "STOP",
        "inboundMessageId": "in-1",
    }
    assert reply_of(payload) == REPLY
    assert reply_of({"eventType": "Send"}) is None


def test_stop_denies_the_channel_for_every_topic() -> None:
    event = event_of(REPLY, "stop", 5)
    assert (event.event, event.properties["channel"], event.properties["topic"]) == (
        "Unsubscribed",
        "sms",
        "*",
    )
    assert (event.context, event.origin) == ({"traits": {"phone": "+17855550123"}}, "topeka")


def test_start_grants_it_again() -> None:
    event = event_of(REPLY, "start", 5)
    assert event.event == "Topeka Permission Set"
    assert event.properties == {"channel": "sms", "topic": "*", "source": "reply", "state": "granted"}


def test_a_copy_of_a_reply_is_the_same_event() -> None:
    assert event_of(REPLY, "stop", 5).message_id == event_of(REPLY, "stop", 9).message_id


def test_help_says_who_whom_to_ask_and_how_to_stop() -> None:
    assert help_text("Umbrella Shop") == (
        "Umbrella Shop: reply STOP to get no more messages, START to get them again."
    )
    assert help_text("Umbrella Shop", "en", "hello@shop.example.com") == (
        "Umbrella Shop: write to hello@shop.example.com, or reply STOP to get no more messages, START to get them "
        "again."
    )


def test_ayuda_is_answered_in_spanish_and_other_languages_in_english() -> None:
    assert help_text("Tienda", "es", "hola@tienda.example.com") == (
        "Tienda: escriba a hola@tienda.example.com, o responda BAJA para dejar de recibir mensajes, ALTA para volver "
        "a recibirlos."
    )
    assert help_text("Negozio", "it") == help_text("Negozio", "en")


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_answer_to_help_is_one_part_and_names_words_that_work(language: str) -> None:
    text = help_text("Umbrella Shop", language, "hello@shop.example.com")
    assert measure(text).parts == 1
    wishes = {wish_of(word.strip(".,:"), {}) for word in text.split() if word.strip(".,:").isupper()}
    assert wishes == {("stop", language), ("start", language)}
