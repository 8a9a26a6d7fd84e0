"""An e-mail as bytes: text and HTML alternatives, and the headers that let a customer leave with one click.

Sources: RFC 5322 (headers), RFC 2047 (their encoding), RFC 2046 5.1.4 (the last alternative is the best),
RFC 2369 and RFC 8058 (List-Unsubscribe, List-Unsubscribe-Post).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
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
    """The message as it goes over the wire, 7-bit with CRLF. Raises ValueError for what is no address."""
    from email.headerregistry import Address
    from email.message import EmailMessage
    from email.policy import SMTP
    from email.utils import formatdate, parseaddr

    name, address = parseaddr(one_line(letter.sender))
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(name, *_parts(address))
    message["To"] = Address("", *_parts(letter.to))
    message["Subject"] = one_line(letter.subject)
    message["Date"] = formatdate(letter.at / 1000, usegmt=True)
    message["Message-ID"] = f"<{letter.delivery}@{address.rpartition('@')[2]}>"
    message.set_content(letter.text or plain(letter.html), cte="quoted-printable")
    if letter.html:
        message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return _leaving(letter.unsubscribe) + message.as_bytes()


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


def _parts(address: str) -> tuple[str, str]:
    """Local part and domain."""
    local, _, domain = _ascii(address).rpartition("@")
    if not local or " " in local or not _DOMAIN.fullmatch(domain):
        raise ValueError("not an e-mail address")
    return local, domain


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
