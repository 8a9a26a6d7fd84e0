"""What clients rely on, asked over a socket: addresses, methods, headers, the fields of answers, the shape of errors.

What the product does with what it is told is in `test_loop.py`; who may not do what is in `test_attacks.py`.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.shop import NOBODY, OPERATOR, WRITE, Shop, opened, token, track

PLAYBOOK = """\
playbook: 1
name: The contract
timezone: America/Chicago
topics:
  offers: {label: Offers, default: ask}
  news: {label: News, default: assume}
placements:
  web.home: {channel: web}
  callcentre.next: {channel: callcentre}
senders: {email: "Shop <hello@shop.example.com>", sms: {US: "+17855550100"}}
segments:
  buyers: {did: Order Completed}
moments:
  rain: {event: Rain Started}
  welcome: {event: Welcomed}
  texted: {event: Texted}
messages:
  umbrella:
    kind: offer
    topic: offers
    moments: [rain]
    placements: [web.home, callcentre.next]
    channels: [email]
    value: 3
    for: {not: {segment: buyers}}
    links: {shop: "https://shop.example.com/umbrellas"}
    variants:
      plain:
        web: {headline: "Dry, {{ traits.firstName | default: 'friend' }}? <b>"}
        callcentre: {say: "Umbrellas for {{ traits.firstName }}"}
        email: {subject: "Dämp?", html: "<p>€ <a href='{{ link.shop }}'>shop</a></p>", text: "€ {{ link.shop }}"}
  story:
    kind: brand
    topic: news
    placements: [web.home]
    variants: {plain: {web: {headline: "We are a shop"}}}
  thanks:
    kind: service
    placements: [callcentre.next]
    for: {trait: vip, is: true}
    variants: {plain: {callcentre: {say: "Thank them"}}}
  hello:
    kind: service
    moments: [welcome]
    channels: [inbox]
    variants: {plain: {inbox: {title: "Hello"}}}
  note:
    kind: brand
    topic: news
    moments: [texted]
    channels: [sms]
    variants: {plain: {sms: {text: "Hé"}}}
"""
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
#: What is larger than this and a number is a time in milliseconds.
MILLISECONDS = 10**11
MESSAGE = {"message": str, "variant": str, "kind": str, "content": dict, "until": ISO}


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with opened(PLAYBOOK) as shop:
        yield shop


@pytest.fixture(scope="module")
def ann(shop: Shop) -> str:
    """A customer about whom there is something of everything."""
    shop.know(
        "ann",
        ("email/offers",),
        email="ann@example.com",
        phone="+17855550142",
        firstName="Ann",
        address={"city": "Topeka", "state": "KS", "country": "US"},
    )
    shop.collect({**track("ann", "Order Started", total=5), "anonymousId": "ann's phone"}, headers=OPERATOR)
    shop.decide(placement="web.home", userId="ann")
    for name in ("Rain Started", "Welcomed", "Texted"):
        shop.announce(name, identifiers=["user:ann"], facts={"weather": {"rain_mm": 12}})
    return "/v1/profiles/user:ann"


def shaped(value: Any, shape: Any) -> bool:
    """Whether a JSON value has exactly the members of a shape; a list shows the shape of each, a pattern of text."""
    if isinstance(shape, dict):
        same = isinstance(value, dict) and value.keys() == shape.keys()
        return same and all(shaped(value[name], shape[name]) for name in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and bool(value) and all(shaped(each, shape[0]) for each in value)
    if isinstance(shape, re.Pattern):
        return isinstance(value, str) and bool(shape.fullmatch(value))
    return isinstance(value, shape)


def numbers(value: Any) -> Iterator[float]:
    """Every number in a JSON value."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from numbers(each)
    elif isinstance(value, int | float):
        yield value


class TestAddresses:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/"), ("GET", "/nowhere"), ("GET", "/v1"), ("POST", "/v1/profiles/user:ann/merge"),
            ("GET", "/v1/experiments/none"), ("GET", "/v1/track"),
            ("DELETE", "/v1/decide"), ("PATCH", "/health"), ("FETCH", "/health"), ("OPTIONS", "/nowhere"),
            ("OPTIONS", "/v1/playbook"), ("GET", "/local"), ("GET", "/local/"), ("PUT", "/local/clock"),
        ],
    )  # fmt: skip
    def test_that_are_none_are_a_404(self, shop: Shop, method: str, path: str) -> None:
        answer = shop.ask(method, path)
        assert (answer.status, answer.code) == (404, "not-found")
        assert answer.headers["content-type"] == "application/json"

    @pytest.mark.parametrize(
        ("path", "status"),
        [("/health", 200), ("/local/mailbox", 200), ("/u/x", 404), ("/p/x", 404), ("/o/x", 404)],
    )
    def test_that_are_looked_at_have_a_head_and_no_body(self, shop: Shop, path: str, status: int) -> None:
        http = HTTPConnection("127.0.0.1", urlsplit(shop.url).port)
        for _ in range(2):
            http.request("HEAD", path)
            answer = http.getresponse()
            assert (answer.status, answer.read()) == (status, b"")
        http.close()

    @pytest.mark.parametrize("path", ["/v1/t", "/v1/batch", "/v1/decide", "/v1/inbox", "/v1/inbox/m_x/seen"])
    def test_that_pages_call_may_be_called_from_any_origin(self, shop: Shop, path: str) -> None:
        asked = {"Origin": "https://shop.example.com", "Access-Control-Request-Method": "POST"}
        headers = shop.ask("OPTIONS", path, headers=asked).headers
        assert headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in headers
        assert {"Authorization", "Content-Type", "Content-Encoding"} <= set(
            headers["access-control-allow-headers"].split(",")
        )
        refusal = shop.ask(
            "PUT" if path == "/v1/inbox" else "POST", path, b"{", {"Origin": "https://x.example"}
        )
        assert refusal.status == 404 or refusal.headers["access-control-allow-origin"] == "*"

    @pytest.mark.parametrize(
        ("method", "path", "body", "status"),
        [
            ("POST", "/v1/track", {"event": "E", "userId": "zip"}, 200),
            ("POST", "/v1/batch", {"batch": []}, 200),
            ("POST", "/v1/decide", {"userId": "zip", "placement": "web.home"}, 200),
            ("POST", "/v1/simulate", {"profile": {}, "moment": {"placement": "web.home"}}, 200),
            ("POST", "/v1/moments", {"name": "E", "identifiers": []}, 202),
            ("POST", "/v1/playbook/rollback", {"version": 1}, 200),
            ("PUT", "/v1/playbook?check=true", {"playbook": 1, "name": "n"}, 200),
            ("PUT", "/v1/switches", {}, 200),
            ("PUT", "/v1/profiles/user:nobody/permissions",
             {"channel": "sms", "topic": "news", "state": "denied"}, 404),
            ("POST", "/v1/inbox/m_x/seen", {"userId": "zip"}, 404),
            ("POST", "/local/settle", {}, 200),
            ("POST", "/local/clock", {"advance": "1m"}, 200),
            ("POST", "/local/inbound", {"channel": "sms", "from": "+17855550199", "text": "hi"}, 200),
            ("POST", "/local/feedback", {"delivery": "m_x", "event": "Email Bounced"}, 404),
        ],
    )  # fmt: skip
    def test_take_gzip_wherever_they_take_a_body(
        self, shop: Shop, method: str, path: str, body: Any, status: int
    ) -> None:
        packed = gzip.compress(json.dumps(body).encode())
        answer = shop.ask(method, path, packed, OPERATOR | {"Content-Encoding": "gzip"})
        assert answer.status == status, answer.body


class TestErrors:
    @pytest.mark.parametrize(
        ("method", "path", "body", "code", "field"),
        [
            ("POST", "/v1/decide", {"userId": "a"}, "missing-field", "placement"),
            ("POST", "/v1/decide", {"userId": "a", "placement": "x"}, "unknown-placement", "placement"),
            ("POST", "/v1/decide", {"userId": "a", "placement": "web.home", "limit": 11}, "invalid-type", "limit"),
            ("POST", "/v1/batch", {}, "missing-field", "batch"),
            ("POST", "/v1/track", {"event": "E", "userId": "a", "timestamp": "now"}, "invalid-timestamp", "timestamp"),
            ("POST", "/v1/simulate", {"profile": {}}, "missing-field", "moment"),
            ("POST", "/v1/moments", {"name": "E", "place": "Topeka, KS"}, "invalid-place", "place"),
            ("POST", "/v1/moments", {"name": "E", "place": "a", "facts": {"x": "y" * 33_000}},
             "event-too-large", "facts"),
            ("PUT", "/v1/switches", {"sendng": False}, "unknown-field", "sendng"),
            ("PUT", "/v1/switches", {"channels": {"fax": False}}, "unknown-channel", "channels.fax"),
            ("PUT", "{ann}/permissions", {"channel": "email", "topic": "news"}, "missing-field", "state"),
            ("PUT", "{ann}/permissions", {"channel": "email", "topic": "news", "state": "no"},
             "invalid-state", "state"),
            ("PUT", "{ann}/permissions", {"channel": "emial", "topic": "news", "state": "denied"},
             "unknown-channel", "channel"),
            ("GET", "{ann}/timeline?limit=1001", None, "invalid-limit", "limit"),
            ("GET", "/v1/rejected?since=now", None, "invalid-timestamp", "since"),
        ],
    )  # fmt: skip
    def test_name_the_field_and_say_how_to_mend_it(
        self, shop: Shop, ann: str, method: str, path: str, body: Any, code: str, field: str
    ) -> None:
        answer = shop.ask(method, path.format(ann=ann), body)
        assert (answer.status, answer.code, answer.json["error"]["field"]) == (400, code, field)
        assert shaped(
            answer.json, {"error": {"code": str, "message": re.compile("[A-Z].*\\."), "field": str}}
        )

    def test_of_a_playbook_are_told_all_at_once(self, shop: Shop) -> None:
        answer = shop.ask("PUT", "/v1/playbook", b"playbook: 1\nnmae: x\nmessages: {a: {kind: odd}}")
        assert (answer.status, answer.code) == (400, "invalid-playbook")
        assert shaped(answer.json["error"]["faults"], [{"line": int, "path": str, "message": str}])
        assert len(answer.json["error"]["faults"]) >= 3


class TestCollecting:
    def test_corrects_for_a_client_whose_clock_is_off(self, shop: Shop) -> None:
        hour_ago = {"timestamp": "2030-01-01T00:00:00Z", "sentAt": "2030-01-01T01:00:00Z"}
        shop.collect({**track("skewed", "Alone"), **hour_ago})
        body = {"batch": [{**track("skewed", "Together"), "timestamp": hour_ago["timestamp"]}]}
        shop.post("/v1/batch", {**body, "sentAt": hour_ago["sentAt"]}, WRITE)
        shop.collect({**track("skewed", "Ahead"), "timestamp": "2030-01-01T00:00:00Z"})
        late = {one["event"]: one["receivedAt"] > one["timestamp"] for one in shop.timeline("user:skewed")}
        assert late == {"Alone": True, "Together": True, "Ahead": False}

    def test_counts_levels_from_the_outermost(self, shop: Shop) -> None:
        nested: Any = {}
        for _ in range(62):  # the call itself is one level, its innermost object another
            nested = {"a": nested}
        call = {"event": "Nested", "userId": "deep"}
        assert shop.post("/v1/track", {**call, "properties": nested}, WRITE).status == 200
        answer = shop.post("/v1/track", {**call, "properties": {"a": nested}}, WRITE)
        assert (answer.status, answer.code) == (400, "too-deep")

    def test_answers_with_what_was_refused_and_keeps_it(self, shop: Shop) -> None:
        batch = {"batch": [track("ok", "Fine"), {"type": "track", "userId": "ok"}]}
        answer = shop.post("/v1/batch", batch, WRITE)
        assert answer.status == 200
        assert shaped(
            answer.json, {"success": bool, "rejected": [{"index": int, "code": str, "message": str}]}
        )
        shop.settle()
        kept = shop.ask("GET", "/v1/rejected?since=2026-07-01T00:00:00Z&cursor=").json["rejected"][0]
        assert shaped(
            kept, {"id": str, "code": str, "message": str, "index": int, "receivedAt": ISO, "excerpt": str}
        )


class TestDeciding:
    @pytest.mark.parametrize(
        ("placement", "traits", "outcome"),
        [
            ("web.home", {}, "offer"),
            ("web.home", {"bought": True}, "brand"),
            ("callcentre.next", {"vip": True}, "service"),
            ("callcentre.next", {"bought": True}, "nothing"),
        ],
    )
    def test_answers_with_an_outcome_and_messages(
        self, shop: Shop, placement: str, traits: dict[str, Any], outcome: str
    ) -> None:
        user = f"decided {outcome}"
        shop.know(user, **traits)
        if "bought" in traits:
            shop.collect(track(user, "Order Completed"))
        told = shop.decide(WRITE, placement=placement, userId=user, userToken=token(user), explain=True)
        assert told["outcome"] == outcome and re.fullmatch(r"d_[a-z2-7]{20}", told["decision"])
        assert told.keys() == {"decision", "outcome", "messages"}  # explained to operators alone
        assert [one["kind"] for one in told["messages"]] == ([] if outcome == "nothing" else [outcome])
        assert not told["messages"] or shaped(told["messages"], [MESSAGE])

    def test_explains_every_message_that_was_considered(self, shop: Shop) -> None:
        shop.collect(track("explained", "Order Completed"))
        told = shop.decide(placement="web.home", userId="explained", explain=True)["explain"]["messages"]
        assert {one["message"]: one.get("reason") for one in told} == {
            "umbrella": "not-for-them",
            "story": None,
        }
        umbrella, story = sorted(told, key=lambda one: one["message"], reverse=True)
        assert "buyers" in umbrella["words"]
        assert story["score"] > 0 and {"propensity", "value", "weight", "boost"} == story["parts"].keys()

    def test_gives_up_to_the_limit_services_first(self, shop: Shop) -> None:
        shop.know("lucky", vip=True)
        told = shop.decide(placement="callcentre.next", userId="lucky", limit=10)
        assert [one["kind"] for one in told["messages"]] == ["service", "offer"]
        assert told["outcome"] == "service"

    def test_renders_text_and_not_html(self, shop: Shop) -> None:
        shop.know("text", firstName="<i>Al</i>")
        (message,) = shop.decide(placement="web.home", userId="text")["messages"]
        assert message["content"] == {"headline": "Dry, <i>Al</i>? <b>"}

    @pytest.mark.parametrize("said", ["Viewed", "Clicked", "Dismissed", "Converted"])
    def test_hears_of_outcomes_as_track_events(self, shop: Shop, said: str) -> None:
        decision = shop.decide(WRITE, placement="web.home", anonymousId=f"who {said}")["decision"]
        event = {"type": "track", "anonymousId": f"who {said}", "event": f"Message {said}"}
        shop.collect({**event, "properties": {"decision": decision}})
        (contact,) = shop.profile(f"anonymous:who {said}")["contacts"]
        assert contact["outcome"] == {"Viewed": "opened"}.get(said, said.lower())


class TestInbox:
    def test_shows_what_waits_and_hears_what_is_done(self, shop: Shop, ann: str) -> None:
        who = f"userId=ann&userToken={token('ann')}"
        (waiting,) = shop.ask("GET", f"/v1/inbox?{who}", headers=WRITE).json["messages"]
        shape = {"delivery": str, "at": ISO, "seen": bool, "decision": str, **MESSAGE}
        assert shaped(waiting, {name: kind for name, kind in shape.items() if name != "until"})
        seen = f"/v1/inbox/{waiting['delivery']}/seen"
        assert shop.ask("POST", f"{seen}?{who}", b"", WRITE).status == 200
        said = {"userId": "ann", "userToken": token("ann")}
        assert shop.post(seen, said, WRITE).status == 200
        assert shop.post(seen, {"anonymousId": "stranger"}, WRITE).status == 404
        assert shop.ask("GET", f"/v1/inbox?{who}", headers=WRITE).json["messages"][0]["seen"] is True


class TestProfiles:
    def test_are_shown_whole(self, shop: Shop, ann: str) -> None:
        profile = shop.ask("GET", ann).json
        contact = dict.fromkeys(
            ("message", "variant", "channel", "placement", "decision", "outcome", "delivery"), str
        )
        place = dict.fromkeys(("slug", "city", "region", "country", "timezone"), str)
        assert shaped(
            profile,
            {
                "id": re.compile("p_[a-z2-7]{26}"),
                "identifiers": [{"kind": str, "value": str, "since": ISO}],
                "traits": dict,
                "permissions": {"email": {"offers": {"state": str, "at": ISO, "source": str}}},
                "segments": list,
                "scores": dict,
                "contacts": [{"at": ISO, **contact}],
                "activity": dict,
                "place": place,
                "merged": list,
            },
        )
        assert shaped(profile["activity"]["Order Started"], {"total": int, "first": ISO, "last": ISO})
        assert [one["channel"] for one in profile["contacts"]] == ["sms", "inbox", "email", "web"]

    def test_of_somebody_of_whom_little_is_known_have_the_same_fields(self, shop: Shop, ann: str) -> None:
        shop.collect({"type": "page", "anonymousId": "little"})
        little, much = shop.profile("anonymous:little"), shop.ask("GET", ann).json
        assert {name: type(value) for name, value in little.items()} == {n: type(v) for n, v in much.items()}

    @pytest.mark.parametrize("part", ["", "/timeline?limit=&cursor=", "/decisions", "/export"])
    def test_tell_times_in_iso_8601(self, shop: Shop, ann: str, part: str) -> None:
        told = shop.ask("GET", ann + part).json
        told.pop("stored", None)  # the export's last part is what is stored, as it is stored
        assert [number for number in numbers(told) if number > MILLISECONDS] == []

    def test_tell_each_decision_with_its_id_and_time(self, shop: Shop, ann: str) -> None:
        decisions = shop.ask("GET", f"{ann}/decisions").json["decisions"]
        contacts = shop.ask("GET", ann).json["contacts"]
        assert [one["decision"] for one in decisions] == [one["decision"] for one in contacts]
        assert all(ISO.fullmatch(one["at"]) and one["outcome"] for one in decisions)
        assert all(ISO.fullmatch(choice["until"]) for one in decisions for choice in one["choices"])

    def test_are_erased_with_a_date(self, shop: Shop) -> None:
        shop.know("gone", email="gone@example.com")
        answer = shop.ask("DELETE", "/v1/profiles/user:gone")
        assert answer.status == 202
        counts = dict.fromkeys(("identifiers", "homes", "timeline", "deliveries", "groups", "agenda"), int)
        dates = dict.fromkeys(("at", "sweptAgainAt", "lakeRewrittenBy"), ISO)
        assert shaped(answer.json, {"profile": str, "erased": counts, **dates})
        assert shop.ask("GET", "/v1/profiles/email:gone@example.com").status == 404

    def test_in_segments_are_listed(self, shop: Shop) -> None:
        shop.collect(track("buyer", "Order Completed"))
        (segment,) = shop.ask("GET", "/v1/segments").json["segments"]
        assert segment["name"] == "buyers" and segment["members"] >= 1
        members = shop.ask("GET", "/v1/segments/buyers/members?cursor=").json
        assert shaped(members, {"members": [{"id": str, "since": ISO}], "cursor": str})
        assert shop.ask("GET", "/v1/segments/nobody/members").status == 404


class TestThePlaybook:
    def test_is_read_as_it_was_written_or_as_json(self, shop: Shop) -> None:
        written = shop.ask("GET", "/v1/playbook")
        assert written.body.decode() == PLAYBOOK
        assert written.headers["content-type"].startswith("application/yaml")
        assert (
            shop.ask("GET", "/v1/playbook", headers=OPERATOR | {"Accept": "application/json"}).json[
                "playbook"
            ]
            == 1
        )

    def test_has_versions_and_goes_back(self, shop: Shop) -> None:
        before = shop.ask("GET", "/health", headers=NOBODY).json
        assert shaped(before, {"ok": bool, "stage": str, "version": str, "playbook": int})
        assert shop.ask("PUT", "/v1/playbook?check=true", PLAYBOOK.encode()).status == 200
        assert shop.ask("GET", "/health", headers=NOBODY).json == before
        number = shop.publish(PLAYBOOK.replace("The contract", "Another"))
        assert shop.ask("GET", "/health", headers=NOBODY).json["playbook"] == number == before["playbook"] + 1
        versions = shop.ask("GET", "/v1/playbook/versions").json["versions"]
        assert shaped(versions[:1], [{"version": int, "at": ISO, "live": bool, "backfill": str}])
        back = shop.post("/v1/playbook/rollback", {"version": before["playbook"]})
        assert (back.status, back.json) == (200, {"version": before["playbook"]})
        assert shop.ask("GET", "/health", headers=NOBODY).json == before
        assert shop.post("/v1/playbook/rollback", {"version": 99}).status == 404

    def test_is_overruled_by_switches(self, shop: Shop) -> None:
        off = {"sending": True, "channels": {"sms": False}, "messages": {"umbrella": False}}
        assert shop.ask("PUT", "/v1/switches", off).json == off
        assert shop.ask("GET", "/v1/switches").json == off
        told = shop.decide(placement="web.home", userId="switched", explain=True)["explain"]["messages"]
        assert {one["message"]: one.get("reason") for one in told}["umbrella"] == "switched-off"
        shop.switch()


class TestTheLocalStack:
    def test_shows_what_was_sent(self, shop: Shop, ann: str) -> None:
        everything = shop.ask("GET", "/local/mailbox", headers={"Accept": "application/json"}).json
        shape = dict.fromkeys(("channel", "to", "subject", "text", "html", "delivery"), str)
        assert shaped(everything, [{**shape, "headers": dict, "at": ISO}])
        assert [one["at"] for one in everything] == sorted(one["at"] for one in everything)
        letter, text = shop.mail("ann@example.com")[0], shop.mail("+17855550142")[0]
        assert (letter["subject"], letter["text"][0], "€" in letter["html"]) == ("Dämp?", "€", True)
        assert (text["channel"], text["text"]) == ("sms", "Hé")
        assert f"{shop.url}/c/" in letter["text"]

    def test_plays_what_providers_and_customers_say(self, shop: Shop, ann: str) -> None:
        delivery = shop.mail("ann@example.com")[0]["delivery"]
        assert (
            shop.post("/local/feedback", {"delivery": delivery, "event": "Email Opened"}, NOBODY).status
            == 200
        )
        said = {"channel": "sms", "from": "+17855550142", "text": "STOP"}
        assert shop.post("/local/inbound", said, NOBODY).status == 200
        shop.settle()
        profile = shop.ask("GET", ann).json
        assert [one["outcome"] for one in profile["contacts"] if one["delivery"] == delivery] == ["opened"]
        assert profile["permissions"].pop("sms")["*"]["state"] == "denied"
        shop.post("/local/inbound", {**said, "text": "START"}, NOBODY)

    def test_settles_when_all_is_drained(self, shop: Shop) -> None:
        shop.settle()
        shop.post("/v1/batch", {"batch": [track("settled", "One"), track("settled", "Two")]}, WRITE)
        assert shop.post("/local/settle", {}, NOBODY).json == {"settled": True, "events": 2}
        assert shop.profile("user:settled")["activity"].keys() == {"One", "Two"}

    def test_moves_its_clock_forward_only_once_something_was_collected(self, shop: Shop) -> None:
        before = shop.ask("GET", "/local/clock", headers=NOBODY).json["now"]
        after = shop.move_clock(advance="2h")
        assert ISO.fullmatch(before) and after[11:13] != before[11:13]
        answer = shop.post("/local/clock", {"set": before}, NOBODY)
        assert (answer.status, answer.code) == (409, "clock-only-forward")
