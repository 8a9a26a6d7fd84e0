"""What customers answer by SMS."""

from __future__ import annotations

import pytest

from chalicelib.domain.replies import Reply, event_of, help_text, reply_of, wish_of

REPLY = Reply("in-1", "+17855550123", "+17855550100", "STOP")
OWN = {"es": ("baja", "alto")}


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("STOP", "stop"), ("stop", "stop"), (" Stop. ", "stop"), ("StopAll", "stop"), ("Opt-out", "stop"),
        ("opt out", "stop"), ("Stop texting me!", "stop"), ("unsubscribe please", "stop"), ("QUIT", "stop"),
        ("BAJA", "stop"), ("¡alto!", "stop"),
        ("START", "start"), ("unstop", "start"), ("Yes", "start"),
        ("HELP", "help"), ("info?", "help"),
        ("Thanks!", ""), ("when does the sale end", ""), ("", ""), ("🙂", ""), ("non stop rain here", ""),
    ],
)  # fmt: skip
def test_a_wish_is_understood(text: str, wish: str) -> None:
    assert wish_of(text, OWN) == wish


def test_own_words_count_only_where_the_playbook_has_them() -> None:
    assert wish_of("baja", {}) == ""


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


def test_help_says_who_and_how_to_stop() -> None:
    assert help_text("Umbrella Shop").startswith("Umbrella Shop: reply STOP")
