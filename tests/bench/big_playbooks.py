"""Large playbooks, made up: conditions of every form, variants, and MJML or HTML in a part of them."""

from __future__ import annotations

import random
from typing import Any

_CITIES = ("Topeka", "Wichita", "Lawrence", "Salina", "Hays", "Emporia", "Dodge City")
_GOODS = ("umbrella", "sun hat", "rain coat", "boots", "scarf", "sunglasses", "gloves")
_EVENTS = ("Product Viewed", "Product Added", "Order Completed", "Cart Updated", "Signed In")
_HEAD: dict[str, Any] = {
    "playbook": 1,
    "name": "Large",
    "timezone": "America/Chicago",
    "topics": {f"topic{n}": {"label": f"Topic {n}", "default": "assume"} for n in range(8)},
    "placements": {
        **{f"web.place{n}": {"channel": "web"} for n in range(20)},
        "callcentre.next": {"channel": "callcentre"},
    },
    "segments": {
        f"segment{n}": {"did": _EVENTS[n % 5], "at_least": 1 + n % 4, "within": f"{7 + n}d"}
        for n in range(30)
    },
    "moments": {f"moment{n}": {"event": f"Event {n}"} for n in range(30)},
}


def text_of(count: int) -> str:
    """A playbook of so many messages, about 580 bytes of YAML each. The same text for the same count.

    One message in twenty has an e-mail in MJML, one in twenty one in HTML, one in eight a second variant.
    """
    import yaml

    chance = random.Random(count)
    document = {**_HEAD, "messages": {f"message{n}": _message(n, chance) for n in range(count)}}
    return yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, default_flow_style=None, width=200)


def _message(number: int, chance: random.Random) -> dict[str, Any]:
    goods = chance.choice(_GOODS)
    email = {0: "mjml", 10: "html"}.get(number % 20)
    message: dict[str, Any] = {
        "kind": "offer",
        "topic": f"topic{number % 8}",
        "moments": [f"moment{chance.randrange(30)}"],
        "placements": [f"web.place{chance.randrange(20)}"],
        "channels": ["email", "sms"] if email else ["sms"],
        "for": {"all": [_condition(number, chance) for _ in range(3)]},
        "value": round(chance.random() * 9 + 1, 2),
        "links": {"shop": f"https://shop.example.com/{number}"},
        "variants": {"plain": _variant(goods, number, email)},
    }
    if number % 5 == 0:
        message["goal"] = {"did": "Order Completed", "where": [_is_of(goods)], "within": "3d"}
    if number % 8 == 1:
        message["variants"]["cheerful"] = _variant(goods, number, None)
    return message


def _condition(number: int, chance: random.Random) -> dict[str, Any]:
    forms: list[dict[str, Any]] = [
        {"trait": "plan", "is": f"plan{chance.randrange(40)}"},
        {"trait": "visits", "above": chance.randrange(50)},
        {"trait": "city", "in": sorted(chance.sample(_CITIES, 2))},
        {"trait": f"trait{chance.randrange(300)}", "starts_with": chance.choice(_CITIES)[:3]},
        {"context": "weather.rain_mm", "at_least": chance.randrange(20)},
        {"not": {"segment": f"segment{chance.randrange(30)}"}},
        {"any": [{"trait": "vip", "is": True}, {"trait": "orders", "at_least": chance.randrange(30)}]},
        {"did": chance.choice(_EVENTS), "at_least": chance.randrange(1, 9), "within": f"{chance.randrange(1, 60)}d"},
        {"did": "Product Viewed", "where": [_is_of(chance.choice(_GOODS))], "within": "30d"},
        {"not": {"received": f"message{(number + 1) % max(2, number)}", "within": "7d"}},
    ]  # fmt: skip
    return chance.choice(forms)


def _is_of(goods: str) -> dict[str, str]:
    return {"property": "category", "is": goods}


def _variant(goods: str, number: int, email: str | None) -> dict[str, Any]:
    said: dict[str, Any] = {
        "sms": {"text": f"{{{{ traits.firstName }}}}, {number} % off every {goods}: {{{{ link.shop }}}}"},
        "web": {"headline": f"Offer {number} in {{{{ place.city }}}}"},
    }  # fmt: skip
    if email:
        said["email"] = {
            "subject": f"A {goods} for {{{{ traits.firstName }}}}?",
            email: _body(goods, number, email),
        }
    return said


def _body(goods: str, number: int, form: str) -> str:
    first = f"It rains in {{{{ place.city }}}}: every {goods} has a price of its own."
    second = f"Offer {number}, {{{{ traits.firstName }}}}."
    if form == "html":
        button = '<a href="{{ link.shop }}">Shop</a>'
        return f"<html><body><h1>{first}</h1><p>{second}</p>{button}</body></html>"
    button = '<mj-button href="{{ link.shop }}">Shop</mj-button>'
    column = f"<mj-column><mj-text>{first}</mj-text><mj-text>{second}</mj-text>{button}</mj-column>"
    return f"<mjml><mj-body><mj-section>{column}</mj-section></mj-body></mjml>"
