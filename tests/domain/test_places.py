"""Places: one name however it is written, and the clock that hangs there."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.domain.places import HOUR, located, place_of, place_slug, possible_places, zone_of
from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.profile import Profile, Stamped

BOOK = Playbook("p", timezone="Europe/Paris")
NOW = 1_782_000_000_000
TOPEKA = {"city": "Topeka", "region": "KS", "country": "US"}


@pytest.mark.parametrize(
    ("parts", "slug"),
    [
        (("Topeka", "KS", "US"), "us-ks-topeka"),
        (("topeka", "Kansas", "United States"), "us-ks-topeka"),
        ((" TOPEKA ", "US-KS", "usa"), "us-ks-topeka"),
        (("New York", "new york", "U.S.A."), "us-ny-new-york"),
        (("Washington", "District of Columbia", "US"), "us-dc-washington"),
        (("Montréal", "Québec", "Canada"), "ca-qc-montreal"),
        (("London", "England", "United Kingdom"), "gb-eng-london"),
        (("Köln", "", "Deutschland"), "de-koln"),
        (("São Paulo", "SP", "Brazil"), "br-sp-sao-paulo"),
        (("Straßburg", "Grand Est", "France"), "fr-grand-est-strassburg"),
        (("Łódź", "", "PL"), "pl-lodz"),
        (("Winston-Salem", "NC", "US"), "us-nc-winston-salem"),
        (("", "KS", "US"), ""),
        (("Topeka", "KS", ""), ""),
        (("東京", "", "JP"), ""),
    ],
)
def test_a_place_has_one_name(parts: tuple[str, str, str], slug: str) -> None:
    assert place_slug(*parts) == slug


def profile(*, location: object = None, age: int = 0, address: object = None, timezone: str = "") -> Profile:
    one = Profile(id="p_x")
    if location is not None:
        one.facts.location = Stamped(location, NOW - age, "l")
    if address is not None:
        one.facts.traits["address"] = Stamped(address, 1, "a")
    if timezone:
        one.facts.timezone = Stamped(timezone, 1, "z")
    return one


def test_the_location_counts_for_twelve_hours_then_the_address() -> None:
    home = {"city": "Tampa", "state": "Florida", "country": "US"}

    assert place_of(profile(location=TOPEKA, age=12 * HOUR - 1, address=home), NOW) == "us-ks-topeka"
    assert place_of(profile(location=TOPEKA, age=12 * HOUR, address=home), NOW) == "us-fl-tampa"
    assert place_of(profile(location=TOPEKA, age=12 * HOUR), NOW) == ""
    assert possible_places(profile(location=TOPEKA, age=99 * HOUR, address=home).facts) == {
        "us-ks-topeka",
        "us-fl-tampa",
    }


@pytest.mark.parametrize(
    "value", [None, "Topeka", 3, ["Topeka"], {}, {"city": 3, "country": "US"}, {"city": "Topeka"}]
)
def test_what_is_no_place_is_none(value: object) -> None:
    assert located(profile(location=value, address=value), NOW) is None


@pytest.mark.parametrize(
    ("known", "zone"),
    [
        ({"timezone": "Asia/Tokyo", "location": TOPEKA}, "Asia/Tokyo"),
        ({"timezone": "Nowhere/Land", "location": TOPEKA}, "America/Chicago"),
        ({"location": {**TOPEKA, "timezone": "America/Denver"}}, "America/Denver"),
        ({"address": {"city": "Berlin", "country": "DE"}}, "Europe/Berlin"),
        ({"address": {"city": "Honolulu", "state": "HI", "country": "US"}}, "Pacific/Honolulu"),
        ({"address": {"city": "Springfield", "country": "US"}}, "Europe/Paris"),
        ({}, "Europe/Paris"),
    ],
)
def test_the_clock_is_the_events_then_the_places_then_the_playbooks(known: dict[str, Any], zone: str) -> None:
    assert zone_of(profile(**known), BOOK, NOW) == zone
