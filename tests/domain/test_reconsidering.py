"""Deciding again before sending: confirm, hold or drop, with the delivery's own reservation left out."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain import ledger
from chalicelib.domain.deciding import decide, reconsider
from chalicelib.domain.decision import Switches, Verdict
from chalicelib.domain.learning import Learned
from chalicelib.domain.profile import Permission, Profile, Stamped
from tests.domain.deciding_world import ask_of, contact_of, now_of, profile_of, rules_of, switches_of

NOW = now_of({})
RAIN = {"context": {"weather": {"rain_mm": 12}}}
NIGHT = {"from": "21:00", "until": "08:00", "channels": ["sms"]}


def reserved(book: dict[str, Any], who: dict[str, Any] | None = None) -> tuple[Profile, str]:
    profile, rules, ask = profile_of(who or {}, NOW), rules_of(book), ask_of(RAIN)
    decision = decide(profile, ask, rules, Learned(), Switches(), NOW)
    ledger.enact(profile, decision, ask, rules)
    return profile, decision.choices[0].delivery


def verdict(
    profile: Profile,
    delivery: str,
    book: dict[str, Any],
    now: int = NOW,
    switches: dict[str, Any] | None = None,
) -> Verdict:
    return reconsider(
        profile, delivery, rules_of(book), switches_of(switches or {}), now, context=RAIN["context"], event={}
    )


PLAIN: dict[str, Any] = {}


def test_what_still_holds_is_confirmed() -> None:
    assert verdict(*reserved(PLAIN), PLAIN) == Verdict("confirm")


@pytest.mark.parametrize(
    "book",
    [
        {"policies": {"caps": [{"messages": 1, "per": "1d"}]}},
        {"messages": {"umbrella": {"for": {"not": {"received": "umbrella", "within": "7d"}}}}},
        {"messages": {"umbrella": {"for": {"context": "weather.rain_mm", "above": 2}}}},
    ],
)
def test_its_own_reservation_and_context_are_what_they_were(book: dict[str, Any]) -> None:
    assert verdict(*reserved(book), book).action == "confirm"


def test_a_cap_that_another_filled_meanwhile_drops_it() -> None:
    book = {"policies": {"caps": [{"messages": 1, "per": "1d"}]}}
    profile, delivery = reserved(book)
    profile.ledger.contacts["m_other"] = contact_of({"ago": "1h"}, NOW)

    assert verdict(profile, delivery, book) == Verdict("drop", reason="cap")


def test_a_denial_meanwhile_drops_it_though_another_channel_would_do() -> None:
    profile, delivery = reserved(PLAIN)
    profile.facts.permissions["sms/offers"]["denied"] = Permission("denied", NOW, "x")

    assert verdict(profile, delivery, PLAIN) == Verdict("drop", reason="no-permission")


def test_a_bounce_meanwhile_drops_it() -> None:
    profile, delivery = reserved(PLAIN)
    profile.facts.stops["+17855550100"] = Stamped("bounced", NOW, "x")

    assert verdict(profile, delivery, PLAIN).reason == "stopped"


@pytest.mark.parametrize(
    ("later", "reason"),
    [
        ({"messages": {"umbrella": {"valid": {"until": "2026-07-01"}}}}, "expired"),
        ({"messages": {"umbrella": {"valid": {"from": "2026-08-01"}}}}, "not-yet-valid"),
        ({"messages": {"umbrella": {"for": {"trait": "plan", "is": "gold"}}}}, "not-for-them"),
        ({"messages": ["hat"]}, "expired"),
        (
            {
                "messages": {
                    "umbrella": {
                        "variants": {"plain": {"email": {"subject": "a", "text": "b"}}},
                        "placements": [],
                    }
                }
            },
            "no-content",
        ),
        ({"policies": {"holdout": {"share": "100%"}}}, "holdout"),
        (
            {"policies": {"suppress": [{"topic": "offers", "audience": {"trait": "phone", "exists": True}}]}},
            "suppressed",
        ),
    ],
)
def test_rules_published_meanwhile_hold(later: dict[str, Any], reason: str) -> None:
    assert verdict(*reserved(PLAIN), later) == Verdict("drop", reason=reason)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "off", [{"sending": False}, {"channels": {"sms": False}}, {"messages": {"umbrella": False}}]
)
def test_switches_hold(off: dict[str, Any]) -> None:
    assert verdict(*reserved(PLAIN), PLAIN, switches=off) == Verdict("drop", reason="switched-off")


def test_quiet_that_began_meanwhile_holds_it() -> None:
    book = {"policies": {"quiet": NIGHT}}
    night, morning = now_of({"at": "2026-07-02T03:40:00Z"}), now_of({"at": "2026-07-02T13:00:00Z"})
    profile, delivery = reserved(book)

    assert verdict(profile, delivery, book, night) == Verdict("hold", until=morning, reason="quiet")
    assert verdict(profile, delivery, book, morning).action == "confirm"


def test_quiet_that_outlasts_its_validity_drops_it() -> None:
    book = {
        "policies": {"quiet": NIGHT},
        "messages": {"umbrella": {"valid": {"until": "2026-07-02T12:00:00Z"}}},
    }
    profile, delivery = reserved(book)

    assert verdict(profile, delivery, book, now_of({"at": "2026-07-02T03:40:00Z"})).reason == "quiet"


def test_what_a_sender_confirmed_before_it_died_is_looked_at_again() -> None:
    book = {"policies": {"caps": [{"messages": 1, "per": "1d"}]}}
    profile, delivery = reserved(book)
    profile.ledger.contacts[delivery].state = "sent"

    assert verdict(profile, delivery, book).action == "confirm"
    profile.facts.permissions["sms/offers"]["denied"] = Permission("denied", NOW, "x")
    assert verdict(profile, delivery, book).reason == "no-permission"


@pytest.mark.parametrize("state", ["dropped", "unknown", "bounced", "clicked"])
def test_what_is_no_longer_ours_is_gone(state: Any) -> None:
    profile, delivery = reserved(PLAIN)
    profile.ledger.contacts[delivery].state = state

    assert verdict(profile, delivery, PLAIN) == Verdict("drop", reason="gone")
    assert verdict(profile, "m_never", PLAIN) == Verdict("drop", reason="gone")
