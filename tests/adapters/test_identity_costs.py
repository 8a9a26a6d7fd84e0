"""What identity costs in calls to DynamoDB: finding the customers of a large batch, and joining two profiles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from chalicelib.adapters.profiles import DynamoProfiles
from chalicelib.adapters.timeline import DynamoTimeline
from chalicelib.domain.events import Event, EventBatch
from chalicelib.domain.profile import Profile, Sign
from chalicelib.services.find_profile import FindProfile
from chalicelib.services.ingest_events import IngestEvents
from tests.adapters.conftest import MakeTable
from tests.adapters.flaky import FlakyClient
from tests.bench import identities
from tests.services.ingest_world import World

READS = ("batch_get_item", "get_item", "query")
MERGED = Counter(batch_get_item=1, transact_write_items=1, put_item=1, lake=1)
"""A merge of two profiles whose homes the event names: one transaction, and three other calls."""


class Counted:
    """Ingest over DynamoDB adapters whose client counts, and a lake that does."""

    def __init__(self, client: Any, profiles: str, timeline: str) -> None:
        self.world = World()
        self.client = FlakyClient(client)
        world = self.world
        self.profiles = DynamoProfiles(self.client, profiles)  # type: ignore[arg-type]
        self.ingest = IngestEvents(
            profiles=self.profiles,
            timeline=DynamoTimeline(self.client, timeline),  # type: ignore[arg-type]
            lake=world.lake,
            rejected=world.rejected,
            quarantine=world.quarantine,
            queue=world.queue,
            rules=world.rules,
            secrets=world.secrets,
            learned=world.ingest.learned,
            clock=world.clock,
        )

    def send(self, *events: Event) -> Counter[str]:
        """The calls that a batch of these events costs; each is folded, and no link is refused."""
        ports = (self.world.lake, self.world.rejected, self.world.quarantine, self.world.queue)
        for port in (self.client, *ports):
            port.calls.clear()
        outcome = self.ingest([EventBatch(events=events)])
        assert (outcome.folded, outcome.refused_links) == (len(events), Counter())
        others = sum(port.calls.total() for port in ports[1:])
        told = Counter(self.client.calls) + Counter(lake=self.world.lake.calls["put"], others=others)
        return +told

    def history(self, events: Sequence[Event]) -> None:
        for start in range(0, len(events), identities.PART):
            self.send(*events[start : start + identities.PART])

    def signs_from(self, kind: str, value: str) -> int:
        """How many signs stand on the way from an identifier."""
        home, steps = self.world.secrets.home(kind, value), 0
        while isinstance(door := self.profiles.read([home])[home], Sign):
            home, steps = door.forward_to, steps + 1
        return steps

    def user(self, value: str) -> Profile:
        found = FindProfile(self.profiles, self.world.secrets).by_identifier("user", value)
        assert found is not None
        return found

    def track(self, **fields: Any) -> Event:
        return self.world.event(**fields)

    def identify(self, **fields: Any) -> Event:
        return self.world.event("", type="identify", **fields)


@pytest.fixture
def counted(dynamodb: Any, table: MakeTable) -> Counted:
    return Counted(dynamodb, table("id"), table("profile", "at"))


@pytest.fixture
def shop(counted: Counted) -> Counted:
    """All customers of the bench, with doors of every age."""
    now = counted.world.clock()
    counted.history(identities.logins(now))
    counted.history(identities.first_by_address(now))
    counted.history(identities.former_owners(now))
    return counted


def reads(calls: Counter[str]) -> int:
    return sum(calls[name] for name in READS)


def test_a_thousand_events_of_300_customers_by_user_and_device_cost_thirteen_reads(shop: Counted) -> None:
    """Ten or eleven for 300 homes and 750 doors, two for those who had a device before."""
    calls = shop.send(*identities.visits(shop.world.clock()))
    assert (reads(calls), calls["transact_write_items"], calls["put_item"]) == (13, 0, 300)
    assert reads(calls) <= 30


def test_half_of_them_by_device_alone_and_some_behind_two_signs_cost_fourteen_reads(shop: Counted) -> None:
    calls = shop.send(*identities.mixed_visits(shop.world.clock()))
    assert shop.signs_from("anonymous", "e0") == 2
    assert (reads(calls), calls["transact_write_items"], calls["put_item"]) == (14, 0, 300)
    assert reads(calls) <= 30


@pytest.mark.parametrize("identifiers", [1, 20, 99])
def test_a_login_that_joins_a_visitor_costs_one_transaction_and_at_most_four_other_calls(
    counted: Counted, identifiers: int
) -> None:
    now = counted.world.clock()
    for event in (*identities.visitor("v", now, identifiers), identities.known("v", now)):
        counted.send(event)
    behind_a_sign = Counter(batch_get_item=1) if identifiers > 1 else Counter[str]()
    assert counted.signs_from("anonymous", "v") == behind_a_sign.total()
    assert counted.send(identities.login("v", now)) == MERGED + behind_a_sign
    assert len(counted.user("v-user").identifiers) == identifiers + 1


def test_two_profiles_at_homes_of_their_own_join_with_one_transaction_and_three_other_calls(
    counted: Counted,
) -> None:
    address = {"email": "u@example.com"}
    counted.send(counted.identify(traits=address))
    counted.send(counted.track(user_id="u"))
    assert counted.send(counted.identify(user_id="u", traits=address)) == MERGED


def test_a_device_of_somebody_known_by_address_joins_with_one_transaction_and_four_other_calls(
    counted: Counted,
) -> None:
    counted.send(counted.identify(anonymous_id="a", traits={"email": "u@example.com"}))
    counted.send(counted.track(user_id="u"))
    assert counted.signs_from("anonymous", "a") == 1
    calls = counted.send(counted.track(user_id="u", anonymous_id="a"))
    assert calls == MERGED + Counter(batch_get_item=1)


def test_a_visitor_with_two_devices_who_then_gave_an_address_joins_with_five_other_calls(
    counted: Counted,
) -> None:
    """One more than four: the device leads to the visitor's minted home, that to the address's, each a read."""
    counted.send(counted.identify(anonymous_id="a", context={"device": {"token": "t"}}))
    counted.send(counted.identify(anonymous_id="a", traits={"email": "u@example.com"}))
    counted.send(counted.track(user_id="u"))
    assert counted.signs_from("device", "t") == 2
    calls = counted.send(counted.track(user_id="u", context={"device": {"token": "t"}}))
    assert calls == MERGED + Counter(batch_get_item=2)


def test_an_event_that_names_the_address_too_spares_the_step_behind_it(counted: Counted) -> None:
    address = {"email": "u@example.com"}
    counted.send(counted.identify(anonymous_id="a", context={"device": {"token": "t"}}))
    counted.send(counted.identify(anonymous_id="a", traits=address))
    counted.send(counted.track(user_id="u"))
    told = counted.identify(user_id="u", traits=address, context={"device": {"token": "t"}})
    assert counted.send(told) == MERGED + Counter(batch_get_item=1)


@pytest.mark.parametrize("steps", [1, 2, 5, 20])
def test_each_sign_on_the_way_costs_a_merge_one_read_more(counted: Counted, steps: int) -> None:
    """Cards of one kind are equally strong, and the lower home wins: the worst order makes each card a step."""
    secrets = counted.world.secrets
    cards = sorted((f"card{n}" for n in range(steps)), key=lambda card: secrets.home("loyalty", card))[::-1]
    counted.send(counted.track(anonymous_id="a"))
    for card in cards:
        named = {"externalIds": [{"type": "loyalty", "id": card}]}
        counted.send(counted.track(anonymous_id="a", context=named))
    counted.send(counted.track(user_id="u"))
    assert counted.signs_from("anonymous", "a") == steps
    calls = counted.send(counted.track(user_id="u", anonymous_id="a"))
    assert calls == MERGED + Counter(batch_get_item=steps)
