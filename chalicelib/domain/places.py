"""Where a customer is, by name, and the clock that hangs there.

A place is `country-region-city` in lower-case ASCII with hyphens: `us-ks-topeka`.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from zoneinfo import ZoneInfo

from chalicelib.domain.playbook.model import Playbook
from chalicelib.domain.profile import Facts, Place, Profile
from chalicelib.domain.regions import countries, dominant_zone, regions

HOUR = 3_600_000
LOCATION_LASTS = 12 * HOUR
_NOT_WORDS = re.compile(r"[^a-z0-9]+")
_UNFOLDED = str.maketrans(
    {"ß": "ss", "æ": "ae", "ø": "o", "đ": "d", "ł": "l", "œ": "oe", "ð": "d", "þ": "th"}
)


@lru_cache(maxsize=4096)
def place_slug(city: str, region: str, country: str) -> str:
    """The place's name from its parts as sent, codes or names; "" without a city or a country."""
    land = country_code(country)
    town = _ascii(city)
    if not town or not land:
        return ""
    return "-".join(part for part in (land, region_code(land, region), town) if part)


def country_code(country: str) -> str:
    """ISO 3166 code in lower case of a country's code or name; its own slug where nobody knows it."""
    folded = _ascii(country)
    known = countries()
    return known.get(country.strip().lower()) or known.get(folded.replace("-", " ")) or folded


def region_code(country: str, region: str) -> str:
    """ISO 3166-2 code (without the country) of a region's code or name; its own slug where nobody knows it."""
    folded = _ascii(region).removeprefix(country + "-")
    known = regions(country).get(folded.replace("-", " "))
    return known[0] if known else folded


def place_of(profile: Profile, now: int) -> str:
    """The slug of the place the customer is at now; "" if unknown."""
    here = located(profile, now)
    return here.slug if here else ""


def located(profile: Profile, now: int) -> Place | None:
    """Where the customer is: the latest location while under 12 hours old, else the address they gave."""
    location = profile.facts.location
    if location is not None and now - location.at < LOCATION_LASTS:
        here = _place(location.value)
        if here is not None:
            return here
    postal = profile.facts.traits.get("address")
    return _place(postal.value) if postal is not None else None


def location_ends(facts: Facts, now: int) -> int | None:
    """When the latest location is too old to count (ms); None where it does not count now."""
    ends = facts.location.at + LOCATION_LASTS if facts.location is not None else 0
    return ends if ends > now else None


def possible_places(facts: Facts) -> set[str]:
    """The slugs of every place the customer could count as being at: where last seen, and where they live."""
    values = [
        stamped.value for stamped in (facts.location, facts.traits.get("address")) if stamped is not None
    ]
    return {place.slug for value in values if (place := _place(value)) is not None}


def zone_of(profile: Profile, playbook: Playbook, now: int) -> str:
    """The customer's clock (IANA name): their latest event's, then their place's, then the playbook's."""
    return known_zone(profile, now) or playbook.timezone


def known_zone(profile: Profile, now: int) -> str:
    """The customer's clock as far as they or their place tell it; "" if they don't."""
    return zone_at(profile, located(profile, now))


def zone_at(profile: Profile, here: Place | None) -> str:
    """As `known_zone`, of a customer who is at this place."""
    told = profile.facts.timezone
    if told is not None and isinstance(told.value, str) and is_zone(told.value):
        return told.value
    return here.timezone if here else ""


@lru_cache(maxsize=512)
def is_zone(name: str) -> bool:
    """Whether the zone database knows the name."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, not a name, or a folder of the database
        return False
    return True


_PARTS = ("city", "region", "state", "country", "timezone")


def _place(value: object) -> Place | None:
    if not isinstance(value, dict):
        return None
    told = [value.get(name) for name in _PARTS]
    return _placed(*[one.strip()[:100] if type(one) is str else "" for one in told])


@lru_cache(maxsize=4096)
def _placed(city: str, region: str, state: str, country: str, zone: str) -> Place | None:
    """Kept, since every event of a customer asks where they are, and the answer is nearly always the same."""
    region = region or state
    slug = place_slug(city, region, country)
    if not slug:
        return None
    if not zone or not is_zone(zone):
        land = country_code(country)
        zone = dominant_zone(land, region_code(land, region))
    return Place(slug, city, region, country, zone)


def _ascii(text: str) -> str:
    lowered = unicodedata.normalize("NFKD", text.lower().translate(_UNFOLDED))
    plain = lowered.encode("ascii", "ignore").decode()
    return _NOT_WORDS.sub("-", plain).strip("-")
