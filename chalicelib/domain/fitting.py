"""A decision's record within its bound, and what of it goes first."""

from __future__ import annotations

from typing import Any

import msgspec

RECORD_AT_MOST = 2000
"""Bytes of a decision's record as JSON."""


def fitted(body: dict[str, Any]) -> dict[str, Any]:
    """The body within its bound: the least of the ten best go first, then what stood before, then the facts.

    Without those it can't be made again. What was chosen anew goes last, and the first of it never.
    """
    shorten = (_fewer_best, _fewer_standing, _no_facts, _fewer_choices)
    for shorter in shorten:
        while len(msgspec.json.encode(body)) > RECORD_AT_MOST:
            less = shorter(body)
            if less is None:
                break
            body = {**less, "cut": True}
    return body


def _fewer_best(body: dict[str, Any]) -> dict[str, Any] | None:
    best = body.get("considered")
    return {**body, "considered": best[:-1]} if best else None


def _fewer_standing(body: dict[str, Any]) -> dict[str, Any] | None:
    last = next((at for at, one in _from_the_end(body) if one.get("standing")), None)
    return None if last is None else _without_choice(body, last)


def _no_facts(body: dict[str, Any]) -> dict[str, Any] | None:
    return {name: value for name, value in body.items() if name != "facts"} if "facts" in body else None


def _fewer_choices(body: dict[str, Any]) -> dict[str, Any] | None:
    return _without_choice(body, len(body["choices"]) - 1) if len(body.get("choices", ())) > 1 else None


def _from_the_end(body: dict[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    return list(enumerate(body.get("choices", ())))[::-1]


def _without_choice(body: dict[str, Any], at: int) -> dict[str, Any]:
    choices = body["choices"]
    return {**body, "choices": [*choices[:at], *choices[at + 1 :]]}
