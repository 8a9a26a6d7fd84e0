"""Playing the story: the days, step by step, on a stack on which nothing was collected yet."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from infra.local.story_calls import (
    CARTS_BOUGHT,
    CARTS_LEFT,
    EVENING,
    MORNING,
    NOW,
    Call,
    calls_of,
    user_token,
)
from infra.local.story_client import Client
from infra.local.story_customers import CITIES, PLAYBOOK, Customer
from infra.local.story_outcomes import (
    RAIN,
    SUN,
    Case,
    Table,
    chosen,
    examples,
    explain,
    read_decided,
    table_of,
)

#: What happens in the world: by column of the table, the event, where, and its facts.
MOMENTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    RAIN: ("Rain Started", "Topeka", {"weather": {"rain_mm": 12, "uv": 1}}),
    SUN: ("Sun Burning", "Tampa", {"weather": {"rain_mm": 0, "uv": 9}}),
}
DRY = {"weather": {"rain_mm": 0, "uv": 5}}


@dataclass(slots=True)
class Played:
    """The story as it went."""

    cases: list[Case]
    events: int = 0
    letters: list[dict[str, Any]] = field(default_factory=list)

    @property
    def table(self) -> Table:
        """Outcomes by (row, column)."""
        return table_of(self.cases)


def run(base_url: str, customers: Sequence[Customer]) -> Played:
    """Play it for these customers."""
    with closing(Client(base_url)) as client:
        player = _Player(client, customers)
        player.history()
        player.moments()
        player.home_page()
        player.evening()
    return player.played


class _Player:
    """Goes through the days, one step of the clock after another."""

    def __init__(self, client: Client, customers: Sequence[Customer]) -> None:
        self._client, self._customers = client, customers
        self._calls = [calls_of(customer) for customer in customers]
        self.played = Played([])

    def history(self) -> None:
        """The days before, and today until now; carts left yesterday are an hour on hold."""
        self._client.set_clock(CARTS_LEFT)
        self._client.operate("PUT", "/v1/playbook", PLAYBOOK.read_bytes(), "application/yaml")
        for earlier, until in ((0, CARTS_LEFT), (CARTS_LEFT, CARTS_BOUGHT), (CARTS_BOUGHT, NOW)):
            self._client.set_clock(until)
            self._collect(earlier, until)

    def moments(self) -> None:
        """It rains in one city and the sun burns in another: each customer there is decided for."""
        for customer in self._customers:
            profile = self._client.operate("GET", f"/v1/profiles/{customer.address}")
            self.played.cases.append(Case(customer.address, profile))
        for column, (name, city, facts) in MOMENTS.items():
            body = {"name": name, "place": CITIES[city].slug, "facts": facts, "id": f"{column}-1"}
            self._client.operate("POST", "/v1/moments", body)
        self._client.settle()

    def home_page(self) -> None:
        """Some of them open the home page, which knows the weather where it is opened."""
        weather = {city: facts for _, city, facts in MOMENTS.values()}
        for customer, case in zip(self._customers, self.played.cases, strict=True):
            if customer.home_page:
                proof = {"userId": customer.customer, "userToken": user_token(customer.customer)}
                who = proof if customer.customer else {"anonymousId": customer.devices[0]}
                body = {**who, "placement": "web.home.hero", "context": weather.get(customer.city, DRY)}
                case.shown = self._client.decide(body)
        self._client.settle()
        for case in self.played.cases:
            read_decided(self._client, case)
        for column, (name, _, facts) in MOMENTS.items():
            told = [case for case, theirs in chosen(self.played.cases) if theirs == column]
            for case in [*examples(self.played.cases, column), *told]:
                explain(self._client, case, column, {"event": name, "context": facts})

    def evening(self) -> None:
        """Some buy what they were offered, one wants no more SMS; in the morning, what was held goes out."""
        self._client.set_clock(EVENING)
        self._collect(NOW, EVENING)
        for customer in self._customers:
            if customer.later.startswith("answers "):
                self._client.receive_sms(customer.phone, customer.later.removeprefix("answers "))
        self._client.settle()
        self._client.set_clock(MORNING)
        self._client.settle()
        for case in self.played.cases:
            case.after = (
                self._client.operate("GET", f"/v1/profiles/{case.address}") if case.decided else case.before
            )
        for case, _ in chosen(self.played.cases):
            case.timeline = self._client.operate("GET", f"/v1/profiles/{case.address}/timeline?limit=100")[
                "events"
            ]
        self.played.letters = self._client.mailbox()

    def _collect(self, earlier: int, until: int) -> None:
        """What browsers and the app sent, then what the shop's server did."""
        for server in (False, True):
            due = [self._due(calls, earlier, until, server=server) for calls in self._calls]
            self.played.events += self._client.collect([calls for calls in due if calls])
            self._client.settle()

    def _due(self, calls: Sequence[Call], earlier: int, until: int, *, server: bool) -> list[Call]:
        return [call for call in calls if earlier <= call.at < until and call.server == server]
