"""Whatever is sent gets the contract's answer, never a 5xx; and what is sent beside it goes through."""

from __future__ import annotations

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.domain.instants import from_text
from tests.end_to_end.shop import OPERATOR, WRITE, Shop, opened, token

PLAYBOOK = """\
playbook: 1
name: Takes anything
topics: {news: {label: News, default: assume}}
placements: {home: {channel: web}}
segments:
  spender: {did: Order Completed, total: revenue, above: 100, within: 7d}
  glover: {did: Order Completed, where: [{property: products.name, like: "*glove*"}]}
moments:
  order: {event: Order Completed, when: {event: properties.revenue, above: 1000000}}
messages:
  hello:
    kind: brand
    topic: news
    moments: [order]
    placements: [home]
    channels: [inbox]
    variants: {plain: {web: {text: "Hi {{ traits.firstName }}"}, inbox: {text: "{{ event.properties.note }}"}}}
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with opened(PLAYBOOK) as running:
        yield running
        running.settle()
        assert set(map(tuple, running.stack.dead_letters().values())) == {()}


def event(**fields: Any) -> bytes:
    return json.dumps({"type": "track", "userId": "odd", "event": "Order Completed", **fields}).encode()


def properties(raw: str) -> bytes:
    """An event whose one property is written as it stands."""
    return (
        b'{"type":"track","userId":"odd","event":"Order Completed","properties":{"revenue":'
        + raw.encode()
        + b"}}"
    )


REFUSED = {
    "no JSON": (b'{"userId": ', "invalid-json"),
    "no object": (b'"hello"', "invalid-type"),
    "an event that is a number": (event(event=7), "invalid-type"),
    "a user that is an object": (event(userId={"a": 1}), "invalid-type"),
    "a user that is true": (event(userId=True), "invalid-type"),
    "properties that are a list": (event(properties=[]), "invalid-type"),
    "a context that is text": (event(context="web"), "invalid-type"),
    "a message id that is a number": (event(messageId=7), "invalid-type"),
    "a message id of 100 characters": (event(messageId="x" * 100), "message-id-too-long"),
    "nobody": (event(userId=None), "no-identifier"),
    "no event": (event(event=""), "missing-event"),
    "a time that is none": (event(timestamp="yesterday"), "invalid-timestamp"),
    "a 30th of February": (event(timestamp="2026-02-30T00:00:00Z"), "invalid-timestamp"),
    "33 KB": (event(properties={"a": "x" * 33 * 1024}), "event-too-large"),
    "1,000 levels": (properties("[" * 1000 + "]" * 1000), "too-deep"),
    "half a surrogate": (properties('"\\ud800"'), "invalid-json"),
    "half a surrogate in the id": (event().replace(b'"odd"', b'"\\udc00"'), "invalid-json"),
    "no UTF-8": (event().replace(b"odd", b"\xff\xfe"), "invalid-json"),
    "not a number": (properties("NaN"), "invalid-json"),
    "no finite number": (properties("1e999"), "invalid-json"),
    "no finite number below": (properties("-Infinity"), "invalid-json"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_single_call_is_refused(shop: Shop, name: str) -> None:
    body, code = REFUSED[name]
    answer = shop.post("/v1/track", body, WRITE)
    assert (answer.status, answer.code) == (400, code)


@pytest.mark.parametrize("name", sorted(REFUSED.keys() - {"no JSON"}))
def test_in_a_batch_only_the_bad_event_is_refused(shop: Shop, name: str) -> None:
    body, _ = REFUSED[name]
    before, after = (
        event(userId=f"beside {name}", messageId=f"{side} {name}") for side in ("before", "after")
    )
    answer = shop.post("/v1/batch", b'{"batch":[' + b",".join((before, body, after)) + b"]}", WRITE)
    assert (answer.status, answer.json["success"]) == (200, True)
    assert [one["index"] for one in answer.json["rejected"]] == [1]
    assert answer.json["rejected"][0].keys() == {"index", "code", "message"}
    shop.settle()
    assert shop.profile(f"user:beside {name}")["activity"]["Order Completed"]["total"] == 2


def test_what_was_refused_is_kept_for_the_operator(shop: Shop) -> None:
    shop.post("/v1/track", event(event="", properties={"where": "kept"}), WRITE)
    shop.settle()
    kept = shop.ask("GET", "/v1/rejected?limit=1000").json["rejected"]
    assert any('"where": "kept"' in one["excerpt"] and one["code"] == "missing-event" for one in kept)


TAKEN = {
    "emoji in the id": event(userId="\U0001f9e6☂"),
    "NUL in the id": event(userId="a\0b"),
    "a slash, a colon, a percent sign and a question in the id": event(userId="a/b:c%2Fd?e#f"),
    "right to left, combining and private": event(userId="\u202eé\ue000\uffff"),
    "a number as the id": event(userId=12345678901234567890123),
    "NUL and half the planes in a property": event(properties={"note": "\0\U0010ffff", "": 1, "a.b": 2}),
    "a date before 1970": event(timestamp="1903-12-17T10:35:00-05:00"),
    "a date in 1970": event(timestamp="1970-01-01T00:00:00Z"),
    "a date in 2999": event(timestamp="2999-01-01T00:00:00Z"),
    "a date sent in 2999": event(timestamp="2999-01-01T00:00:00Z", sentAt="2999-01-01T00:00:05Z"),
    "an integer of 400 digits": properties("9" * 400),
    "an integer beyond 64 bits": properties(str(-(2**70))),
    "the largest float": properties("1.7976931348623157e308"),
    "the smallest float": properties("5e-324"),
    "a number as text": properties('"12,50"'),
    "a member twice": properties('1,"revenue":2'),
    "lists where objects are meant": event(properties={"products": [[["glove"]], {"name": ["glove"]}, None]}),
    "traits, addresses and places of the wrong type": event(
        type="identify", traits={"email": {"a": 1}, "phone": [], "address": "x", "firstName": {"b": []}},
        context={"location": [], "timezone": 7, "device": "x", "externalIds": [1, {"type": {}, "id": []}]},
    ),
    "an address nobody can have": event(type="identify", traits={"email": "@@", "phone": "+0"}),
    "a time zone that is none": event(context={"timezone": "Mars/Olympus", "locale": "\0", "ip": "::"}),
    "a name of 30,000 characters": event(event="x" * 30_000),
    "a user id of 30,000 characters": event(userId="x" * 30_000, anonymousId="short"),
    "a batch's worth of traits": event(type="identify", traits={f"trait {n}": n for n in range(1_500)}),
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_odd_but_allowed_is_taken_with_its_neighbours(shop: Shop, name: str) -> None:
    beside = event(userId=f"beside {name}")
    answer = shop.post("/v1/batch", b'{"batch":[' + beside + b"," + TAKEN[name] + b"]}", WRITE)
    assert (answer.status, answer.json) == (200, {"success": True})
    shop.settle()
    assert shop.profile(f"user:beside {name}")["activity"]["Order Completed"]["total"] == 1
    assert set(map(tuple, shop.stack.dead_letters().values())) == {()}


@pytest.mark.parametrize(
    "user", ["\U0001f9e6 of mine", "a/b:c%2Fd?e#g", "é\u202e\u200d\ue000", "\uffff\ufffe"]
)
def test_an_id_is_the_customers_to_the_character(shop: Shop, user: str) -> None:
    sent = json.loads(event(userId=user, messageId=f"to the character {user}"))
    shop.collect(sent)
    profile = shop.profile(f"user:{user}")
    assert [(one["kind"], one["value"]) for one in profile["identifiers"]] == [("user", user)]
    assert [one["userId"] for one in shop.timeline(f"user:{user}")] == [user]
    decided = shop.decide(WRITE, placement="home", userId=user, userToken=token(user))
    assert decided["messages"][0]["content"] == {"text": "Hi "}
    assert shop.ask("DELETE", f"/v1/profiles/{profile['id']}").status == 202


def test_an_id_with_a_control_character_names_nobody_and_says_so(shop: Shop) -> None:
    sent = json.loads(event(userId="a\0c", messageId="with a NUL"))
    shop.collect(sent)
    assert shop.profile("user:a\0c") is None
    kept = {one["id"]: one for one in shop.ask("GET", "/v1/rejected?limit=1000").json["rejected"]}
    assert kept["with a NUL"]["code"] == "no-identifier"
    assert "user: control-character" in kept["with a NUL"]["message"]


def test_times_before_and_after_all_others_are_clamped(shop: Shop) -> None:
    for name, at in (("first", "1970-01-01T00:00:00Z"), ("last", "2999-01-01T00:00:00Z")):
        shop.collect(json.loads(event(userId="timeless", timestamp=at, messageId=f"timeless {name}")))
    seen = shop.profile("user:timeless")["activity"]["Order Completed"]
    assert (seen["total"], seen["first"]) == (2, "1970-01-01T00:00:00.000Z")
    assert from_text("2026-07-01T15:00:00Z") <= from_text(seen["last"]) <= shop.stack.now()


def test_a_batch_of_2501_events_is_refused_and_one_of_2500_taken(shop: Shop) -> None:
    events = [{"type": "track", "userId": "crowd", "event": "Seen"} for _ in range(2_501)]
    answer = shop.post("/v1/batch", {"batch": events}, WRITE)
    assert (answer.status, answer.code, answer.json["error"]["field"]) == (400, "too-many-events", "batch")
    shop.settle()
    assert shop.profile("user:crowd") is None
    shop.collect(*events[1:])
    assert shop.profile("user:crowd")["activity"]["Seen"]["total"] == 2_500


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid-json"),
        (b"[]", "invalid-type"),
        (b'{"batch": 7}', "invalid-type"),
        (b'{"batch": [1, 2', "invalid-json"),
        (b'{"batch": [], "sentAt": "soon"}', "invalid-timestamp"),
        (b'{"batch": [' + b" " * 512_001 + b"]}", "body-too-large"),
        (b'{"sentAt":' + b"[" * 200_000, "invalid-type"),
    ],
    ids=lambda each: each[:30].decode() if isinstance(each, bytes) else each,
)
def test_a_bad_batch_is_refused_as_a_whole(shop: Shop, body: bytes, code: str) -> None:
    answer = shop.post("/v1/batch", body, WRITE)
    assert (answer.status, answer.code) == (400, code)


def one_member(megabytes: int) -> bytes:
    """A gzip file of that many MB of spaces in one member."""
    pack = zlib.compressobj(wbits=31)
    return b"".join(pack.compress(b" " * 1_048_576) for _ in range(megabytes)) + pack.flush()


BOMBS = {
    "one member of 200 MB": one_member(200),
    "2,000 members of 1 MB": one_member(1) * 2_000,
    "a bomb behind an event": gzip.compress(event(), mtime=0) + one_member(100),
}


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/track", "/v1/decide", "/v1/playbook"])
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_gzip_bomb_is_read_only_to_the_limit(shop: Shop, path: str, bomb: str) -> None:
    body = BOMBS[bomb]
    method = "PUT" if path == "/v1/playbook" else "POST"
    tracemalloc.start()
    try:
        answer = shop.ask(method, path, body, {**OPERATOR, "Content-Encoding": "gzip"})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (answer.status, answer.code) == (400, "body-too-large")
    assert peak < 8 * len(body) + 12 * 1_048_576


@pytest.mark.parametrize(
    ("encoding", "body", "code"),
    [
        ("gzip", b"no gzip", "invalid-gzip"),
        ("gzip", gzip.compress(event(), mtime=0)[:-9], "invalid-gzip"),
        ("br", b"x", "unknown-encoding"),
    ],
)
def test_an_encoding_that_is_none_is_refused(shop: Shop, encoding: str, body: bytes, code: str) -> None:
    answer = shop.post("/v1/track", body, {**WRITE, "Content-Encoding": encoding})
    assert (answer.status, answer.code) == (400, code)


BODIES = [
    b"", b"{", b"[]", b"null", b'"x"', b"7", b"\xff", b'{"a": "\\ud800"}', b"[" * 100_000, b'{"a":' * 5_000,
    b'{"placement": 7, "moment": 7, "name": 7, "version": "x", "channels": 7, "channel": {}, "sending": "no"}',
    b'{"placement": "home", "userId": [], "limit": 1e400}',
    b'{"placement": "home", "userId": "odd", "limit": 11, "moment": {}, "profile": {}, "at": "x"}',
    b'{"placement": "home", "userId": "odd", "limit": 99999999999999999999999, "version": 99999999999999999999999}',
    b'{"name": "Rain", "place": "us", "segment": "spender", "version": -1, "channels": {"sms": 7}}',
    b'{"name": "Rain", "identifiers": ["x", 7], "channel": "email", "topic": "a/b", "state": "maybe"}',
    b'{"moment": {"placement": "home"}, "profile": {"traits": 7, "activity": [], "contacts": {}}}',
    b'{"moment": {"event": 7}, "identifier": "x:y:z", "playbook": "a: [b"}',
]  # fmt: skip
ROUTES = [
    ("POST", "/v1/decide"), ("POST", "/v1/simulate"), ("POST", "/v1/moments"), ("PUT", "/v1/playbook"),
    ("POST", "/v1/playbook/rollback"), ("PUT", "/v1/switches"), ("PUT", "/v1/profiles/user:odd/permissions"),
    ("POST", "/v1/inbox/m_x/seen"), ("POST", "/v1/identify"), ("POST", "/v1/alias"), ("POST", "/v1/group"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=lambda each: each)
def test_no_body_breaks_a_route(shop: Shop, method: str, path: str) -> None:
    shop.collect(json.loads(event(messageId="the odd customer is known")))
    answers = [(body[:60], shop.ask(method, path, body)) for body in BODIES]
    assert [(body, one.status) for body, one in answers if one.status not in (200, 400, 404)] == []
    assert all(one.code for _, one in answers if one.status != 200)
    assert sum(one.status == 400 for _, one in answers) > len(BODIES) / 2


@pytest.mark.parametrize(
    "path",
    [
        "/v1/profiles/%00", "/v1/profiles/user:%FF", "/v1/profiles/user:%", "/v1/profiles/:", "/v1/profiles/p_",
        "/v1/profiles/nothing:x", "/v1/profiles/user:" + "x" * 5_000, "/v1/profiles/email:@", "/v1/profiles/phone:1",
        "/v1/profiles/p_" + "a" * 26, "/v1/profiles/user:nobody/timeline", "/v1/profiles/user:nobody/decisions",
        "/v1/profiles/user:nobody/export", "/v1/segments/nothing/members", "/v1/projects/%F0%9F%A7%A6/settings",
        "/c/1%00", "/o/x", "/u/" + "A" * 5_000, "/p/1", "/slot/1AAAA", "/v1/nothing", "/",
    ],
)  # fmt: skip
def test_what_is_not_there_is_a_404(shop: Shop, path: str) -> None:
    assert shop.ask("GET", path).status in (400, 404)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=x",
        "limit=1001",
        "limit=%D9%A1",
        "cursor=x",
        "cursor=%00",
        "cursor=" + "A" * 3_000,
        "since=soon",
    ],
)
@pytest.mark.parametrize(
    "path", ["/v1/profiles/user:odd/timeline", "/v1/segments/spender/members", "/v1/rejected"]
)
def test_no_query_breaks_a_listing(shop: Shop, path: str, query: str) -> None:
    shop.collect(json.loads(event(messageId="the odd customer is known")))
    answer = shop.ask("GET", f"{path}?{query}")
    assert answer.status in (200, 400)
    assert answer.status == 400 or "rejected" not in path or "since" not in query


def test_a_playbook_with_ten_faults_is_told_all_ten(shop: Shop) -> None:
    lines = [
        "playbook: 1",
        "name: Ten faults",
        "timezone: Mars/Olympus",
        "topics: {offers: {label: Offers, default: maybe}}",
        "placements: {hero: {channel: television}}",
        "segments:",
        "  loyal: {did: Order Completed, within: 7 weeks}",
        "  never: {all: [{trait: plan, is: gold}, {trait: plan, is: silver}]}",
        "moments:",
        "  rain: {event: Rain Started}",
        "  rain: {event: Rain Stopped}",
        "  joined: {enters: loyl}",
        "messages:",
        "  umbrella:",
        "    kind: ofer",
        "    topic: offers",
        "    moments: [rain, snow]",
        "    channels: [inbox]",
        "    variants:",
        '      plain: {inbox: {text: "Hi {{ traits.firstName "}}',
        "policies: {holdout: {share: 500%}}",
        "colour: red",
    ]
    version = shop.ask("GET", "/health").json["playbook"]
    for path in ("/v1/playbook?check=true", "/v1/playbook"):
        answer = shop.ask("PUT", path, "\n".join(lines).encode())
        assert answer.status == 400
        faults = answer.json["error"]["faults"]
        told = {(one["line"], one["path"]) for one in faults}
        assert told >= {
            (3, "timezone"), (4, "topics.offers.default"), (5, "placements.hero.channel"),
            (7, "segments.loyal.within"), (11, "moments.rain"), (12, "moments.joined.enters"),
            (15, "messages.umbrella.kind"), (17, "messages.umbrella.moments[1]"),
            (21, "policies.holdout.share"), (22, "colour"),
        }  # fmt: skip
        assert all(len(one["message"].split()) > 4 for one in faults)
    assert shop.ask("GET", "/health").json["playbook"] == version


def test_the_stack_still_works(shop: Shop) -> None:
    shop.collect(json.loads(event(userId="survivor", properties={"revenue": 101})))
    assert shop.profile("user:survivor")["segments"] == ["spender"]
