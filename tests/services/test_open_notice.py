"""Notifications of SNS: believed with a valid signature for a topic of ours, and with nothing less."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from chalicelib.adapters.guarded_http import Forbidden, NeverConnected, NoAnswer
from chalicelib.adapters.sns_signatures import MOST_CERTIFICATES, SnsSignatures
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.sns_messages import Forged, host_of
from chalicelib.services.open_notice import OpenNotice

Json = dict[str, Any]

TOPIC = "arn:aws:sns:us-east-1:123456789012:topeka-dev-feedback"
INBOUND = "arn:aws:sns:us-east-1:123456789012:topeka-dev-inbound"
URL = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem"
SENT = "2026-11-26T12:00:00.000Z"
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHERS = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(
    key: Any = KEY, start: datetime = NOON - timedelta(days=30), end: datetime = NOON + timedelta(days=30)
) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    built = x509.CertificateBuilder(name, name, key.public_key(), 7, start, end)
    return built.sign(KEY, SHA256()).public_bytes(Encoding.PEM)


def notice(*, key: rsa.RSAPrivateKey = KEY, algorithm: HashAlgorithm | None = None, **fields: Any) -> Json:
    """By the guide: each name and value on a line, in byte order of the names, a line's end after the last."""
    made = {
        "Message": '{"eventType": "Delivery"}', "MessageId": "5d1f", "Timestamp": SENT, "TopicArn": TOPIC,
        "Type": "Notification", **fields,
    }  # fmt: skip
    lines = [part for name in sorted(made) for part in (name, made[name])]
    signature = key.sign("".join(f"{line}\n" for line in lines).encode(), PKCS1v15(), algorithm or SHA256())
    named = {"SignatureVersion": "2", "SigningCertURL": URL}
    return {**made, **named, "Signature": base64.b64encode(signature).decode()}


class Certificates:
    """Serves what it is given, and counts."""

    def __init__(self, answer: Callable[[], tuple[int, bytes]] = lambda: (200, pem())) -> None:
        self.answer, self.asked = answer, list[str]()

    def get(self, url: str, most: int) -> tuple[int, bytes]:
        self.asked.append(url)
        status, content = self.answer()
        return status, content[:most]


def opening(http: Certificates | None = None) -> OpenNotice:
    return OpenNotice(frozenset({TOPIC, INBOUND}), SnsSignatures(http or Certificates()))


@pytest.mark.parametrize(
    "fields",
    [{}, {"Subject": "Amazon SES"}, {"Message": '{"ü": "\\ud83d\\ude00\\n"}'}, {"TopicArn": INBOUND}],
)
def test_what_sns_signed_is_opened(fields: Json) -> None:
    signed = notice(**fields)
    assert opening()(json.dumps(signed)) == json.loads(signed["Message"])


def test_words_are_nothing() -> None:
    assert opening()(json.dumps(notice(Message="Successfully validated SNS topic"))) == {}
    assert opening()(json.dumps(notice(Message="[" * 100_000))) == {}


@pytest.mark.parametrize("name", ["Message", "MessageId", "Timestamp", "Subject", "Signature"])
def test_a_changed_field_is_forged(name: str) -> None:
    signed = notice(Subject="Amazon SES")
    changed = {**signed, name: "AAAA" + signed[name][4:]}
    with pytest.raises(Forged, match="signature"):
        opening()(json.dumps(changed))


def test_a_subject_put_in_or_taken_out_is_forged() -> None:
    with pytest.raises(Forged, match="signature"):
        opening()(json.dumps({**notice(), "Subject": "new"}))
    with pytest.raises(Forged, match="signature"):
        opening()(json.dumps({**notice(Subject="old"), "Subject": None}))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"Type": "SubscriptionConfirmation"}, "type"),
        ({"Type": None}, "type"),
        ({"TopicArn": TOPIC + "s"}, "topic"),
        ({"TopicArn": TOPIC.replace("123456789012", "210987654321")}, "topic"),
        ({"TopicArn": 7}, "fields"),
        ({"Message": {"eventType": "Bounce"}}, "fields"),
        ({"Message": None}, "fields"),
        ({"Timestamp": None}, "fields"),
        ({"SignatureVersion": "1"}, "version"),
        ({"SignatureVersion": None}, "version"),
        ({"Signature": None}, "signature"),
        ({"Signature": ""}, "signature"),
        ({"Signature": "not base64!"}, "signature"),
        ({"Signature": ["AAAA"]}, "signature"),
        ({"SigningCertURL": None}, "certificate-url"),
        ({"SigningCertURL": 1}, "certificate-url"),
    ],
)  # fmt: skip
def test_what_lacks_something_is_forged(changes: Json, reason: str) -> None:
    http = Certificates()
    with pytest.raises(Forged, match=reason):
        opening(http)(json.dumps({**notice(), **changes}))
    assert reason == "signature" or http.asked == []


@pytest.mark.parametrize(
    "url",
    [
        URL.replace("https", "http"),
        URL.replace("us-east-1", "eu-west-1"),
        URL.replace(".com/", ".com.evil.example/"),
        URL.replace(".com/", ".com:8443/"),
        URL.replace("https://", "https://evil.example@"),
        URL.replace("https://", "https://someone:else@"),
        URL.replace("sns.us-east-1.amazonaws.com", "evil.example"),
        URL.replace("sns.us-east-1", "bucket.s3"),
        URL.replace("sns.us-east-1", "SNS.us-east-1"),
        URL.replace(".pem", ".txt"),
        URL.replace("/Simple", "/../Simple"),
        URL.replace("/Simple", "/%2e%2e/Simple"),
        "https://[sns.us-east-1.amazonaws.com/a.pem",
        URL[6:],
        "",
    ],
)
def test_a_certificate_is_never_fetched_from_elsewhere(url: str) -> None:
    http = Certificates()
    with pytest.raises(Forged, match="certificate-url"):
        opening(http)(json.dumps({**notice(), "SigningCertURL": url}))
    assert http.asked == []


def test_what_a_query_or_fragment_adds_is_not_asked_for() -> None:
    http = Certificates()
    assert opening(http)(json.dumps({**notice(), "SigningCertURL": URL + "?redirect=evil#x"}))
    assert http.asked == [URL]


@pytest.mark.parametrize(
    "certificate",
    [
        pytest.param(lambda: pem(OTHERS), id="another's"),
        pytest.param(lambda: pem(ec.generate_private_key(ec.SECP256R1())), id="not RSA"),
        pytest.param(lambda: pem(end=NOON - timedelta(seconds=1)), id="expired"),
        pytest.param(lambda: pem(start=NOON + timedelta(seconds=1)), id="not yet valid"),
        pytest.param(lambda: b"<html>nothing here</html>", id="no certificate"),
        pytest.param(lambda: b"", id="empty"),
    ],
)
def test_a_certificate_must_be_valid_and_its_key_the_signer(certificate: Callable[[], bytes]) -> None:
    with pytest.raises(Forged, match="signature"):
        opening(Certificates(lambda: (200, certificate())))(json.dumps(notice()))


def test_another_key_or_hash_proves_nothing() -> None:
    for signed in (notice(key=OTHERS), notice(algorithm=SHA1())):  # noqa: S303 - it must not pass
        with pytest.raises(Forged, match="signature"):
            opening()(json.dumps(signed))


@pytest.mark.parametrize("body", ["", "not json", "[]", "3", "null", "[" * 100_000, '{"Type": "\\ud800"}'])
def test_what_is_no_envelope_is_forged(body: str) -> None:
    with pytest.raises(Forged):
        opening()(body)


@pytest.mark.parametrize("fault", [Forbidden, NeverConnected, NoAnswer])
def test_without_the_certificate_it_comes_again(fault: type[Exception]) -> None:
    def fails() -> tuple[int, bytes]:
        raise fault

    http = Certificates(fails)
    opened = opening(http)
    with pytest.raises(Unavailable):
        opened(json.dumps(notice()))
    http.answer = lambda: (503, b"slow down")
    with pytest.raises(Unavailable):
        opened(json.dumps(notice()))
    http.answer = lambda: (200, pem())
    assert opened(json.dumps(notice())) == {"eventType": "Delivery"}


def test_a_certificate_is_fetched_once_and_few_are_kept() -> None:
    http = Certificates()
    opened = opening(http)
    for _ in range(3):
        opened(json.dumps(notice()))
    assert http.asked == [URL]
    for number in range(3 * MOST_CERTIFICATES):
        opened(json.dumps({**notice(), "SigningCertURL": URL.replace(".pem", f"{number}.pem")}))
    assert len(opened.signatures._known) <= MOST_CERTIFICATES  # type: ignore[attr-defined]


def test_the_host_is_of_the_topics_region_and_partition() -> None:
    assert host_of(TOPIC) == "sns.us-east-1.amazonaws.com"
    assert host_of("arn:aws-us-gov:sns:us-gov-west-1:1:t") == "sns.us-gov-west-1.amazonaws.com"
    assert host_of("arn:aws-cn:sns:cn-north-1:1:t") == "sns.cn-north-1.amazonaws.com.cn"
    with pytest.raises(ValueError, match="no ARN"):
        host_of("arn:aws:sns:evil.example/:1:t")
