"""Webhooks to a real receiver: what it sees, what its answers mean, and where none ever goes."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chalicelib.adapters.guarded_http import Forbidden as NotPublic
from chalicelib.adapters.guarded_http import GuardedHttp, NeverConnected, NoAnswer, is_public
from chalicelib.adapters.webhooks import GONE, Webhooks
from chalicelib.domain.errors import NotTaken, Undeliverable
from chalicelib.domain.keys import Secrets
from chalicelib.domain.stored import Outgoing
from chalicelib.domain.webhooks import shown_secret
from tests.adapters.receiving import Receiver, received
from tests.domain.test_webhooks import is_signed
from tests.fakes import FakeClock

SECRETS = Secrets(b"s" * 32, b"d" * 32)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with received() as one:
        yield one


def outgoing(url: str, delivery: str = "m_1") -> Outgoing:
    content = {"text": "Grüße", "to": "psid-7"}
    return Outgoing(delivery, "rain", url, "Shop", kind="offer", channel="webhook.messenger", content=content)


def webhooks(receiver: Receiver, clock: FakeClock | None = None) -> Webhooks:
    return Webhooks(GuardedHttp(frozenset({receiver.at}), timeout=2), SECRETS, clock or FakeClock())


def test_a_receiver_sees_ids_and_content_signed_for_it(receiver: Receiver) -> None:
    assert webhooks(receiver).send(outgoing(receiver.url)) == "m_1"
    ((path, headers, body),) = receiver.got
    assert (path, headers["host"], headers["content-type"]) == ("/in?shop=1", receiver.at, "application/json")
    assert headers["webhook-id"] == "m_1"
    assert is_signed(shown_secret(SECRETS, "messenger"), headers, body)
    told = json.loads(body)
    assert set(told) == {"type", "timestamp", "data"}
    assert told["data"] == {
        "delivery": "m_1", "message": "rain", "kind": "offer", "channel": "webhook.messenger",
        "content": {"text": "Grüße", "to": "psid-7"},
    }  # fmt: skip


def test_a_page_is_fetched_no_further_than_asked(receiver: Receiver) -> None:
    receiver.page = b"x" * 100_000
    http = GuardedHttp(frozenset({receiver.at}), timeout=2)
    assert http.get(receiver.url, 1000) == (200, b"x" * 1000)
    assert http.get(receiver.url, 200_000) == (200, receiver.page)
    assert [path for path, _, _ in receiver.got] == ["/in?shop=1"] * 2
    with pytest.raises(NotPublic):
        GuardedHttp(timeout=2).get(receiver.url, 1000)


def test_a_page_that_ends_too_early_is_none(receiver: Receiver) -> None:
    receiver.page, receiver.answers = b"half", [(200, {"content-length": "8", "connection": "close"})]
    with pytest.raises(NoAnswer):
        GuardedHttp(frozenset({receiver.at}), timeout=2).get(receiver.url, 1000)


@pytest.mark.parametrize("status", [301, 307, 400, 404, 408, 429, 500, 503])
def test_what_was_not_taken_is_tried_again_under_the_same_id(receiver: Receiver, status: int) -> None:
    receiver.answers = [(status, {"location": receiver.url, "retry-after": "1"})]
    sender = webhooks(receiver)
    with pytest.raises(NotTaken):
        sender.send(outgoing(receiver.url))
    assert len(receiver.got) == 1  # a redirect is never followed
    sender.send(outgoing(receiver.url))
    assert [headers["webhook-id"] for _, headers, _ in receiver.got] == ["m_1", "m_1"]


def test_a_receiver_that_is_gone_is_given_up_and_left_alone_for_an_hour(receiver: Receiver) -> None:
    clock = FakeClock()
    sender, receiver.answers = webhooks(receiver, clock), [(410, {})]
    for delivery in ("m_1", "m_2"):
        with pytest.raises(Undeliverable, match="gone"):
            sender.send(outgoing(receiver.url, delivery))
    assert len(receiver.got) == 1
    clock.forward(GONE)
    assert sender.send(outgoing(receiver.url, "m_3")) == "m_3"


def test_a_receiver_that_keeps_failing_is_asked_once_a_minute_and_others_are_not_held_up(
    receiver: Receiver,
) -> None:
    clock = FakeClock()
    with received() as other:
        sender = Webhooks(GuardedHttp(frozenset({receiver.at, other.at}), timeout=2), SECRETS, clock)
        receiver.answers = [(503, {})] * 6
        for _ in range(20):
            with pytest.raises(NotTaken):
                sender.send(outgoing(receiver.url))
        assert len(receiver.got) == 5
        assert sender.send(outgoing(other.url)) == "m_1"
        clock.forward(60_000)
        for _ in range(3):
            with pytest.raises(NotTaken):
                sender.send(outgoing(receiver.url))
        assert len(receiver.got) == 6
        clock.forward(60_000)
        assert [sender.send(outgoing(receiver.url)) for _ in range(3)] == ["m_1"] * 3


def test_an_answer_that_trickles_in_is_cut_off(receiver: Receiver) -> None:
    receiver.trickles.set()
    http = GuardedHttp(frozenset({receiver.at}), timeout=0.2)
    with pytest.raises(NoAnswer):
        http.post(receiver.url, b"{}", {})
    with pytest.raises(NotTaken):
        Webhooks(http, SECRETS, FakeClock()).send(outgoing(receiver.url))


def test_nobody_there_is_not_taken(receiver: Receiver) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        at = f"127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(NeverConnected):
            GuardedHttp(frozenset({at}), timeout=1).post(f"http://{at}/", b"{}", {})


def test_what_does_not_speak_tls_is_never_told_anything(receiver: Receiver) -> None:
    with pytest.raises(NeverConnected):
        GuardedHttp(frozenset({receiver.at}), timeout=1).post(f"https://{receiver.at}/", b"{}", {})
    assert receiver.got == []


def test_over_tls_the_name_is_asked_for_and_must_be_proven(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection is to the address; the certificate, the greeting and `Host` are of the name."""
    certificate, key = certified("bridge.example.com", tmp_path)
    greeted: list[str | None] = []
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate, key)
    serving.sni_callback = lambda _socket, name, _context: greeted.append(name)
    trusting = ssl.create_default_context(cafile=str(certificate))
    with received(serving) as receiver:
        url = f"https://bridge.example.com:{receiver.port}/in"
        http = GuardedHttp(frozenset({f"bridge.example.com:{receiver.port}"}), timeout=2)
        resolves(monkeypatch, "127.0.0.1")
        with pytest.raises(NeverConnected):  # by an authority nobody knows
            http.post(url, b"{}", {})
        monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
        assert http.post(url, b"{}", {}) == 200
        other = GuardedHttp(frozenset({f"other.example.com:{receiver.port}"}), timeout=2)
        with pytest.raises(NeverConnected):  # for another name
            other.post(url.replace("bridge", "other"), b"{}", {})
    assert greeted[:2] == ["bridge.example.com"] * 2
    assert [headers["host"] for _, headers, _ in receiver.got] == [f"bridge.example.com:{receiver.port}"]


def certified(name: str, folder: Path) -> tuple[Path, Path]:
    """A certificate for the name that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(called, called, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate, secret


INSIDE = [
    "169.254.169.254", "localhost", "127.0.0.1", "[::1]", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1",
    "0.1.2.3", "224.0.0.1", "255.255.255.255", "[fe80::1]", "[fd00:ec2::254]", "[ff02::1]", "[::ffff:10.0.0.1]",
    "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]", "[::]", "2130706433", "0x7f.1",
]  # fmt: skip


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is connected to; nothing is, in truth."""
    made: list[Any] = []

    def connect(address: Any, **_: Any) -> socket.socket:
        made.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    return made


@pytest.mark.parametrize("host", INSIDE)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_webhook_goes_to_what_is_not_public(host: str, scheme: str, connections: list[Any]) -> None:
    with pytest.raises(Undeliverable, match="not-public"):
        Webhooks(GuardedHttp(), SECRETS, FakeClock()).send(outgoing(f"{scheme}://{host}:8080/in"))
    assert connections == []


def resolves(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    asked: list[str] = []

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


@pytest.mark.parametrize(
    "addresses", [("169.254.169.254",), ("93.184.215.14", "10.0.0.1"), ("::ffff:127.0.0.1",)]
)
def test_no_webhook_goes_to_a_name_that_leads_inside(
    addresses: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, connections: list[Any]
) -> None:
    resolves(monkeypatch, *addresses)
    with pytest.raises(NotPublic):
        GuardedHttp().post("https://bridge.example.com/in", b"{}", {})
    assert connections == []


def test_the_address_that_was_looked_at_is_the_one_connected_to(
    monkeypatch: pytest.MonkeyPatch, connections: list[Any]
) -> None:
    """A name is resolved once: what it resolves to a moment later is never asked."""
    asked = resolves(monkeypatch, "93.184.215.14")
    with pytest.raises(NeverConnected):
        GuardedHttp().post("https://bridge.example.com/in", b"{}", {})
    assert (asked, connections) == (["bridge.example.com"], [("93.184.215.14", 443)])


def test_an_exception_is_for_one_port_of_one_host(receiver: Receiver) -> None:
    http = GuardedHttp(frozenset({receiver.at}), timeout=1)
    for url in (f"http://localhost:{receiver.port}/", "http://127.0.0.1:1/", "http://127.0.0.1/"):
        with pytest.raises(NotPublic):
            http.post(url, b"{}", {})


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "2606:4700::1111", "64:ff9b::5db8:d70e", "2002:5db8:d70e::"]
)
def test_what_is_on_the_internet_is_public(address: str) -> None:
    assert is_public(address)
