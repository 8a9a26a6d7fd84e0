"""Eight threads link and count on one set of customers through the real adapters: nothing is lost or doubled.

They run over moto, and once more against the DynamoDB endpoint in TOPEKA_TEST_DYNAMODB where one is given, with
the environment's credentials. There, two tables are made under a prefix of chance, and removed. AWS itself is
reached only by a run of its own, `-k endpoint`: moto, once begun, answers for it.
"""

from __future__ import annotations

import os
import random
import secrets as nonces
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from chalicelib.adapters.profiles import DynamoProfiles
from chalicelib.adapters.tables import Put
from chalicelib.adapters.timeline import DynamoTimeline
from chalicelib.domain.events import Event, EventBatch
from chalicelib.domain.identifiers import identifiers_of
from chalicelib.domain.keys import Secrets
from chalicelib.domain.learning import Learned
from chalicelib.domain.profile import Profile
from chalicelib.domain.stored import Write
from chalicelib.domain.timelines import timelines_of
from chalicelib.services.find_profile import FindProfile
from chalicelib.services.ingest_events import IngestEvents
from chalicelib.services.live_rules import NONE_YET, LiveRules
from tests.fakes import FakeClock, FakeEventQueue, FakeLake, FakePlaybooks, FakeQuarantine, FakeRejected

THREADS = 8
CUSTOMERS = 4
COUNTS = 20
ROUNDS = 60
"""Rounds of the queue after which all must be done."""
ENDPOINT = os.environ.get("TOPEKA_TEST_DYNAMODB", "")

#: How one customer's identifiers become known as one: a chain, a diamond and a star, in links of two.
LINKS = (
    ("anonymous:a", "device:t"), ("device:t", "loyalty:l"), ("loyalty:l", "phone:p"), ("phone:p", "email:e"),
    ("email:e", "user:u"),
    ("email:e", "anonymous:b"), ("phone:p", "anonymous:b"),
    ("user:u", "anonymous:c"), ("user:u", "loyalty:l"), ("user:u", "device:s"),
)  # fmt: skip
NAMES = sorted({name for link in LINKS for name in link})


@pytest.fixture(params=["moto", "endpoint"])
def dynamo(request: pytest.FixtureRequest) -> Any:
    """A client of moto, or of the endpoint in the environment."""
    if request.param == "moto":
        return request.getfixturevalue("dynamodb")
    if not ENDPOINT:
        pytest.skip("TOPEKA_TEST_DYNAMODB names no endpoint")
    import boto3
    from moto.core.models import botocore_stubber

    if botocore_stubber.enabled and "amazonaws.com" in ENDPOINT:
        pytest.skip("moto answers for AWS in this run: choose -k endpoint")
    return boto3.client("dynamodb", endpoint_url=ENDPOINT, region_name="us-east-2")


@pytest.fixture
def tables(dynamo: Any) -> Iterator[tuple[str, str]]:
    """A table of homes and one of history, for this test alone."""
    prefix = f"topeka-test-{nonces.token_hex(4)}"
    names = (f"{prefix}-profiles", f"{prefix}-timeline")
    made: list[str] = []
    try:
        for name, keys in zip(names, (("id",), ("profile", "at")), strict=True):
            dynamo.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
                KeySchema=[
                    {"AttributeName": key, "KeyType": kind}
                    for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
                ],
            )
            made.append(name)
        for name in made:
            dynamo.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
        yield names
    finally:
        for name in made:
            dynamo.delete_table(TableName=name)


@dataclass
class Crowd:
    """Workers over one pair of tables, each with adapters of its own, and the queue they share."""

    client: Any
    tables: tuple[str, str]
    clock: FakeClock = field(default_factory=FakeClock)
    queue: FakeEventQueue = field(default_factory=FakeEventQueue)
    secrets: Secrets = field(default_factory=lambda: Secrets(b"s", b"s"))
    conflicts: int = 0

    def __post_init__(self) -> None:
        self.timeline = DynamoTimeline(self.client, self.tables[1])
        self.find = FindProfile(DynamoProfiles(self.client, self.tables[0]), self.secrets)
        self.rules = LiveRules(FakePlaybooks(), self.clock)

    def worker(self) -> IngestEvents:
        return IngestEvents(
            profiles=DynamoProfiles(self.client, self.tables[0]),
            timeline=DynamoTimeline(self.client, self.tables[1]),
            lake=FakeLake(),
            rejected=FakeRejected(),
            quarantine=FakeQuarantine(),
            queue=self.queue,
            rules=self.rules,
            secrets=self.secrets,
            learned=Learned,
            clock=self.clock,
        )

    def work(self, batches: Sequence[EventBatch]) -> None:
        """All threads take from the queue, two messages at a time, until it is empty."""
        workers = [self.worker() for _ in range(THREADS)]
        waiting = list(batches)
        for _ in range(ROUNDS):
            if not waiting:
                return
            hands = [waiting[start : start + 2] for start in range(0, len(waiting), 2)]
            with ThreadPoolExecutor(THREADS) as pool:
                left = pool.map(self._take, (workers[n % THREADS] for n in range(len(hands))), hands)
                waiting = [batch for batches in left for batch in batches]
            while self.queue.batches:
                waiting.append(self.queue.batches.pop())
        raise AssertionError(f"{len(waiting)} messages are never done")

    def _take(self, worker: IngestEvents, batches: Sequence[EventBatch]) -> list[EventBatch]:
        """What the queue must bring again."""
        outcome = worker(batches)
        self.conflicts += outcome.conflicts
        return [batches[index] for index in sorted(outcome.failed)]

    def customer(self, name: str) -> Profile:
        """Who is behind a `kind:value`."""
        kind, _, value = name.partition(":")
        found = self.find.by_identifier(kind, value)
        assert found is not None, f"nobody is behind {name}"
        return found

    def history(self, profile: Profile) -> list[str]:
        """Message ids of what happened to a customer."""
        page = self.timeline.page(timelines_of(profile), 1000)
        return sorted(event.message_id for event in page.items)


@pytest.fixture
def crowd(dynamo: Any, tables: tuple[str, str]) -> Crowd:
    return Crowd(dynamo, tables)


def named(name: str, customer: int) -> tuple[str, str]:
    """Kind and value of one customer's identifier, as events carry it."""
    kind, _, value = name.partition(":")
    written = {"email": f"{value}{customer}@example.com", "phone": f"+1785555010{customer}"}
    return kind, written.get(kind, f"{value}{customer}")


def event(number: int, customer: int, *names: str) -> Event:
    """One event of a customer by some of its identifiers; what carries an address is an identify."""
    sent = dict(named(name, customer) for name in names)
    traits: dict[str, Any] = {kind: sent[kind] for kind in ("email", "phone") if kind in sent}
    context: dict[str, Any] = {"device": {"token": sent["device"]}} if "device" in sent else {}
    if "loyalty" in sent:
        context["externalIds"] = [{"type": "loyalty", "id": sent["loyalty"]}]
    now = FakeClock().now
    return Event(
        message_id=f"m{customer}-{number}",
        type="identify" if traits else "track",
        timestamp=now - number,
        received_at=now,
        event="" if traits else "Page Seen",
        user_id=sent.get("user"),
        anonymous_id=sent.get("anonymous"),
        traits=traits,
        context=context,
    )


def happened(customer: int) -> list[Event]:
    """All that one customer does: the links, and visits by this identifier and that."""
    visits = [(name,) for name in NAMES if not name.startswith(("email", "phone"))]
    visited = [visits[number % len(visits)] for number in range(COUNTS)]
    return [event(number, customer, *names) for number, names in enumerate((*LINKS, *visited))]


def mixed(events: Sequence[Event], seed: int) -> list[EventBatch]:
    """The events in messages of three, in no order, each message twice."""
    chance = random.Random(seed)
    shuffled = chance.sample(list(events), len(events))
    batches = [EventBatch(tuple(shuffled[start : start + 3])) for start in range(0, len(shuffled), 3)]
    return chance.sample(batches * 2, len(batches) * 2)


def agree(crowd: Crowd, everything: Sequence[Sequence[Event]]) -> None:
    """Each customer is one profile that lists all its identifiers and has counted each of its events once."""
    for customer, events in enumerate(everything):
        wanted = sorted(":".join(named(name, customer)) for name in NAMES)
        found = [crowd.customer(name) for name in wanted]
        assert {one.id for one in found} == {found[0].id}
        assert sorted(f"{one.kind}:{one.value}" for one in found[0].identifiers) == wanted
        visits = [one.timestamp for one in events if one.type == "track"]
        (activity,) = found[0].facts.activity.values()
        assert (activity.total, activity.first, activity.last) == (len(visits), min(visits), max(visits))
        assert len(found[0].seen.ids) == len(events)
        assert crowd.history(found[0]) == sorted(one.message_id for one in events)


def race(crowd: Crowd, seed: int = 1) -> None:
    """Everything happens, and everybody is who they are."""
    everything = [happened(customer) for customer in range(CUSTOMERS)]
    crowd.work(mixed([one for events in everything for one in events], seed))
    agree(crowd, everything)


def test_eight_threads_lose_no_update_no_merge_and_count_nothing_twice(crowd: Crowd) -> None:
    race(crowd)
    assert crowd.conflicts > 0, "nobody met anybody: the test proves nothing"


@pytest.mark.parametrize("dynamo", ["moto"], indirect=True)
def test_without_its_condition_a_commit_loses_what_others_did(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    conditional = DynamoProfiles._put

    def put(self: DynamoProfiles, write: Write) -> Put:
        return Put(conditional(self, write).item)

    monkeypatch.setattr(DynamoProfiles, "_put", put)
    with pytest.raises(AssertionError):
        race(crowd)


def test_every_event_of_these_names_a_customer() -> None:
    """The tests above would prove nothing if their events were thrown away."""
    sent = [identifiers_of(one, NONE_YET).identifiers for one in happened(0)]
    assert [len(one) for one in sent[: len(LINKS)]] == [2] * len(LINKS)
    assert all(sent)
