"""The customers of the sample story: one row each of `events/story/customers.csv`, made to be edited.

customer   user id; empty for a visitor who never logs in
name       first name
city       Topeka, Tampa or Seattle: where they live (a visitor who never logs in: where they browse)
email, phone                     empty where the shop doesn't know it
email_ok, sms_ok                 may the shop send offers: yes, no, or empty (never asked)
browser, app                     anonymous ids of the web browser and of the app on the phone
bought, viewed                   what and how long ago: `umbrella 40d; boots 12d`
cart       left in the cart yesterday: `boots`; bought within the hour: `boots, bought`
today      seen today: `here`; another of the cities; or a zone such as Europe/Paris, where only the
           phone's clock tells that they are away
home_page  yes: opens the shop's home page while it rains and shines
later      what they do in the evening: `buys umbrella`, `answers STOP`
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

STORY = Path(__file__).parents[2] / "events" / "story"
PLAYBOOK = STORY / "playbook.yaml"


@dataclass(frozen=True, slots=True)
class City:
    """A place of the story: how a browser's location and an address name it, and its clock."""

    name: str
    region: str
    zone: str
    slug: str

    @property
    def location(self) -> dict[str, str]:
        """As Segment's `context.location` says it."""
        return {"city": self.name, "region": self.region, "country": "United States"}


CITIES = {
    city.name: city
    for city in (
        City("Topeka", "KS", "America/Chicago", "us-ks-topeka"),
        City("Tampa", "FL", "America/New_York", "us-fl-tampa"),
        City("Seattle", "WA", "America/Los_Angeles", "us-wa-seattle"),
    )
}


@dataclass(frozen=True, slots=True)
class Customer:
    """One row."""

    customer: str
    name: str
    city: str
    email: str
    phone: str
    email_ok: str
    sms_ok: str
    browser: str
    app: str
    bought: str
    viewed: str
    cart: str
    today: str
    home_page: str
    later: str

    @property
    def devices(self) -> list[str]:
        """Their anonymous ids, the one they came with first."""
        return [device for device in (self.browser, self.app) if device]

    @property
    def address(self) -> str:
        """How the profile is asked for: `user:c001`, or `anonymous:b001` for who never logs in."""
        return f"user:{self.customer}" if self.customer else f"anonymous:{self.devices[0]}"


def read_customers(path: Path = STORY / "customers.csv") -> list[Customer]:
    """Every row. Raises `ValueError` for one that names a place the story does not have."""
    with path.open(encoding="utf-8", newline="") as rows:
        customers = [Customer(**row) for row in csv.DictReader(rows)]
    for one in customers:
        if one.city not in CITIES or not (one.today in ("", "here", *CITIES) or "/" in one.today):
            raise ValueError(
                f"{one.address}: write {', '.join(CITIES)}, `here`, or a zone such as Europe/Paris"
            )
    return customers


def things(written: str) -> list[tuple[str, int]]:
    """`umbrella 40d; boots 12d` as (what, days ago), the longest ago first."""
    found = [re.fullmatch(r"(.+) (\d+)d", one.strip()) for one in written.split(";") if one.strip()]
    if not all(found):
        raise ValueError(f"write it as `umbrella 40d; boots 12d`, not {written!r}")
    return sorted(((one[1], int(one[2])) for one in found if one), key=lambda thing: -thing[1])
