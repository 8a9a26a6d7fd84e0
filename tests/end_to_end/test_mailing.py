"""What e-mails lead to, through a running stack: links that machines follow, pictures, permission confirmed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.end_to_end.shop import NOBODY, Shop, opened

PERSON = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
PLAYBOOK = """
playbook: 1
name: Umbrella Shop
timezone: America/Chicago
topics:
  offers: {label: Offers, default: ask}
  news: {label: News, default: assume}
  tips: {label: Tips, labels: {es: Consejos}, default: ask, confirm: double}
senders: {email: "Umbrella Shop <hello@shop.example.com>"}
images: "https://cdn.example.com/crm/"
placements:
  email.slot.main: {channel: email_slot}
moments:
  rain: {event: Rain Started}
  news: {event: News Written}
messages:
  news:
    kind: brand
    topic: news
    moments: [news]
    channels: [email]
    links: {news: "https://shop.example.com/news"}
    variants:
      plain:
        email:
          subject: "News"
          html: '<a href="{{ slot_link.main }}"><img src="{{ slot.main }}" alt="Today"></a> {{ link.news }}'
          text: "News: {{ link.news }}"
  wet:
    kind: brand
    topic: news
    placements: [email.slot.main]
    for: {context: weather.rain_mm, above: 2}
    links: {story: "https://shop.example.com/wet"}
    variants: {plain: {email_slot: {image: wet.png, fallback: shop.png, link: story}}}
  dry:
    kind: brand
    topic: news
    placements: [email.slot.main]
    for: {context: weather.rain_mm, at_most: 2}
    links: {story: "https://shop.example.com/dry"}
    variants: {plain: {email_slot: {image: dry.png, fallback: shop.png, link: story}}}
  umbrella:
    kind: offer
    topic: offers
    moments: [rain]
    channels: [email]
    goal: {did: Email Link Clicked, within: 3d}
    links: {shop: "https://shop.example.com/umbrellas", terms: "https://shop.example.com/terms"}
    variants:
      plain:
        email:
          subject: "Rain"
          html: >-
            <p><a href="{{ link.shop }}">Umbrellas</a> <a href="{{ link.terms }}">Terms</a>
            <a href="{{ link.preferences }}">Choose</a></p>
          text: "Umbrellas: {{ link.shop }} Terms: {{ link.terms }}"
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with opened(PLAYBOOK) as shop:
        yield shop


def rained_on(shop: Shop, name: str) -> dict[str, Any]:
    """The e-mail that a new customer gets as it begins to rain."""
    email = f"{name}@example.com"
    shop.know(name, ("email/offers",), email=email)
    shop.announce("Rain Started", identifiers=[f"user:{name}"])
    return dict(shop.mail(email)[-1])


def every_link(letter: dict[str, Any]) -> list[str]:
    """Each address in an e-mail: its links, its pictures, and those of its headers."""
    told = letter["html"] + letter["text"] + letter["headers"]["List-Unsubscribe"]
    return list(dict.fromkeys(re.findall(r"http://[^\s\"'<>]+", told)))


@pytest.mark.parametrize("later", ["", "20m"], ids=["at once", "later, as a browser"])
def test_a_scanner_that_gets_every_link_changes_nothing_but_machine_counters(shop: Shop, later: str) -> None:
    name = f"scanned{later}"
    letter = rained_on(shop, name)
    if later:
        shop.move_clock(advance=later)
    before = shop.profile(f"user:{name}")
    assert before["contacts"][0]["outcome"] == "delivered"
    addresses = every_link(letter)
    assert {address.removeprefix(shop.url).split("/")[1] for address in addresses} == {"c", "o", "u", "p"}
    for address in addresses:
        assert shop.ask("GET", address, headers=PERSON).status in (200, 302)
    shop.settle()
    assert shop.profile(f"user:{name}") == before
    told = [one for one in shop.timeline(f"user:{name}") if one.get("properties", {}).get("machine")]
    assert sorted(one["event"] for one in told) == [
        "Email Link Clicked",
        "Email Link Clicked",
        "Email Opened",
    ]


def test_a_person_who_reads_and_clicks_counts(shop: Shop) -> None:
    letter = rained_on(shop, "ann")
    shop.move_clock(advance="1m")
    pixel, shop_link = (next(one for one in every_link(letter) if page in one) for page in ("/o/", "/c/"))
    assert shop.ask("GET", pixel, headers=PERSON).headers["content-type"] == "image/gif"
    shop.settle()
    assert shop.profile("user:ann")["contacts"][0]["outcome"] == "opened"
    for _ in range(2):
        assert shop.ask("GET", shop_link, headers=PERSON).status == 302
    shop.settle()
    shown = shop.profile("user:ann")
    assert shown["contacts"][0]["outcome"] == "converted"
    assert shown["activity"]["Email Link Clicked"]["total"] == 1


def test_a_link_that_was_tampered_with_or_is_too_old_is_a_404(shop: Shop) -> None:
    letter = rained_on(shop, "bob")
    good = every_link(letter)
    for address in good:
        changed = address[:-1] + ("A" if address[-1] != "A" else "B")
        assert shop.ask("GET", changed, headers=NOBODY).status == 404
    shop.move_clock(advance="91d")
    assert {shop.ask("GET", address, headers=NOBODY).status for address in good} == {404}


def test_yesterdays_e_mail_shows_todays_weather(shop: Shop) -> None:
    home = {"city": "Topeka", "region": "KS", "country": "US"}
    shop.know("eva", email="eva@example.com", address=home)
    shop.announce("News Written", identifiers=["user:eva"])
    html = shop.mail("eva@example.com")[-1]["html"]
    link, picture = re.findall(r'(?:href|src)="(http[^"]+/(?:c|slot)/[^"]+)"', html)[:2]

    def shows(picture_now: str, link_now: str) -> bool:
        """Asked a few times: on a busy machine deciding may take its 300 ms, and then it is the fallback."""
        for _ in range(10):
            answer = shop.ask("GET", picture, headers=PERSON)
            assert (answer.status, answer.headers["cache-control"]) == (302, "no-store")
            clicked = shop.ask("GET", link, headers=PERSON)
            if (answer.headers["location"], clicked.headers["location"]) == (
                f"https://cdn.example.com/crm/{picture_now}",
                f"https://shop.example.com/{link_now}",
            ):
                return True
        return False

    shop.move_clock(advance="1m")
    assert shows("shop.png", "news")
    shop.announce("Weather", place="us-ks-topeka", facts={"weather": {"rain_mm": 12}})
    assert shows("wet.png", "wet")
    shop.move_clock(advance="20h")
    shop.announce("Weather", place="us-ks-topeka", facts={"weather": {"rain_mm": 0}})
    assert shows("dry.png", "dry")
    shop.move_clock(advance="2d")
    assert shows("shop.png", "news")
    shop.settle()
    given = shop.profile("user:eva")["contacts"]
    assert [(one["message"], one["outcome"]) for one in given] == [("news", "clicked")]


class TestDoubleOptIn:
    def sign_up(self, shop: Shop, name: str, **context: Any) -> list[Any]:
        """A visitor leaves an address and says yes; what that address has received since."""
        email = f"{name}@example.com"
        shop.collect(
            {"type": "identify", "userId": name, "traits": {"email": email}, "context": context},
            {
                "type": "track",
                "userId": name,
                "event": "Permission Granted",
                "properties": {"channel": "email", "topic": "tips"},
                "context": context,
            },
        )
        return shop.mail(email)

    def tips(self, shop: Shop, name: str) -> Any:
        return shop.profile(f"user:{name}")["permissions"]["email"]["tips"]

    def link(self, shop: Shop, letter: dict[str, Any]) -> str:
        found = re.search(rf"{shop.url}/yes/\S+", letter["text"])
        assert found
        return found.group()

    def test_a_yes_counts_once_it_is_confirmed_from_the_address(self, shop: Shop) -> None:
        (letter,) = self.sign_up(shop, "fay")
        assert letter["subject"] == "Please confirm: Tips"
        pending = self.tips(shop, "fay")
        assert (pending["state"], pending["source"]) == ("pending", "confirmation")
        link = self.link(shop, letter)
        for method in ("GET", "HEAD", "GET"):
            assert shop.ask(method, link, headers=NOBODY).status == 200
        assert b"f***@example.com" in shop.ask("GET", link, headers=NOBODY).body
        assert self.tips(shop, "fay") == pending
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert shop.ask("POST", link, b"", form).status == 200
        granted = self.tips(shop, "fay")
        assert (granted["state"], granted["source"]) == ("granted", "confirmation")
        held = shop.ask("GET", "/v1/profiles/user:fay/export").json["stored"]["facts"]["permissions"]
        said = [(one[0], *one[5:]) for one in held["email/tips"].values() if one[3] == "confirmation"]
        (_, wording, address), (_, *same) = said
        assert {state for state, *_ in said} == {"pending", "granted"}
        assert same == [wording, address] and wording.startswith("en-") and len(address) == 24
        assert shop.ask("POST", link, b"", form).status == 200
        assert self.tips(shop, "fay") == granted

    def test_it_is_asked_in_the_customers_language(self, shop: Shop) -> None:
        (letter,) = self.sign_up(shop, "luz", locale="es-MX")
        assert letter["subject"] == "Confirme, por favor: Consejos"
        page = shop.ask("GET", self.link(shop, letter), headers=NOBODY).body.decode()
        assert '<html lang="es">' in page and "Consejos" in page

    def test_an_address_is_asked_once_a_day_whoever_gives_it(self, shop: Shop) -> None:
        assert len(self.sign_up(shop, "gil")) == 1
        shop.move_clock(advance="23h")
        assert len(self.sign_up(shop, "gil")) == 1
        shop.move_clock(advance="2h")
        assert len(self.sign_up(shop, "gil")) == 2

    def test_a_stopped_address_is_not_asked(self, shop: Shop) -> None:
        letter = rained_on(shop, "hal")
        feedback = {"delivery": letter["delivery"], "event": "Email Bounced"}
        assert shop.post("/local/feedback", feedback, NOBODY).status == 200
        shop.settle()
        assert [one["subject"] for one in self.sign_up(shop, "hal")] == ["Rain"]

    def test_a_no_an_erasure_and_a_week_void_the_link(self, shop: Shop) -> None:
        links = {name: self.link(shop, self.sign_up(shop, name)[0]) for name in ("ida", "jon", "kim")}
        shop.permit("ida", "email", "tips", "denied")
        shop.ask("DELETE", "/v1/profiles/user:jon")
        assert [shop.ask("GET", links[name], headers=NOBODY).status for name in links] == [404, 404, 200]
        assert shop.ask("POST", links["ida"], b"").status == 404
        assert self.tips(shop, "ida")["state"] == "denied"
        shop.move_clock(advance="8d")
        assert shop.ask("POST", links["kim"], b"").status == 404
