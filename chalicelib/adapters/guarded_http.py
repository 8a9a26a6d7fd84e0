"""HTTP to addresses that others chose: only to hosts on the public internet, without following anything.

A name is resolved once, every address it has is checked, and the connection is made to what was checked: a name that
resolves differently a moment later (DNS rebinding) leads nowhere. TLS still proves the name.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

#: IPv4 addresses inside IPv6 (RFC 6052): a network with a translator would reach the one that is meant.
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
#: How many of a name's addresses are tried.
MOST_ADDRESSES = 2


class Forbidden(Exception):
    """The host is, or resolves to, an address that is not on the public internet."""


class NeverConnected(Exception):
    """Nothing was sent: no such name, no answer to connecting, no trusted certificate."""


class NoAnswer(Exception):
    """The request was sent, at least in part, and no answer came in time."""


def is_public(address: str) -> bool:
    """Whether an IP address is anybody's on the internet: not private, loopback, link-local, multicast or reserved.

    By IANA's special-purpose registries, as the standard library keeps them. An address that holds another one
    (mapped, 6to4, Teredo, translated) is what it holds.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        held = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if held is None and found in _TRANSLATED:
            held = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if held is not None:
            return is_public(str(held))
    return found.is_global and not found.is_multicast and not found.is_reserved


@dataclass(frozen=True, slots=True)
class _Request:
    """`most` is how many bytes of the answer are read."""

    method: str
    body: bytes | None
    headers: Mapping[str, str]
    most: int = 0


@dataclass(frozen=True, slots=True)
class GuardedHttp:
    """`allowed` are `host:port` that may be anywhere; `timeout` (s) is for connecting, and again for the answer."""

    allowed: frozenset[str] = frozenset()
    timeout: float = 5.0

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status of the answer, redirects among them. Raises `Forbidden`, `NeverConnected` or `NoAnswer`."""
        return self._ask(url, _Request("POST", body, headers))[0]

    def get(self, url: str, most: int) -> tuple[int, bytes]:
        """The status, and at most `most` bytes of what is there. Raises as `post` does."""
        return self._ask(url, _Request("GET", None, {}, most))

    def _ask(self, url: str, request: _Request) -> tuple[int, bytes]:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        try:
            host, port = parts.hostname or "", parts.port or (443 if secure else 80)
        except ValueError as error:
            raise Forbidden from error
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connected = self._connect(host, port)
        with closing(_secured(connected, host) if secure else connected) as channel, self._cut_off(channel):
            if isinstance(channel, ssl.SSLSocket):
                _shake_hands(channel)
            return _answer(channel, host, port, path, request, parts.netloc.rpartition("@")[2])

    def _connect(self, host: str, port: int) -> socket.socket:
        """A connection to an address that was looked at, and to no other."""
        try:
            found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError) as error:
            raise NeverConnected from error
        if f"{host}:{port}" not in self.allowed and not all(map(is_public, found)):
            raise Forbidden
        for address in found[:MOST_ADDRESSES]:
            try:
                return socket.create_connection((address, port), timeout=self.timeout)
            except OSError:
                continue
        raise NeverConnected

    @contextmanager
    def _cut_off(self, connected: socket.socket) -> Iterator[None]:
        """What trickles in byte by byte is cut off in time: a socket's own timeout is for each byte."""
        cut = threading.Timer(self.timeout, _shut, [connected])
        cut.daemon = True
        cut.start()
        try:
            yield
        finally:
            cut.cancel()


def _secured(connected: socket.socket, host: str) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    return context.wrap_socket(connected, server_hostname=host, do_handshake_on_connect=False)


def _shake_hands(channel: ssl.SSLSocket) -> None:
    try:
        channel.do_handshake()
    except OSError as error:  # a certificate that proves nothing is one, too
        raise NeverConnected from error


def _answer(
    channel: socket.socket, host: str, port: int, path: str, request: _Request, named: str
) -> tuple[int, bytes]:
    connection = HTTPConnection(host, port)
    connection.sock, connection.auto_open = channel, 0  # never opens another by itself
    try:
        connection.request(request.method, path, request.body, {"Host": named, **request.headers})
        answer = connection.getresponse()
        content = answer.read(request.most) if request.most else b""
    except (OSError, HTTPException) as error:
        raise NoAnswer from error
    finally:
        connection.close()
    if len(content) < request.most and answer.length:  # cut off
        raise NoAnswer
    return answer.status, content


def _shut(connected: socket.socket) -> None:
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # closed meanwhile
