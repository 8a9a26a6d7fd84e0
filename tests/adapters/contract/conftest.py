"""Each port twice: the fake, and the adapter over moto. What a test asks of one, it asks of both."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from chalicelib.adapters.agenda import DynamoAgenda
from chalicelib.adapters.deliveries import DynamoDeliveries
from chalicelib.adapters.groups import DynamoGroups
from chalicelib.adapters.keys import DynamoKeys
from chalicelib.adapters.lake_files import S3LakeFiles
from chalicelib.adapters.playbooks import DynamoPlaybooks
from chalicelib.adapters.profiles import DynamoProfiles
from chalicelib.adapters.quarantine import DynamoQuarantine
from chalicelib.adapters.rejected import DynamoRejected
from chalicelib.adapters.stops import DynamoStops
from chalicelib.adapters.tallies import DynamoTallies
from chalicelib.adapters.timeline import DynamoTimeline
from chalicelib.adapters.turns import DynamoTurns
from chalicelib.services.ports import LakeFiles
from tests import fakes
from tests.adapters.flaky import ANY_WRITE, LOST, FlakyClient

SHARDS = 3

Make = Callable[..., Any]
_buckets = itertools.count(1)


class Lake(NamedTuple):
    """A lake, and what delivers a file into it (key, lines)."""

    files: LakeFiles
    deliver: Callable[[str, bytes], object]


def _no_pause(_seconds: float) -> None:
    """Tests don't sleep."""


@pytest.fixture(params=["fake", "moto"])
def either(request: pytest.FixtureRequest) -> Make:
    """Makes a fake, or an adapter with a table of its own."""

    def make(fake: Make, adapter: Make, *keys: str, more: tuple[Any, ...] = (), **table: Any) -> Any:
        if request.param == "fake":
            return fake(*more)
        client = FlakyClient(request.getfixturevalue("dynamodb"))
        return adapter(client, request.getfixturevalue("table")(*keys, **table), *more, pause=_no_pause)

    return make


def lose_next_answer(port: Any, method: str) -> None:
    """Let the next write of a port act, and its answer be lost."""
    if isinstance(port, fakes.Faulty):
        port.fail_next(method, "after")
    else:
        port._table.client.lose(ANY_WRITE)


def fail_next_write(port: Any, method: str) -> None:
    """Let the next write of a port fail before it acts."""
    if isinstance(port, fakes.Faulty):
        port.fail_next(method, "before")
    else:
        port._table.client.fail(ANY_WRITE, LOST)


@pytest.fixture
def clock() -> fakes.FakeClock:
    return fakes.FakeClock()


@pytest.fixture
def profiles(either: Make) -> Any:
    return either(fakes.FakeProfiles, DynamoProfiles, "id")


@pytest.fixture
def timeline(either: Make) -> Any:
    return either(fakes.FakeTimeline, DynamoTimeline, "profile", "at")


@pytest.fixture
def deliveries(either: Make) -> Any:
    return either(fakes.FakeDeliveries, DynamoDeliveries, "id")


@pytest.fixture
def turns(either: Make) -> Any:
    return either(fakes.FakeTurns, DynamoTurns, "id")


@pytest.fixture
def agenda(either: Make) -> Any:
    return either(fakes.FakeAgenda, DynamoAgenda, "slot", "due", more=(SHARDS,))


@pytest.fixture
def groups(either: Make) -> Any:
    return either(fakes.FakeGroups, DynamoGroups, "shard", "profile", more=(SHARDS,))


@pytest.fixture
def playbooks(either: Make) -> Any:
    return either(fakes.FakePlaybooks, DynamoPlaybooks, "name", "version", numbers=("version",))


@pytest.fixture
def stops(either: Make) -> Any:
    return either(fakes.FakeStops, DynamoStops, "hash")


@pytest.fixture
def tallies(either: Make) -> Any:
    return either(fakes.FakeTallies, DynamoTallies, "key", "part")


@pytest.fixture(params=["fake", "moto"])
def lake(request: pytest.FixtureRequest) -> Lake:
    """The lake's files, and what puts one there as a delivery does."""
    if request.param == "fake":
        fake = fakes.FakeLakeFiles()
        return Lake(fake, fake.put)
    s3, bucket = request.getfixturevalue("aws")("s3"), f"lake-{next(_buckets)}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "us-east-2"})
    return Lake(S3LakeFiles(s3, bucket), lambda key, lines: s3.put_object(Bucket=bucket, Key=key, Body=lines))


@pytest.fixture
def rejected(either: Make, clock: fakes.FakeClock) -> Any:
    return either(fakes.FakeRejected, DynamoRejected, "day", "id", more=(clock,))


@pytest.fixture
def quarantine(either: Make) -> Any:
    return either(lambda _shards: fakes.FakeQuarantine(), DynamoQuarantine, "slot", "at", more=(SHARDS,))


@pytest.fixture
def keys(either: Make) -> Any:
    return either(fakes.FakeKeys, DynamoKeys, "hash")
