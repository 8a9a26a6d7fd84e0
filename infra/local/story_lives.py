"""One customer told in full: what they did, what was decided and why, what was sent, what came of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.domain.instants import from_text
from infra.local.story_outcomes import Case
from infra.local.story_playing import Played

SHOP = ZoneInfo("America/Chicago")
_OUTCOMES = {
    "converted": "they bought one, so the offer is used up",
    "dropped": "decided again in their morning, and not sent any more",
}


def life_of(case: Case, column: str, played: Played) -> Iterator[tuple[str, str]]:
    """(label, text) pairs; the first is the heading, without a label."""
    traits = case.before["traits"]
    names = [one["value"] for one in case.before["identifiers"]]
    home = traits.get("address", {}).get("city", "")
    yield "", f"{traits.get('firstName', 'A visitor')} from {home}, known by {', '.join(names)}"
    yield "did", "; ".join(_days(case.timeline[::-1]))
    yield "decided", _decided(case, column)
    choice = case.choice(column)
    if choice:
        yield from _sent(choice["delivery"], played)
        state = case.contact(column)["outcome"]
        yield "then", _OUTCOMES.get(state, state)


def _decided(case: Case, column: str) -> str:
    choice = case.choice(column)
    if not choice:
        return f"nothing: {case.words(column)}"
    best: dict[str, Any] = next(
        (one for one in case.decided[column]["considered"] if one["message"] == choice["message"]), {}
    )
    factors = " x ".join(f"{name} {value:g}" for name, value in best.get("parts", {}).items())
    said = f"{choice['message']} by {choice['channel']}, variant {choice['variant']}"
    worth = f"{factors} = {best.get('score', 0):g}"
    return "; ".join(filter(None, (f"{said}: {worth}", case.words(column))))


def _sent(delivery: str, played: Played) -> Iterator[tuple[str, str]]:
    for letter in played.letters:
        if letter["delivery"] == delivery:
            text = re.sub(r"(https?://[^/\s]+/c/)\S+", r"\1...", letter["subject"] or letter["text"])
            yield "sent", f'{_at(letter["at"])} to {letter["to"]}: "{text}"'


def _days(events: list[dict[str, Any]]) -> Iterator[str]:
    told = [(_day(event["timestamp"]), said) for event in events if (said := _said(event))]
    for day, acts in groupby(told, key=lambda act: act[0]):
        yield f"{day} {', '.join(said for _, said in acts)}"


def _said(event: dict[str, Any]) -> str:
    """An event in a few words, "" for what needs no mention."""
    name, told = event.get("event", ""), event.get("properties", {})
    device = event.get("anonymousId") or ""
    if event["type"] == "identify":
        return f"logged in on {device}" if device else ""
    if name == "Product Viewed":
        return f"viewed {told['category']}" + ("" if event.get("userId") else f" on {device} without a name")
    if name in ("Order Completed", "Cart Updated"):
        what = ", ".join(product["category"] for product in told["products"])
        return f"bought {what}" if name == "Order Completed" else f"left {what} in the cart"
    if name.startswith("Permission "):
        return f"{'allowed' if name.endswith('Granted') else 'refused'} {told['channel']}"
    return ""


def _day(at: str) -> str:
    return f"{_local(at).day} {_local(at):%b}"


def _at(at: str) -> str:
    return f"{_local(at).day} {_local(at):%b %H:%M}"


def _local(at: str) -> datetime:
    return datetime.fromtimestamp(from_text(at) / 1000, SHOP)
