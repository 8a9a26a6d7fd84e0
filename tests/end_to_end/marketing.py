"""Short playbooks as a marketer would write them, and what their tests ask of the shop."""

from __future__ import annotations

from typing import Any

from tests.end_to_end.shop import OPERATOR, Shop

HEAD = """\
playbook: 1
name: Shop
timezone: America/Chicago
topics:
  offers: {label: Offers, default: ask}
  news: {label: News, default: assume}
  deals: {label: Deals, default: ask, confirm: double}
placements: {home: {channel: web}, desk: {channel: callcentre}, slot: {channel: email_slot}}
senders: {email: "Umbrella Shop <hello@shop.example.com>", sms: {US: "+17855550100"}}
images: https://cdn.example.com/crm
stop_words: {es: [baja, alto]}
"""
MOMENTS = "moments: {one: {event: One}, two: {event: Two}, three: {event: Three}}\n"
TOPEKA = {
    "location": {"city": "Topeka", "region": "KS", "country": "US"},
    "timezone": "America/Chicago",
}


def message(name: str, moment: str = "", **fields: str) -> str:
    """A message that says its own name on every channel; `fields` as the playbook writes them."""
    said = {
        "topic": "news",
        "channels": "[email]",
        **({"moments": f"[{moment}]"} if moment else {}),
        **fields,
    }
    words = (
        f"{{email: {{subject: {name}, text: {name}}}, sms: {{text: {name}}}, web: {{says: {name}}},"
        f" callcentre: {{say: {name}}}, push: {{title: {name}, body: {name}}}}}"
    )
    listed = ", ".join(f"{key.rstrip('_')}: {value}" for key, value in said.items())
    return f"  {name}: {{{listed}, variants: {{plain: {words}}}}}\n"


def book(*messages: str, more: str = "", moments: str = MOMENTS) -> str:
    """A playbook of these messages."""
    return f"{HEAD}{more}{moments}messages:\n{''.join(messages)}"


def know(shop: Shop, user_id: str, *topics: str, **traits: Any) -> None:
    """A customer with an e-mail address and a phone."""
    number = sum(ord(letter) * 31**at for at, letter in enumerate(user_id)) % 10_000
    shop.know(user_id, topics, email=mailbox(user_id), phone=f"+1785555{number:04d}", **traits)


def mailbox(user_id: str) -> str:
    """Where the customer's e-mail goes."""
    return f"{user_id}@example.com"


def subjects(shop: Shop, user_id: str) -> list[str]:
    """What the customer was written, oldest first."""
    return [letter["subject"] for letter in shop.mail(mailbox(user_id))]


def heard(shop: Shop, user_id: str) -> list[str]:
    """The customer's contacts, oldest first, as `message/channel`."""
    return [f"{message}/{channel}" for message, channel, _ in shop.contacts(user_id)]


def shown(shop: Shop, user_id: str, placement: str = "home", **asked: Any) -> list[str]:
    """What the customer is shown at a placement."""
    return [one["message"] for one in shop.decide(userId=user_id, placement=placement, **asked)["messages"]]


def why(shop: Shop, user_id: str, event: str, **context: Any) -> dict[str, str]:
    """What an event would bring: for each message its reason, "" for one that would go out."""
    sent = {"type": "track", "event": event, "context": context}
    asked = {"identifier": f"user:{user_id}", "moment": {"event": sent}}
    told = shop.post("/v1/simulate", asked).json["explain"]["messages"]
    return {one["message"]: one.get("reason", "") for one in told}


def faults(shop: Shop, playbook: str) -> list[dict[str, Any]]:
    """What is wrong with a playbook, asked without publishing it."""
    answer = shop.ask(
        "PUT",
        "/v1/playbook?check=true",
        playbook.encode(),
        OPERATOR | {"Content-Type": "application/yaml"},
    )
    return [] if answer.status == 200 else list(answer.json["error"]["faults"])
