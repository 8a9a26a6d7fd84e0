"""The rules of the keys, attacked by a stranger who has what every page holds: the write key."""

from __future__ import annotations

import base64
import itertools
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from infra.local.environment import SECRET
from infra.local.stack import OPERATOR_KEY, WRITE_KEY
from tests.end_to_end.shop import NOBODY, OPERATOR, WRITE, Answer, Shop, opened, token, track

EARLIER_SECRET = "the-secret-before"
READER = {"Authorization": "Bearer a-key-that-may-read"}
PLAYBOOK = """\
playbook: 1
name: Attacked
timezone: America/Chicago
topics:
  offers: {label: Offers, default: ask}
placements: {home: {channel: web}}
senders: {email: "Shop <hello@shop.example.com>", sms: {US: "+17855550100"}}
moments:
  rain: {event: Rain Started}
  joined: {event: Club Joined}
  shipped: {event: Order Shipped}
messages:
  on_its_way:
    kind: service
    moments: [shipped]
    channels: [sms, email]
    variants: {plain: {sms: {text: "On its way"}, email: {subject: "On its way", text: "On its way"}}}
  umbrella:
    kind: offer
    topic: offers
    moments: [rain]
    placements: [home]
    channels: [email, sms]
    value: 3
    links: {shop: "https://shop.example.com/{{ traits.path }}"}
    variants:
      plain:
        web: {headline: "Stay dry, {{ traits.firstName | default: 'friend' }}", of: "{{ traits.email }}"}
        sms: {text: "Rain, {{ traits.firstName }}! {{ link.shop }}"}
        email:
          subject: "Rain, {{ traits.firstName }}"
          html: "<p>Dear {{ traits.firstName }}, <a href='{{ link.shop }}'>umbrellas</a></p>"
          text: "Dear {{ traits.firstName }}, {{ link.shop }}"
  welcome:
    kind: service
    moments: [joined]
    channels: [inbox]
    variants: {plain: {inbox: {title: "Welcome {{ traits.firstName }}, {{ traits.email }}"}}}
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TOPEKA_PREVIOUS_SECRET", EARLIER_SECRET)
        with opened(PLAYBOOK) as running:
            from chalicelib import wiring
            from chalicelib.domain.keys import key_hash

            wiring.keys().add(key_hash("a-key-that-may-read"), "operator", ("read",))
            yield running


@dataclass(frozen=True)
class Victim:
    """A customer our server knows, who takes offers by e-mail."""

    id: str
    email: str

    @property
    def proof(self) -> dict[str, str]:
        return {"userId": self.id, "userToken": token(self.id)}


numbers = itertools.count(1)


@pytest.fixture
def vera(shop: Shop) -> Victim:
    number = next(numbers)
    victim = Victim(f"vera-{number}", f"vera{number}@example.com")
    shop.know(victim.id, ("email/offers",), email=victim.email, firstName="Vera")
    return victim


@pytest.fixture
def device(vera: Victim) -> str:
    """The stranger's."""
    return f"device of a stranger to {vera.id}"


def link(shop: Shop, vera: Victim, device: str, **traits: Any) -> None:
    """What anybody may send: this device is that user."""
    shop.collect({"type": "identify", "userId": vera.id, "anonymousId": device, "traits": traits})
    assert shop.profile(f"anonymous:{device}")["id"] == shop.profile(f"user:{vera.id}")["id"]


def rain(shop: Shop, *users: str) -> None:
    shop.announce("Rain Started", identifiers=[f"user:{user}" for user in users])


def inbox(shop: Shop, **who: str) -> Answer:
    return shop.ask("GET", f"/v1/inbox?{urlencode(who)}", headers=WRITE)


def delivered(shop: Shop, vera: Victim) -> str:
    """Something for Vera lies in her inbox; its delivery."""
    shop.collect(track(vera.id, "Club Joined"))
    (item,) = inbox(shop, **vera.proof).json["messages"]
    assert item["content"] == {"title": f"Welcome Vera, {vera.email}"}
    return str(item["delivery"])


class TestAStrangerWhoLinksHimselfToAVictim:
    def test_sees_no_trait(self, shop: Shop, vera: Victim, device: str) -> None:
        link(shop, vera, device)
        shown = shop.decide(WRITE, placement="home", anonymousId=device, explain=True)
        assert shown["messages"][0]["content"] == {"headline": "Stay dry, friend", "of": ""}
        assert "Vera" not in json.dumps(shown) and "explain" not in shown

    def test_sees_no_trait_of_an_offer_that_was_made_to_her(
        self, shop: Shop, vera: Victim, device: str
    ) -> None:
        seen = shop.decide(WRITE, placement="home", **vera.proof)
        assert seen["messages"][0]["content"] == {"headline": "Stay dry, Vera", "of": vera.email}
        link(shop, vera, device)
        shown = shop.decide(WRITE, placement="home", anonymousId=device)
        assert "Vera" not in json.dumps(shown) and vera.email not in json.dumps(shown)

    def test_sees_no_trait_by_her_address_either(self, shop: Shop, vera: Victim, device: str) -> None:
        shop.collect({"type": "identify", "anonymousId": device, "traits": {"email": vera.email}})
        shown = shop.decide(WRITE, placement="home", anonymousId=device)
        assert "Vera" not in json.dumps(shown)

    def test_sees_no_trait_with_a_proof_of_somebody_else(self, shop: Shop, vera: Victim, device: str) -> None:
        link(shop, vera, device)
        mine = {"userId": f"me, not {vera.id}", "userToken": token(f"me, not {vera.id}")}
        shown = shop.decide(WRITE, placement="home", anonymousId=device, **mine)
        assert "Vera" not in json.dumps(shown)
        assert inbox(shop, anonymousId=device, **mine).json == {"messages": []}

    def test_sees_no_inbox_item_and_can_mark_none(self, shop: Shop, vera: Victim, device: str) -> None:
        link(shop, vera, device)
        delivery = delivered(shop, vera)
        assert inbox(shop, anonymousId=device).json == {"messages": []}
        for done in ("seen", "dismissed"):
            answer = shop.post(f"/v1/inbox/{delivery}/{done}", {"anonymousId": device}, WRITE)
            assert (answer.status, answer.code) == (404, "not-found")
        (item,) = inbox(shop, **vera.proof).json["messages"]
        assert item["seen"] is False

    def test_sees_all_of_it_once_the_link_is_proven(self, shop: Shop, vera: Victim, device: str) -> None:
        """What the rule is not: a device whose owner proved herself on it is hers."""
        link(shop, vera, device)
        delivered(shop, vera)
        proven = {"context": {"userToken": token(vera.id)}}
        shop.collect({"type": "identify", "userId": vera.id, "anonymousId": device, **proven})
        shown = shop.decide(WRITE, placement="home", anonymousId=device)
        assert shown["messages"][0]["content"]["headline"] == "Stay dry, Vera"
        assert len(inbox(shop, anonymousId=device).json["messages"]) == 1

    @pytest.mark.parametrize(
        "where", ["traits", "context", "a track call", "before the link", "another user of his"]
    )
    def test_diverts_no_mail(self, shop: Shop, vera: Victim, device: str, where: str) -> None:
        his = f"stranger.to.{vera.id}@example.com"
        mine = {"email": his, "phone": f"+1785555{next(numbers):04}"}
        if where == "traits":
            link(shop, vera, device, **mine)
        elif where == "context":
            shop.collect({"type": "identify", "userId": vera.id, "context": {"traits": mine}})
        elif where == "a track call":
            shop.collect(track(vera.id, "Seen") | {"traits": mine, "context": {"traits": mine}})
        elif where == "before the link":
            shop.collect({"type": "identify", "anonymousId": device, "traits": mine})
            link(shop, vera, device)
        else:
            shop.collect({"type": "identify", "userId": f"not {vera.id}", "traits": mine})
            shop.collect({"type": "alias", "userId": vera.id, "previousId": f"not {vera.id}"})
            shop.collect({"type": "alias", "userId": f"not {vera.id}", "previousId": vera.id})
        rain(shop, vera.id)
        assert [letter["subject"] for letter in shop.mail(vera.email)] == ["Rain, Vera"]
        assert shop.mail(his) == [] and shop.mail(mine["phone"]) == []

    def test_diverts_no_message_by_a_channel_she_has_no_address_on(
        self, shop: Shop, vera: Victim, device: str
    ) -> None:
        """Her server proved her e-mail and knows no phone: his number does not become hers."""
        his = f"+1785555{next(numbers):04}"
        link(shop, vera, device, phone=his)
        shop.collect(track(vera.id, "Order Shipped"))
        assert shop.mail(his) == []
        assert [letter["subject"] for letter in shop.mail(vera.email)] == ["On its way"]

    def test_puts_nothing_into_her_mail_but_text(self, shop: Shop, vera: Victim, device: str) -> None:
        """Traits other than addresses are his to set; they are never markup, template or header."""
        name = "<img src=x>{{ traits.email }}\r\nBcc: stranger@example.com\r\n\r\nx"
        link(shop, vera, device, firstName=name, path="@evil.example.com/../\r\nX: y")
        rain(shop, vera.id)
        (letter,) = shop.mail(vera.email)
        assert "Bcc" not in letter["headers"] and "X" not in letter["headers"]
        assert "<img src=x" not in letter["html"] and "&lt;img src=x" in letter["html"]
        assert "{{ traits.email }}" in letter["text"]
        went = shop.ask("GET", links(letter)["c"], headers=NOBODY)
        assert went.status == 302
        assert went.headers["location"].startswith("https://shop.example.com/")
        assert "x" not in went.headers

    def test_cannot_grant_a_permission_for_her_address(self, shop: Shop, device: str) -> None:
        careful = Victim(f"careful {device}", f"careful{next(numbers)}@example.com")
        shop.know(careful.id, email=careful.email, firstName="Vera")
        link(shop, careful, device)
        granted = {"channel": "email", "topic": "offers"}
        forged = {**granted, "source": "operator", "proven": True, "state": "granted"}
        for who in ({"userId": careful.id}, {"anonymousId": device}):
            shop.collect({"type": "track", "event": "Permission Granted", "properties": forged, **who})
        rain(shop, careful.id)
        assert shop.mail(careful.email) == []
        shop.collect(
            track(careful.id, "Permission Granted", **granted) | {"context": {"userToken": token(careful.id)}}
        )
        rain(shop, careful.id)
        assert len(shop.mail(careful.email)) == 1


RESERVED = [
    "Email Delivered", "Email Opened", "Email Link Clicked", "Email Bounced", "Email Marked as Spam", "Email Anything",
    "Sms Delivered", "Sms Bounced", "Unsubscribed", "Topeka Permission Set", "Topeka Wait Ended", "Topeka Woken",
    "Topeka Playbook Published",
]  # fmt: skip


@pytest.mark.parametrize("name", RESERVED)
def test_our_own_events_are_nobody_elses_to_send(shop: Shop, vera: Victim, name: str) -> None:
    forged = track(
        vera.id, name, channel="email", topic="*", state="denied", address=vera.email, type="Permanent"
    )
    for path in ("/v1/track", "/v1/t"):
        answer = shop.post(path, forged, WRITE)
        assert (answer.status, answer.code) == (400, "reserved-event")
    answer = shop.post("/v1/batch", {"batch": [forged]}, WRITE)
    assert [one["code"] for one in answer.json["rejected"]] == ["reserved-event"]
    assert shop.post("/v1/page", {**forged, "type": "track"}, WRITE).status == 200
    shop.settle()
    rain(shop, vera.id)
    assert len(shop.mail(vera.email)) == 1


class TestAnOperatorsMoment:
    def test_keeps_its_id_from_whoever_guesses_it(self, shop: Shop, vera: Victim) -> None:
        profile = shop.profile(f"user:{vera.id}")["id"]
        guessed = f"moment:storm-{vera.id}:{profile}"
        answer = shop.post("/v1/track", track(vera.id, "Rain Started") | {"messageId": guessed}, WRITE)
        assert (answer.status, answer.code) == (400, "reserved-message-id")
        shop.announce("Rain Started", identifiers=[f"user:{vera.id}"], id=f"storm-{vera.id}")
        assert len(shop.mail(vera.email)) == 1

    def test_is_told_from_a_customers_event_of_its_name(self, shop: Shop, vera: Victim) -> None:
        forged = {"origin": "moment", "proven": True, "profile": shop.profile(f"user:{vera.id}")["id"]}
        where = {"place": "us-fl-tampa", "moment": "storm"}
        shop.collect(track(vera.id, "Rain Started", **where) | forged | {"userId": f"forger of {vera.id}"})
        (event,) = shop.timeline(f"user:forger of {vera.id}")
        assert (event.get("origin", "client"), event.get("proven", False)) == ("client", False)
        shop.announce("Rain Started", identifiers=[f"user:{vera.id}"])
        told = [
            event["origin"]
            for event in shop.timeline(f"user:{vera.id}")
            if event.get("event") == "Rain Started"
        ]
        assert told == ["moment"]


class TestAnOutcome:
    def outcome(self, shop: Shop, user: str) -> list[str]:
        return [state for _, channel, state in shop.contacts(user) if channel == "web"]

    def test_of_anothers_decision_does_not_count(self, shop: Shop, vera: Victim) -> None:
        decision = shop.decide(WRITE, placement="home", **vera.proof)["decision"]
        before = self.outcome(shop, vera.id)
        for name in ("Viewed", "Clicked", "Dismissed", "Converted"):
            shop.collect(track(f"not {vera.id}", f"Message {name}", decision=decision, message="umbrella"))
        assert self.outcome(shop, vera.id) == before
        assert shop.profile(f"user:not {vera.id}")["contacts"] == []

    def test_counts_once_and_never_goes_back(self, shop: Shop, vera: Victim) -> None:
        decision = shop.decide(WRITE, placement="home", **vera.proof)["decision"]
        for name in ("Viewed", "Clicked", "Clicked", "Viewed"):
            shop.collect(track(vera.id, f"Message {name}", decision=decision))
        assert self.outcome(shop, vera.id) == ["clicked"]


class TestAUserId:
    @pytest.mark.parametrize(
        "proof", ["none", "empty", "another user's", "cut off", "not a text", "upper case and more"]
    )
    def test_is_nothing_without_its_token(self, shop: Shop, vera: Victim, proof: str) -> None:
        sent: Any = {
            "none": None, "empty": "", "another user's": token("bob"), "cut off": token(vera.id)[:-1],
            "not a text": "ä☂", "upper case and more": token(vera.id).upper() + "0",
        }[proof]  # fmt: skip
        who = {"userId": vera.id, "userToken": sent}
        text = {name: value for name, value in who.items() if value is not None}
        answers = [
            shop.post("/v1/decide", {"placement": "home", **who}, WRITE),
            inbox(shop, **text),
            shop.post("/v1/inbox/m_x/seen", who, WRITE),
            shop.post("/v1/inbox/m_x/dismissed", who, WRITE),
        ]
        assert {(answer.status, answer.code) for answer in answers} == {(403, "unproven-user")}

    def test_is_proven_under_the_secret_and_the_one_before(self, shop: Shop, vera: Victim) -> None:
        for secret in (SECRET, EARLIER_SECRET):
            shown = shop.decide(WRITE, placement="home", userId=vera.id, userToken=token(vera.id, secret))
            assert shown["messages"][0]["content"]["headline"] == "Stay dry, Vera"
        wrong = {"userId": vera.id, "userToken": token(vera.id, "no secret of ours")}
        assert shop.post("/v1/decide", {"placement": "home", **wrong}, WRITE).status == 403

    def test_needs_none_from_an_operator(self, shop: Shop, vera: Victim) -> None:
        shown = shop.decide(OPERATOR, placement="home", userId=vera.id)
        assert shown["messages"][0]["content"]["headline"] == "Stay dry, Vera"

    def test_opens_no_inbox_but_its_own(self, shop: Shop, vera: Victim) -> None:
        delivery = delivered(shop, vera)
        mallory = {"userId": "mallory", "userToken": token("mallory")}
        shop.know("mallory")
        assert inbox(shop, **mallory).json == {"messages": []}
        assert shop.post(f"/v1/inbox/{delivery}/seen", mallory, WRITE).status == 404
        assert shop.post(f"/v1/inbox/{delivery}/seen", vera.proof, WRITE).status == 200


def basic(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


class TestAKey:
    def test_may_stand_in_the_header_or_in_the_body(self, shop: Shop) -> None:
        event = track("ann", "Seen")
        assert shop.post("/v1/track", event, basic(WRITE_KEY)).status == 200
        assert shop.post("/v1/track", {**event, "writeKey": WRITE_KEY}, NOBODY).status == 200
        assert shop.post("/v1/batch", {"batch": [event], "writeKey": WRITE_KEY}, NOBODY).status == 200
        decide = {"placement": "home", "anonymousId": "a", "writeKey": WRITE_KEY}
        assert shop.post("/v1/decide", decide, NOBODY).status == 200

    def test_in_the_header_is_the_one_that_counts(self, shop: Shop) -> None:
        event = {**track("ann", "Seen"), "writeKey": WRITE_KEY}
        assert shop.post("/v1/track", event, basic("not-a-key")).status == 401

    @pytest.mark.parametrize(
        "headers",
        [NOBODY, basic("not-a-key"), basic(""), {"Authorization": "Bearer not-a-key"}, {"Authorization": "Bearer "},
         {"Authorization": "Basic ***"}, {"Authorization": OPERATOR_KEY}, {"Authorization": "Basic \u00ff"}],
        ids=lambda each: each.get("Authorization", "none"),
    )  # fmt: skip
    def test_that_nobody_has_is_a_401_everywhere(self, shop: Shop, headers: dict[str, str]) -> None:
        statuses = {(method, path): shop.ask(method, path, {}, headers).status for method, path in routes()}
        assert set(statuses.values()) == {401}, statuses

    def test_of_a_page_opens_nothing_of_the_operators(self, shop: Shop) -> None:
        refused = [(method, path) for method, path in routes() if not is_public(path)]
        answers = {(method, path): shop.ask(method, path, {}, WRITE) for method, path in refused}
        assert {(answer.status, answer.code) for answer in answers.values()} == {(403, "missing-scope")}, (
            answers
        )
        assert len(refused) >= 17

    def test_of_a_page_reads_no_profile_by_naming_it_in_the_body(self, shop: Shop, vera: Victim) -> None:
        asked = {"placement": "home", "identifier": f"email:{vera.email}", "anonymousId": "a stranger's"}
        shown = shop.decide(WRITE, **asked)
        assert "Vera" not in json.dumps(shown)
        assert (
            shop.post("/v1/decide", {"placement": "home", "identifier": f"user:{vera.id}"}, WRITE).status
            == 400
        )

    def test_with_one_scope_has_only_that(self, shop: Shop, vera: Victim) -> None:
        assert shop.ask("GET", f"/v1/profiles/user:{vera.id}", headers=READER).status == 200
        for method, path, body in (
            ("DELETE", f"/v1/profiles/user:{vera.id}", None),
            ("PUT", f"/v1/profiles/user:{vera.id}/permissions", {}),
            ("GET", "/v1/playbook", None), ("PUT", "/v1/playbook", b"x"), ("PUT", "/v1/switches", {}),
            ("POST", "/v1/moments", {"name": "Rain Started", "identifiers": []}),
            ("POST", "/v1/decide", {"placement": "home", "userId": vera.id}), ("POST", "/v1/track", track("a", "b")),
            ("GET", "/v1/inbox?userId=a", None),
        ):  # fmt: skip
            answer = shop.ask(method, path, body, READER)
            assert (answer.status, answer.code) == (403, "missing-scope"), path

    def test_is_stored_only_as_its_hash(self, shop: Shop, vera: Victim) -> None:
        """Nor is a proof stored, or the secret: not in any table."""
        shop.collect(track(vera.id, "Seen") | {"context": {"userToken": token(vera.id)}})
        refused = {"userId": vera.id, "event": 7, "context": {"userToken": token(vera.id)}}
        for key in (OPERATOR_KEY, WRITE_KEY):
            assert shop.post("/v1/track", {**refused, "writeKey": key}, NOBODY).status == 400
        shop.settle()
        held = everything_stored()
        assert vera.id.encode() in held and vera.email.encode() in held
        for secret in (
            OPERATOR_KEY,
            WRITE_KEY,
            "a-key-that-may-read",
            SECRET,
            EARLIER_SECRET,
            token(vera.id),
        ):
            assert secret.encode() not in held


def routes() -> list[tuple[str, str]]:
    """Every route that takes a key."""
    from app import app

    keyless = ("/health", "/c/", "/o/", "/u/", "/p/", "/slot/", "/yes/", "/v1/projects/")
    return [
        (method, re.sub(r"{\w+}", "user:ann", path))
        for path, methods in app.routes.items()
        if not path.startswith(keyless)
        for method in methods
    ]


def is_public(path: str) -> bool:
    calls = r"(identify|track|page|screen|group|alias|batch|i|t|p|s|g|a|b)"
    return re.fullmatch(rf"/v1/({calls}|decide|inbox(/.*)?)", path) is not None


def everything_stored() -> bytes:
    """Every item of every table, with what is compressed in it opened."""
    from chalicelib import wiring

    client = wiring.client("dynamodb")
    found = []
    for table in client.list_tables()["TableNames"]:
        for page in client.get_paginator("scan").paginate(TableName=table):
            found += [opened_values(item) for item in page["Items"]]
    return b"\n".join(found)


def opened_values(item: Any) -> bytes:
    """Values as text; bytes as a profile's document, as effects, as a zlib stream, or as they are."""
    from chalicelib.domain.document import text_of
    from chalicelib.domain.squeezing import EFFECTS

    said = [json.dumps({name: value for name, value in item.items() if "B" not in value}).encode()]
    for name, raw in [(name, value["B"]) for name, value in item.items() if "B" in value]:
        squeezed = text_of if name == "doc" else EFFECTS.text_of
        said.append(squeezed(raw) if raw[:1] in b"{\1" else zlib.decompress(raw) if raw[:1] == b"x" else raw)
    return b" ".join(said)


class TestAnError:
    def test_is_the_same_for_a_victim_and_for_nobody(self, shop: Shop, vera: Victim) -> None:
        for path in ("/v1/decide", "/v1/inbox/m_x/seen"):
            known = shop.post(path, {"placement": "home", "userId": vera.id, "userToken": "x"}, WRITE)
            unknown = shop.post(
                path, {"placement": "home", "userId": "no such user", "userToken": "x"}, WRITE
            )
            assert (known.status, known.body) == (unknown.status, unknown.body)

    def test_repeats_no_secret_and_no_one_elses_data(self, shop: Shop, vera: Victim) -> None:
        secret = "correct-horse-battery-staple"
        answers = [
            shop.ask("GET", f"/v1/profiles/user:{vera.id}", headers={"Authorization": f"Bearer {secret}"}),
            shop.ask("GET", f"/v1/profiles/user:{vera.id}", headers=WRITE),
            shop.post("/v1/track", {"writeKey": secret}, NOBODY),
            shop.post("/v1/track", {"event": 7, "userId": vera.id, "context": {"userToken": secret}}, WRITE),
            shop.post("/v1/decide", {"placement": "home", "userId": vera.id, "userToken": secret}, WRITE),
            shop.post("/v1/decide", {"placement": 7, "userId": vera.id, "userToken": secret}, WRITE),
            shop.ask("GET", f"/v1/projects/{secret}/settings", headers=NOBODY),
            shop.ask("GET", f"/c/1{secret}", headers=NOBODY),
        ]
        assert all(answer.status in (400, 401, 403, 404) for answer in answers)
        told = b" ".join(answer.body for answer in answers)
        for hidden in (secret, vera.id, "Vera", vera.email, "Traceback", SECRET, OPERATOR_KEY):
            assert hidden.encode() not in told


def links(letter: Any) -> dict[str, str]:
    """The links of a letter by the first letter of their path: click, unsubscribe, preferences, open."""
    text = letter["html"] + letter["text"] + json.dumps(letter["headers"])
    return {path[0]: address for address, path in re.findall(r"(http://127\.0\.0\.1:\d+/(\w+)/[\w-]+)", text)}


class TestALinkOfALetter:
    @pytest.fixture
    def letter(self, shop: Shop, vera: Victim) -> Any:
        rain(shop, vera.id)
        return shop.mail(vera.email)[-1]

    def test_works_only_as_it_was_signed(self, shop: Shop, letter: Any) -> None:
        for address in links(letter).values():
            assert shop.ask("GET", address, headers=NOBODY).status in (200, 302)
            head, _, signed = address.rpartition("/")
            for place in (0, 1, len(signed) // 2, len(signed) - 1):
                other = "B" if signed[place] != "B" else "C"
                tampered = f"{head}/{signed[:place]}{other}{signed[place + 1 :]}"
                assert shop.ask("GET", tampered, headers=NOBODY).status == 404
            for changed in (signed[:-1], signed + "A", signed + "=", signed[1:], "1", signed * 2):
                assert shop.ask("GET", f"{head}/{changed}", headers=NOBODY).status == 404

    def test_is_for_its_own_page_alone(self, shop: Shop, letter: Any) -> None:
        found = links(letter)
        assert found.keys() >= {"c", "o", "u"}
        for page, address in itertools.product("coup", found.values()):
            signed = address.rpartition("/")[2]
            if f"/{page}/{signed}" not in address:
                assert shop.ask("GET", f"/{page}/{signed}", headers=NOBODY).status == 404
                assert shop.ask("POST", f"/{page}/{signed}", b"", NOBODY).status == 404

    def test_that_is_forged_stops_nobodys_mail(self, shop: Shop, vera: Victim, letter: Any) -> None:
        head, _, signed = links(letter)["u"].rpartition("/")
        assert (
            shop.ask("POST", f"{head}/{signed[:-2]}AA", b"List-Unsubscribe=One-Click", NOBODY).status == 404
        )
        assert shop.ask("GET", links(letter)["u"], headers=NOBODY).status == 200
        rain(shop, vera.id)
        assert len(shop.mail(vera.email)) == 2

    def test_ends(self, shop: Shop, letter: Any) -> None:
        """Unsubscribing must work for 60 days; one day a link is over."""
        unsubscribe = links(letter)["u"]
        shop.move_clock(advance="60d")
        assert shop.ask("GET", unsubscribe, headers=NOBODY).status == 200
        shop.move_clock(advance="31d")
        for address in links(letter).values():
            assert shop.ask("GET", address, headers=NOBODY).status == 404
