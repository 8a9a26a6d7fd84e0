"""Names of countries and regions, and the zone most of their people live in."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

#: ISO 3166-2 codes and names with the zone most of the people live in, under `America/` where nothing is said.
_STATES = """
AL Alabama Chicago|AK Alaska Anchorage|AZ Arizona Phoenix|AR Arkansas Chicago|CA California Los_Angeles
CO Colorado Denver|CT Connecticut New_York|DE Delaware New_York|DC District of Columbia New_York
FL Florida New_York|GA Georgia New_York|HI Hawaii Pacific/Honolulu|ID Idaho Boise|IL Illinois Chicago
IN Indiana Indiana/Indianapolis|IA Iowa Chicago|KS Kansas Chicago|KY Kentucky New_York|LA Louisiana Chicago
ME Maine New_York|MD Maryland New_York|MA Massachusetts New_York|MI Michigan Detroit|MN Minnesota Chicago
MS Mississippi Chicago|MO Missouri Chicago|MT Montana Denver|NE Nebraska Chicago|NV Nevada Los_Angeles
NH New Hampshire New_York|NJ New Jersey New_York|NM New Mexico Denver|NY New York New_York
NC North Carolina New_York|ND North Dakota Chicago|OH Ohio New_York|OK Oklahoma Chicago|OR Oregon Los_Angeles
PA Pennsylvania New_York|PR Puerto Rico Puerto_Rico|RI Rhode Island New_York|SC South Carolina New_York
SD South Dakota Chicago|TN Tennessee Chicago|TX Texas Chicago|UT Utah Denver|VT Vermont New_York
VA Virginia New_York|WA Washington Los_Angeles|WV West Virginia New_York|WI Wisconsin Chicago|WY Wyoming Denver
"""
_PROVINCES = """
AB Alberta Edmonton|BC British Columbia Vancouver|MB Manitoba Winnipeg|NB New Brunswick Moncton
NL Newfoundland and Labrador St_Johns|NT Northwest Territories Edmonton|NS Nova Scotia Halifax|NU Nunavut Iqaluit
ON Ontario Toronto|PE Prince Edward Island Halifax|QC Quebec Toronto|SK Saskatchewan Regina|YT Yukon Whitehorse
"""
_NATIONS = """
ENG England Europe/London|NIR Northern Ireland Europe/London|SCT Scotland Europe/London|WLS Wales Europe/London
"""
#: What people write for a country, beside its ISO code and its name in the zone database.
_ALIASES = {
    "usa": "us", "u s a": "us", "u s": "us", "united states of america": "us", "america": "us",
    "uk": "gb", "united kingdom": "gb", "great britain": "gb", "england": "gb", "scotland": "gb", "wales": "gb",
    "deutschland": "de", "espana": "es", "italia": "it", "nederland": "nl", "holland": "nl", "osterreich": "at",
    "schweiz": "ch", "suisse": "ch", "brasil": "br", "mexico": "mx", "south korea": "kr", "north korea": "kp",
    "czechia": "cz", "russian federation": "ru", "viet nam": "vn", "uae": "ae", "ivory coast": "ci",
}  # fmt: skip


@cache
def regions(country: str) -> dict[str, tuple[str, str]]:
    """Region name and code in lower case -> (code, zone), for countries whose regions are known by name."""
    table = {"us": _STATES, "ca": _PROVINCES, "gb": _NATIONS}.get(country, "")
    known: dict[str, tuple[str, str]] = {}
    for row in table.replace("\n", "|").strip("|").split("|"):
        if row:
            code, *name, zone = row.split(" ")
            entry = (code.lower(), zone if zone.startswith(("Pacific/", "Europe/")) else f"America/{zone}")
            known[code.lower()] = known[" ".join(name).lower()] = entry
    return known


@cache
def countries() -> dict[str, str]:
    """Country name and code in lower case -> ISO 3166 code in lower case."""
    known = dict(_ALIASES)
    for code, name in _rows("iso3166.tab"):
        known[code.lower()] = known[name.lower()] = code.lower()
    return known


@cache
def zones(country: str) -> tuple[str, ...]:
    """Every IANA zone of a country (ISO code in lower case), the one of most people first where it says so."""
    return tuple(row[2] for row in _rows("zone.tab") if row[0].lower() == country)


@cache
def dominant_zone(country: str, region: str) -> str:
    """The zone of a region's people, or of a country that keeps one time; "" where that would be a guess."""
    known = regions(country).get(region)
    if known is not None:
        return known[1]
    whole = zones(country)
    return whole[0] if len({_times(zone) for zone in whole}) == 1 else ""


def _times(zone: str) -> tuple[timedelta | None, ...]:
    """The zone's offsets in winter and summer."""
    return tuple(datetime(2026, month, 1, tzinfo=ZoneInfo(zone)).utcoffset() for month in (1, 7))


def _rows(name: str) -> list[list[str]]:
    text = resources.files("tzdata.zoneinfo").joinpath(name).read_text("utf-8")
    return [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
