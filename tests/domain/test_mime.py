"""E-mails, taken apart again part by part."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.domain.mime import Letter, build, one_line, plain, with_pixel

LETTER = Letter(
    delivery="m_1",
    sender='"Ümbrella, Shop" <hello@shop.example.com>',
    to="ada@example.com",
    subject="Regen in Köln? ☔",
    html="<html><body><p>Dry — <a href='https://x.example.com/c/1'>shop</a></p></body></html>",
    text="Dry — shop",
    at=1_782_918_000_000,
    unsubscribe="https://crm.example.com/u/" + "t" * 300,
)


def read(letter: Letter) -> EmailMessage:
    message = message_from_bytes(build(letter), policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def test_the_headers_say_from_whom_to_whom_and_what() -> None:
    message = read(LETTER)
    (sender,) = message["From"].addresses
    assert (sender.display_name, sender.addr_spec) == ("Ümbrella, Shop", "hello@shop.example.com")
    assert message["To"] == "ada@example.com"
    assert message["Subject"] == "Regen in Köln? ☔"
    assert message["Date"].datetime.isoformat() == "2026-07-01T15:00:00+00:00"


def test_the_message_id_follows_from_the_delivery() -> None:
    assert read(LETTER)["Message-ID"] == "<m_1@shop.example.com>"


def test_text_comes_before_html_and_both_are_utf_8() -> None:
    message = read(LETTER)
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.iter_parts()
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert (text.get_content_type(), text.get_content().strip()) == ("text/plain", "Dry — shop")
    assert (html.get_content_type(), html.get_content().strip()) == ("text/html", LETTER.html)


def test_one_click_unsubscribe_is_whole_and_unencoded() -> None:
    raw = build(LETTER)
    assert f"List-Unsubscribe: <{LETTER.unsubscribe}>\r\n".encode() in raw
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw


def test_without_an_address_to_leave_there_is_no_such_header() -> None:
    assert b"List-Unsubscribe" not in build(replace(LETTER, unsubscribe=""))


def test_it_goes_over_a_7_bit_wire_with_short_lines() -> None:
    raw = build(
        replace(LETTER, html="<p>" + "long ümlaut " * 500 + "</p>", unsubscribe="https://x.example.com/u")
    )
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@given(subject=st.text(max_size=300), name=st.text(max_size=120), text=st.text(min_size=1, max_size=400))
@example(
    subject="=?utf-8?q?Hi=0ABcc:_evil=40example.com?=", name="=?utf-8?q?x?=", text="--=_m_1--\r\n.\r\nFrom x"
)
@example(subject="w" * 3_000, name='a"b\\c, <d>', text="trailing \n\n  lead\ttab\t\n" + "y" * 2_000)
def test_what_was_said_is_read_back(subject: str, name: str, text: str) -> None:
    sender = formataddr((one_line(name), "hello@shop.example.com"))
    raw = build(replace(LETTER, subject=subject, sender=sender, text=text, unsubscribe=""))
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    message = message_from_bytes(raw, policy=SMTP)
    assert isinstance(message, EmailMessage)
    assert message.defects == []
    assert message["Bcc"] is None
    assert len(message.keys()) == 7
    assert " ".join(message["Subject"].split()) == " ".join(one_line(subject).split())
    assert [one.addr_spec for one in message["From"].addresses] == ["hello@shop.example.com"]
    plain_part, html_part = message.iter_parts()
    assert isinstance(plain_part, EmailMessage)
    assert isinstance(html_part, EmailMessage)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    assert plain_part.get_content().replace("\r\n", "\n").rstrip("\n") == lines
    assert html_part.get_content().strip() == LETTER.html


def test_a_local_part_is_quoted_where_it_must_be() -> None:
    (to,) = read(replace(LETTER, to="a,b@example.com"))["To"].addresses
    assert (to.username, to.domain) == ("a,b", "example.com")


def test_without_text_the_html_is_read_as_text() -> None:
    text = next(iter(read(replace(LETTER, text="")).iter_parts()))
    assert isinstance(text, EmailMessage)
    assert text.get_content().strip() == "Dry — shop (https://x.example.com/c/1)"


def test_text_alone_is_a_plain_message() -> None:
    message = read(replace(LETTER, html=""))
    assert message.get_content_type() == "text/plain"


@pytest.mark.parametrize(
    "attack",
    [
        replace(LETTER, subject="Hi\r\nBcc: evil@example.com"),
        replace(LETTER, sender="A\r\nBcc: evil@example.com <a@example.com>"),
    ],
    ids=["subject", "sender"],
)
def test_no_value_can_start_another_header(attack: Letter) -> None:
    assert read(attack)["Bcc"] is None


@pytest.mark.parametrize(
    "to",
    [
        "",
        "nobody",
        "@example.com",
        "a@",
        "a b@example.com",
        "ä@example.com",
        "a@b\r\nBcc: c@d",
        "a@example.com,Bcc:example.com",
        "a@example.com,b",
        "a@[127.0.0.1]",
        "a@-",
    ],
)
def test_what_is_no_address_is_refused(to: str) -> None:
    with pytest.raises(ValueError, match=r"address|domain|local|parse|not|invalid|expected"):
        build(replace(LETTER, to=to))


def test_an_unsubscribe_address_cannot_break_its_line() -> None:
    raw = build(replace(LETTER, unsubscribe="https://x.example.com/u\r\nBcc: evil@example.com"))
    assert b"\r\nBcc:" not in raw


def test_one_line_keeps_words_and_emoji() -> None:
    assert (
        one_line("a\r\n b\tc\x00d ☔\u2028e \U0001f468\u200d\U0001f469")
        == "a b c d ☔ e \U0001f468\u200d\U0001f469"
    )


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two &amp; three</p>", "One\nTwo & three"),
        ("<style>p {}</style><script>x()</script><p>Seen</p>", "Seen"),
        ("a<br>b", "a\nb"),
        ('<a href="https://x.example.com">Go</a> now', "Go (https://x.example.com) now"),
        ("<b>bold</b> and <i>so</i>", "bold and so"),
        ("<ul><li>1<li>2</ul>", "1\n2"),
        ("", ""),
    ],
)
def test_html_reads_as_text(html: str, text: str) -> None:
    assert plain(html) == text


def test_the_pixel_is_the_last_thing_of_the_body() -> None:
    assert with_pixel("<body>x</body></html>", "U").endswith("</body></html>")
    assert 'src="U"' in with_pixel("<body>x</body>", "U")
    assert with_pixel("x", "U").startswith("x<img")
