"""An e-mail as bytes: text and HTML alternatives, and the headers that let a customer leave with one click.

Sources: RFC 5322 (headers), RFC 2047 (their encoding), RFC 2045 6.7 (quoted-printable), RFC 2046 5.1 (parts; 5.1.4:
the last alternative is the best),
RFC 2369 and RFC 8058 (List-Unsubscribe, List-Unsubscribe-Post).
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from functools import lru_cache
from html.parser import HTMLParser


@dataclass(frozen=True, slots=True)
class Letter:
    """What is put together. `sender` is `Name <address>`; `at` in ms; `unsubscribe` a URL or ""."""

    delivery: str
    sender: str
    to: str
    subject: str
    html: str
    text: str
    at: int
    unsubscribe: str = ""


def build(letter: Letter) -> bytes:
    """The message as it goes over the wire, 7-bit with CRLF. Raises ValueError for what is no address.

    Put together of the library's parts for headers and of `binascii` for bodies: `EmailMessage`, which is made to be
    changed, takes ten times as long.
    """
    from email.utils import formatdate

    sender, host = _sender(letter.sender)
    headers = [
        sender,
        f"To: {_mailbox(letter.to)}",
        f"Subject: {_words(one_line(letter.subject), 'Subject')}",
        f"Date: {formatdate(letter.at / 1000, usegmt=True)}",
        f"Message-ID: <{_ascii(letter.delivery)}@{host}>",
        "MIME-Version: 1.0",
    ]
    body = _part("plain", letter.text or plain(letter.html))
    if letter.html:
        # What is quoted-printable never has "=_" in it (RFC 2045 6.7), so no body can end the part it is in.
        boundary = f"=_{letter.delivery[:60]}"
        headers.append(f'Content-Type: multipart/alternative; boundary="{boundary}"')
        line = f"--{boundary}".encode()
        parts = (b"", line, body, line, _part("html", letter.html), line + b"--", b"")
        body = b"\r\n".join(parts)
    return _leaving(letter.unsubscribe) + "\r\n".join(headers).encode() + b"\r\n" + body


def _part(subtype: str, text: str) -> bytes:
    """A body and the headers that say how to read it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    quoted = binascii.b2a_qp(lines.encode(), istext=True).replace(b"\n", b"\r\n")
    return (
        f'Content-Type: text/{subtype}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode() + quoted


@lru_cache(maxsize=64)
def _sender(sender: str) -> tuple[str, str]:
    """The header that says from whom, the name in it quoted or encoded where it must be; and the address's host."""
    from email.utils import formataddr, parseaddr

    name, address = parseaddr(one_line(sender))
    address = _mailbox(address)
    host = address.rpartition("@")[2]
    if _needs_encoding(name):
        return f"From: {_words(name, 'From')}\r\n <{address}>", host
    return f"From: {formataddr((name, address))}", host


def _words(text: str, header: str) -> str:
    """Text of a header in lines of at most 76, encoded only where it must be (RFC 2047)."""
    encoded = _needs_encoding(text)
    if not encoded and len(f"{header}: {text}") <= _LONGEST_LINE:
        return text
    from email.header import Header

    charset = "utf-8" if encoded else "us-ascii"
    return Header(text, charset, header_name=header).encode(linesep="\r\n")


def _needs_encoding(text: str) -> bool:
    """Whether the text is beyond ASCII, has a word too long for a line, or looks encoded already."""
    return not text.isascii() or "=?" in text or any(len(word) > _LONGEST_WORD for word in text.split(" "))


_LONGEST_LINE = 76
#: A word of a header that still fits its line beside the header's name.
_LONGEST_WORD = 60


def _leaving(address: str) -> bytes:
    """The two headers of RFC 8058, by hand: the library would encode a URL too long for its line."""
    if not address:
        return b""
    return (
        b"List-Unsubscribe: <" + _ascii(one_line(address)).encode() + b">\r\n"
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    )


#: A host's name: whatever else stands there, some reader could take it for another address.
_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


def _mailbox(address: str) -> str:
    """An address as it stands in a header, its local part quoted where it must be."""
    from email.headerregistry import Address

    local, _, domain = _ascii(address).rpartition("@")
    if not local or " " in local or not _DOMAIN.fullmatch(domain):
        raise ValueError("not an e-mail address")
    return Address("", local, domain).addr_spec


def _ascii(address: str) -> str:
    if not address.isascii() or not address.isprintable():
        raise ValueError("an address in a header must be printable ASCII")
    return address


#: Control characters and all that some reader takes for a line break.
_CONTROLS = re.compile("[\x00-\x20\x7f-\x9f\u2028\u2029]+")


def one_line(text: str) -> str:
    """The text without line breaks and other control characters: nothing in it can start another header."""
    return _CONTROLS.sub(" ", text).strip()


def with_pixel(html: str, address: str) -> str:
    """The HTML with the picture that tells it was opened, as the last thing of its body."""
    picture = f'<img src="{address}" width="1" height="1" alt="" style="display:block;border:0">'
    head, end, rest = html.rpartition("</body>")
    return f"{head}{picture}{end}{rest}" if end else html + picture


def plain(html: str) -> str:
    """The HTML read as text: blocks as lines, links with their addresses, nothing that isn't shown."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).split("\n"))
    return "\n".join(line for line in lines if line)


_UNSEEN = frozenset({"style", "script", "title"})
_INLINE = frozenset(
    {"a", "b", "i", "em", "strong", "span", "u", "small", "code", "font", "sub", "sup", "img"}
)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._unseen = 0
        self._target = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        if tag not in _INLINE:
            self.parts.append("\n")
        if tag == "a":
            self._target = dict(attrs).get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN and self._unseen > 0
        if tag not in _INLINE:
            self.parts.append("\n")
        if tag == "a" and self._target:
            self.parts.append(f" ({self._target})")
            self._target = ""

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.parts.append(" ".join(data.split("\n")))
