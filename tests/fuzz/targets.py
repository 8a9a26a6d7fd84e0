"""The parsers: what takes bytes from outside, each with samples to begin from and words it knows."""

from __future__ import annotations

import email
import email.policy
import gzip
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from chalicelib.adapters.templates import LiquidTemplates
from chalicelib.domain import feedback, mime, replies, tokens
from chalicelib.domain.conditions import interpreting, words
from chalicelib.domain.conditions.changes import next_change
from chalicelib.domain.conditions.parsing import Scope, parse_condition
from chalicelib.domain.conditions.source import Compiler
from chalicelib.domain.errors import BadRequest
from chalicelib.domain.events import EventBatch
from chalicelib.domain.identifiers import normalise, parse_identifier
from chalicelib.domain.keys import Secrets
from chalicelib.domain.playbook.compiler import compile_playbook
from chalicelib.domain.playbook.fields import Field, Notes
from chalicelib.domain.playbook.model import DEFAULT_IDENTIFIERS, Playbook
from chalicelib.domain.playbook.parsing import parse, parse_with_lines
from chalicelib.domain.playbook.reading import read
from chalicelib.domain.rules import Subject
from chalicelib.domain.segment_calls import Receipt, event_of
from chalicelib.domain.sms_parts import measure
from chalicelib.entrypoints import bodies
from chalicelib.services.live_rules import LiveRules
from chalicelib.services.open_notice import OpenNotice
from infra.local.moto_signing import signed_envelope
from infra.local.notices import ses_event
from tests.fakes import FakeClock, FakePlaybooks
from tests.services.ingest_world import World

PROJECT = Path(__file__).parents[2]
NOW = 1_782_918_000_000  # 2026-07-01T15:00:00Z
TOPIC = "arn:aws:sns:us-east-1:123456789012:topeka-local-feedback"
SECRETS = Secrets(b"s" * 32, b"d" * 32)
_DATA: Mapping[str, Any] = {
    "traits": {"firstName": "Ada", "plan": "gold", "tags": ["a", "b"], "n": 7},
    "link": {"shop": "https://shop.example.com/"},
    "event": {"properties": {"products": [{"name": "Umbrella", "price": 12.5}]}},
}
SCOPE = Scope(
    segments=("loyal",), topics=("offers",), channels=("email", "sms"), messages=("umbrella",), zone="UTC"
)


@dataclass(frozen=True, slots=True)
class Target:
    """`take` may raise what is ours and nothing else. `about` says what it is to a person."""

    name: str
    about: str
    take: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    words: tuple[str, ...] = field(default=())


def _batch(data: bytes) -> None:
    """A batch as it is taken: every event that is taken can be folded, kept and told of again."""
    taken = []
    for raw in bodies.json_batch(data).batch:
        try:
            taken.append(event_of(raw, _receipt()))
        except BadRequest:
            continue
    if taken:
        world = World(playbooks=_shop(), clock=FakeClock(NOW))
        world.ingest.rules._loaded.update(_compiled())
        done = world.ingest([EventBatch(tuple(taken))])
        assert not done.failed, "an event that was taken could not be folded"


def _call(data: bytes) -> None:
    bodies.json_object(data)
    event_of(data, _receipt(), "identify")


def _receipt() -> Receipt:
    return Receipt(NOW, "client", SECRETS.proves, lambda: "made")


@cache
def _shop() -> FakePlaybooks:
    import msgspec

    text = (PROJECT / "events/starter/playbook.yaml").read_text()
    playbook, faults = parse(text)
    assert playbook is not None, faults
    made = FakePlaybooks()
    made.publish(text, msgspec.msgpack.encode(playbook), 0)
    return made


@cache
def _compiled() -> Mapping[int, Any]:
    live = LiveRules(_shop(), FakeClock(NOW))
    return {1: live.current()}


def _zipped(data: bytes) -> None:
    bodies.json_object(bodies.opened(data, "gzip"))


def _playbook(data: bytes) -> None:
    parsed = parse_with_lines(data)
    assert parsed.playbook or parsed.faults, "neither a playbook nor a fault"
    assert all(one.line >= 1 and one.message for one in parsed.faults), "a fault without a line or words"
    if parsed.playbook:
        compile_playbook(parsed.playbook, 1)


def _condition(data: bytes) -> None:
    root, _ = read(data)
    if root is None:
        return
    condition = parse_condition(Field(root, "", Notes()), SCOPE)
    if condition is None:
        return
    compiler = Compiler()
    name = compiler.add(condition)
    subject = Subject(now=NOW, traits=_DATA["traits"], event=_DATA["event"])
    answer = compiler.build()[name](subject)
    assert answer == interpreting.holds(condition, subject), "compiled and interpreted differ"
    words.words(condition)
    next_change(condition, subject)


def _template(data: bytes) -> None:
    text = data.decode(errors="replace")
    templates = LiquidTemplates()
    content = {"subject": text, "html": text, "text": text}
    _, faults = templates.prepare(content)
    if not faults:
        templates.render(content, _DATA)


def _token(data: bytes) -> None:
    text = data.decode(errors="replace")
    for purpose in ("unsubscribe", "click"):
        claims = tokens.read(SECRETS, purpose, text, NOW)
        assert claims is None or text == _TOKEN or claims == {"d": "m_1", "p": "p_1"}, "a forged token"


class _Believing:
    def genuine(self, _signed: object) -> bool:
        return True


_OPEN = OpenNotice(frozenset({TOPIC}), _Believing())


def _notice(data: bytes) -> None:
    """SNS's envelope, and what is in it if the signature were right."""
    payload = _OPEN(data.decode(errors="replace"))
    reply = replies.reply_of(payload)
    if reply is not None:
        replies.wish_of(reply.text, {"de": ("halt",)})
        replies.event_of(reply, "stop", NOW)
    for notice in feedback.notices_of(payload):
        feedback.by_machine(notice)
        SECRETS.stop_hash("email", notice.address)
        feedback.event_of(notice, delivery="m_1", profile="p_1", body={}, address_hash="h", now=NOW)


def _payload(data: bytes) -> None:
    """The same with an envelope around it that is right."""
    _notice(json.dumps(signed_envelope(TOPIC, data.decode(errors="replace"), "1")).encode())


def _reply(data: bytes) -> None:
    text = data.decode(errors="replace")
    replies.wish_of(text, {"de": ("halt",)})
    measure(text)


_PLAYBOOK = Playbook(name="", identifiers=DEFAULT_IDENTIFIERS)


def _identifier(data: bytes) -> None:
    text = data.decode(errors="replace")
    for kind in ("user", "anonymous", "email", "phone", "push", "loyalty"):
        found = normalise(kind, text, _PLAYBOOK)
        value = getattr(found, "value", None)
        if value:
            again = normalise(kind, value, _PLAYBOOK)
            assert getattr(again, "value", None) == value, "a normal form is not its own"
    parse_identifier(text, _PLAYBOOK)


_HEADERS = {
    "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "List-Unsubscribe",
    "List-Unsubscribe-Post", "Content-Transfer-Encoding",
}  # fmt: skip


def _mail(data: bytes) -> None:
    """What goes out, read again as a mail program does: one letter to one address, its headers ours alone."""
    to, subject, html, text = [
        *data.decode(errors="replace").split("\x1f"), "", "", "", "",
    ][:4]  # fmt: skip
    letter = mime.Letter(
        "m_1", "Shop <hello@shop.example.com>", to, subject, html, text, NOW, "https://a.b/c"
    )
    try:
        built = mime.build(letter)
    except ValueError:  # no address: what it says it raises, and its caller gives the message up
        return
    parsed = email.message_from_bytes(built, policy=email.policy.default)
    assert set(parsed.keys()) <= _HEADERS, "a header that is not ours"
    assert len(parsed.get_all("To", [])) == 1 and len(parsed["To"].addresses) == 1, "not one address"
    assert [part.get_content_type() for part in parsed.walk() if not part.is_multipart()] == (
        ["text/plain", "text/html"] if html else ["text/plain"]
    ), "other parts"
    assert re.fullmatch(rb"[\x00-\x7f]*", built), "not 7-bit"


@dataclass(frozen=True, slots=True)
class _Taken:
    channel: str = "email"
    provider_id: str = "0100018f"
    to: str = "ann@example.com"
    sender: str = "hello@shop.example.com"
    tags: Mapping[str, str] = field(default_factory=lambda: {"delivery": "m_1"})


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _ses(kind: str) -> Any:
    taken: Any = _Taken()
    return ses_event(taken, kind, NOW)


_TOKEN = tokens.mint(SECRETS, "click", {"d": "m_1", "p": "p_1"}, NOW + 1_000)
_CALLS = (
    {"type": "identify", "userId": "1", "traits": {"email": "a@example.com", "phone": "(785) 555-0142"},
     "timestamp": "2026-07-01T10:00:00-05:00", "messageId": "m1"},
    {"type": "track", "anonymousId": "d1", "event": "Order Completed", "properties": {"total": 12.5, "products": [{}]},
     "context": {"locale": "en-US", "location": {"city": "Topeka", "region": "KS", "country": "US"}}},
    {"type": "page", "userId": 7, "name": "Home", "properties": {"url": "https://shop.example.com/?a=%20"}},
    {"type": "alias", "previousId": "d1", "userId": "1"},
    {"type": "group", "userId": "1", "groupId": "g", "traits": {"plan": None}},
)  # fmt: skip
_SMS = {"originationNumber": "+17855550123", "destinationNumber": "+17855550100", "messageBody": "STOP",
        "inboundMessageId": "i1"}  # fmt: skip
_TEXT = {"eventType": "TEXT_BLOCKED", "messageId": "i", "eventTimestamp": NOW, "destinationPhoneNumber": "+1785",
         "context": {"delivery": "m_1"}}  # fmt: skip
_SNS = {"notification": {"messageId": "i", "timestamp": "2026-07-01 15:00:00.000"}, "status": "FAILURE",
        "delivery": {"destination": "+1785", "providerResponse": "Invalid phone number"}}  # fmt: skip
_PAYLOADS = (
    *(_json(_ses(kind)) for kind in ("Send", "Delivery", "Bounce", "Complaint", "Reject", "DeliveryDelay")),
    _json(_SMS), _json(_TEXT), _json(_SNS), b"Successfully validated",
)  # fmt: skip
_CONDITIONS = (
    b"{trait: plan, is: gold}", b"{did: Order Completed, within: 30d, at_least: 2}",
    b"{all: [{trait: n, above: 3}, {not: {trait: tags, contains: a}}]}",
    b"{event: total, at_least: 100}", b"{any: [{permission: email, topic: offers, is: granted}, {segment: loyal}]}",
    b"{trait: birthday, matches: 'Ad*'}", b"{did: Page Viewed, where: {path: {starts_with: /shop}}, within: 7d}",
)  # fmt: skip
_WORDS_YAML = (
    "did: ", "within: ", "trait: ", "is: ", "all: ", "any: ", "not: ", "where: ", "30d", "&a ", "*a", "!!int ", "<<: ",
    "- ", "? ", "| ", "> ", "{", "}", "[", "]", "\n  ", "---\n", "1e400", "0x1f", ".inf", "~", "2026-13-01", "\t",
)  # fmt: skip
_WORDS_JSON = (
    '"userId":', '"anonymousId":', '"traits":', '"context":', '"properties":', '"timestamp":', '"type":', '"event":',
    '"externalIds":', '"device":', '"token":', '"location":', "null", "true", "1e400", "-0", "[", "]", "{", "}", '"\\ud800"',
    '"\\u0000"', '"2026-07-01T15:00:00Z"', '"9999-12-31T23:59:59Z"', "0.1", "18446744073709551616", '"":', ",",
)  # fmt: skip
_WORDS_LIQUID = (
    "{{", "}}", "{%", "%}", "for i in (1..9)", "endfor", "assign x = ", "| append: x", "| times: 9", "| date: '%Y'",
    "| split: ''", "if ", "endif", "capture x", "endcapture", "traits.firstName", "| default: 'a'", "cycle", "case",
    "tablerow", "raw", "endraw", "| money", "| sort", "..", "-%}", "increment", "| slice: 0, 9", "comment",
)  # fmt: skip

TARGETS: Mapping[str, Target] = {
    one.name: one
    for one in (
        Target("batch", "a batch of events, and folding what was taken", _batch,
               (_json({"batch": list(_CALLS)}), *(_json({"batch": [call]}) for call in _CALLS)), _WORDS_JSON),
        Target("call", "one call of the tracking API", _call, tuple(map(_json, _CALLS)), _WORDS_JSON),
        Target("gzip", "a compressed body", _zipped,
               (gzip.compress(_json(_CALLS[0])), gzip.compress(b"{}") * 3, gzip.compress(b"{" + b" " * 100_000 + b"}"))),
        Target("playbook", "a playbook", _playbook,
               ((PROJECT / "events/starter/playbook.yaml").read_bytes()[:6_000],
                b"playbook: 1\nname: Shop\ntimezone: UTC\nsegments: {a: {did: Order Completed, within: 30d}}\n"), _WORDS_YAML),
        Target("condition", "a condition, compiled and asked", _condition, _CONDITIONS, _WORDS_YAML),
        Target("template", "a template, filled in", _template,
               (b"Hi {{ traits.firstName | default: 'you' }}", b"{% for p in event.properties.products %}{{ p.name }}{% endfor %}",
                b"{% assign x = 'a' %}{% for i in (1..9) %}{% assign x = x | append: x %}{% endfor %}{{ x }}",
                b"{% if traits.plan == 'gold' %}{{ traits.n | times: 2 }}{% endif %}"), _WORDS_LIQUID),
        Target("token", "a signed token", _token, (_TOKEN.encode(), b"a.b.c", b"."), (".", "=", "-", "_")),
        Target("notice", "an envelope of SNS", _notice,
               tuple(_json(signed_envelope(TOPIC, one.decode(), "1")) for one in _PAYLOADS[:3]),
               ('"Message":', '"TopicArn":', '"Type":', '"Notification"', '"SigningCertURL":', '"https://sns.us-east-1.amazonaws.com/a.pem"', '"Signature":', '"Subject":', "null", "{}", "[]")),
        Target("payload", "what SES and carriers tell, and customers answer", _payload, _PAYLOADS,
               ('"mail":', '"tags":', '"delivery":', '"bounce":', '"eventType":', '"Bounce"', '"timestamp":', "null", "{}",
                "[]", "7", '"bouncedRecipients":', '"messageBody":', '"originationNumber":', '"TEXT_SENT"')),
        Target("reply", "the text of an SMS", _reply, (b"STOP", "¡Opt-Out!".encode(), "SÍ.".encode(), b"help me")),
        Target("identifier", "an identifier in any writing", _identifier,
               (b"user:1", b"Ann.Lee+x@Example.COM", b"(785) 555-0142", b"+49 30 901820", "ü@exämple.com".encode(), b"null")),
        Target("mail", "the parts of an e-mail, read again as MIME", _mail,
               (b"ann@example.com\x1fHello\x1f<p>Hi</p>\x1fHi", "ü@exämple.com\x1f€\x1f\x1f€".encode(),
                b"a@b.example, c@d.example\x1fHi\r\nBcc: x@y.example\x1f\x1f"), ("\x1f", "\r\n", "Bcc:", "@", "=?utf-8?q?")),
    )
}  # fmt: skip
