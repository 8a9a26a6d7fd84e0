"""What a message says to one customer: Liquid, languages, pictures, tracked links, senders."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.marketing import HEAD, MOMENTS, TOPEKA, faults, heard, know, mailbox, shown
from tests.end_to_end.shop import NOBODY, Shop, opened, track

NAME = "Ann\r\nBcc: evil@example.com <b> {{ traits.email }}"
PLAYBOOK = f"""{HEAD}{MOMENTS}messages:
  rain:
    topic: news
    moments: [one]
    placements: [home, slot]
    channels: [email]
    links: {{shop: "https://shop.example.com/u?for={{{{ traits.who }}}}"}}
    variants:
      plain:
        email:
          subject: "{{{{ traits.firstName }}}} in {{{{ place.city }}}}"
          mjml: "<mjml><mj-body><mj-section><mj-column><mj-text>Dear {{{{ traits.firstName }}}},
            {{{{ context.weather.rain_mm }}}} mm, {{{{ event.properties.sku | upcase }}}}</mj-text>
            <mj-button href='{{{{ link.shop }}}}'>Go</mj-button></mj-column></mj-section></mj-body></mjml>"
          text: "Dear {{{{ traits.nick | default: 'friend' }}}}: {{{{ link.shop }}}}"
        web:
          image: umbrella.png
          headline: "Dear {{{{ traits.firstName }}}}"
          more: [{{image: "https://elsewhere.example.com/x.png", link: shop}}, {{image: deep/y.png}}]
        email_slot: {{image: slot.png, fallback: none.png, link: shop}}
        locales: {{es: {{web: {{headline: "Querida"}}}}}}
  text:
    kind: service
    moments: [two]
    channels: [sms]
    links: {{shop: "https://shop.example.com/s"}}
    variants:
      plain:
        sms: {{text: "Rain: {{{{ link.shop }}}}"}}
        locales: {{es: {{sms: {{text: "Lluvia: {{{{ link.shop }}}}"}}}}}}
  endless:
    topic: news
    placements: [desk]
    value: 9
    variants: {{plain: {{callcentre: {{say: "{{% for i in (1..traits.n) %}}a{{% endfor %}}"}}}}}}
  other: {{topic: news, placements: [desk], variants: {{plain: {{callcentre: {{say: hello}}}}}}}}
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with opened(PLAYBOOK) as running:
        know(running, "ann", firstName=NAME, who="Mary Ann", n=99_999_999)
        yield running


def followed(shop: Shop, link: str) -> str:
    """Where a link leads."""
    answer = shop.ask("GET", link, headers=NOBODY)
    assert answer.status == 302
    shop.settle()
    return answer.headers["location"]


def test_an_email_is_filled_in_escaped_and_tracked(shop: Shop) -> None:
    context = {**TOPEKA, "weather": {"rain_mm": 3}}
    shop.collect({**track("ann", "One", sku="<i>"), "context": context})
    letter = shop.mail(mailbox("ann"))[0]

    assert letter["headers"]["From"] == "Umbrella Shop <hello@shop.example.com>"
    assert "Bcc" not in letter["headers"]
    assert letter["subject"].startswith("Ann") and letter["subject"].endswith("{{ traits.email }} in Topeka")
    assert "&lt;b&gt; {{ traits.email }}" in letter["html"]
    assert "3 mm, &lt;I&gt;" in letter["html"]
    greeting, link = letter["text"].split()[1:3]
    assert greeting == "friend:"
    shop.move_clock(advance="1m")  # who clicks at once is a machine
    assert followed(shop, link) == "https://shop.example.com/u?for=Mary%20Ann"
    assert shop.contacts("ann")[0] == ("rain", "email", "clicked")


def test_pictures_and_links_of_what_is_shown_are_whole_addresses(shop: Shop) -> None:
    know(shop, "bea", who="Bea")
    content = shop.decide(userId="bea", placement="home")["messages"][0]["content"]
    slot = shop.decide(userId="bea", placement="slot")["messages"][0]["content"]

    assert content["image"] == "https://cdn.example.com/crm/umbrella.png"
    assert content["more"][0]["image"] == "https://elsewhere.example.com/x.png"
    assert content["more"][1]["image"] == "https://cdn.example.com/crm/deep/y.png"
    assert followed(shop, content["more"][0]["link"]) == "https://shop.example.com/u?for=Bea"
    assert slot["image"] == "https://cdn.example.com/crm/slot.png"
    assert slot["fallback"] == "https://cdn.example.com/crm/none.png"
    assert followed(shop, slot["link"]) == "https://shop.example.com/u?for=Bea"


def test_a_simulation_shows_the_same_whole_addresses(shop: Shop) -> None:
    asked = {"profile": {"traits": {"who": "Cy"}}, "moment": {"placement": "slot"}}
    content = shop.post("/v1/simulate", asked).json["messages"][0]["content"]
    assert content["image"] == "https://cdn.example.com/crm/slot.png"
    assert content["link"].startswith("https://shop.example.com/u")


def test_the_customers_language_is_spoken_where_the_playbook_has_it(shop: Shop) -> None:
    know(shop, "eva")
    shop.collect({**track("eva", "Two"), "context": {"locale": "es-MX"}})
    text = shop.mail(shop.profile("user:eva")["traits"]["phone"])[0]["text"]
    assert text.startswith("Lluvia: ")
    assert followed(shop, text.split()[1]) == "https://shop.example.com/s"
    assert shop.decide(userId="eva", placement="home")["messages"][0]["content"] == {"headline": "Querida"}


def test_a_template_that_fails_for_a_customer_leaves_the_next_best(shop: Shop) -> None:
    assert shown(shop, "ann", "desk") == ["other"]
    asked = {"identifier": "user:ann", "moment": {"placement": "desk"}}
    know(shop, "dan", n=99_999_999)
    told = shop.post("/v1/simulate", {**asked, "identifier": "user:dan"}).json
    assert [one["message"] for one in told["messages"]] == ["other"]
    reasons = {one["message"]: one.get("reason") for one in told["explain"]["messages"]}
    assert reasons == {"other": None, "endless": "template-failed"}


def test_a_playbook_without_a_sender_still_writes(shop: Shop) -> None:
    senders = next(line for line in PLAYBOOK.splitlines() if line.startswith("senders:"))
    shop.publish(PLAYBOOK.replace(senders, ""))
    know(shop, "fay")
    shop.collect(track("fay", "One"))
    shop.publish(PLAYBOOK)
    assert heard(shop, "fay") == ["rain/email"]
    assert shop.mail(mailbox("fay"))[0]["headers"]["From"] == "no-reply@localhost"


def test_the_ways_to_leave_can_be_named_but_not_declared(shop: Shop) -> None:
    left = "{{ link.unsubscribe }} {{ link.preferences }}"
    words = f"variants: {{plain: {{email: {{subject: s, text: '{left}'}}}}}}"
    leaving = f"  leave: {{kind: brand, topic: news, moments: [one], channels: [email], {words}}}\n"
    shop.publish(f"{HEAD}{MOMENTS}messages:\n{leaving}")
    know(shop, "gus")
    shop.collect(track("gus", "One"))
    shop.publish(PLAYBOOK)
    unsubscribe, preferences = shop.mail(mailbox("gus"))[0]["text"].split()
    assert [shop.ask("GET", link, headers=NOBODY).status for link in (unsubscribe, preferences)] == [200, 200]
    assert shop.mail(mailbox("gus"))[0]["headers"]["List-Unsubscribe"] == f"<{unsubscribe}>"

    declared = leaving.replace("variants:", "links: {unsubscribe: 'https://shop.example.com/'}, variants:")
    told = faults(shop, f"{HEAD}{MOMENTS}messages:\n{declared}")
    assert [one["path"] for one in told] == ["messages.leave.links.unsubscribe"]
