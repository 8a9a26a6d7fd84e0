"""The local stack for tests: whole (`stack`), or only its AWS with the resources made (`aws`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from infra.local import moto_fixes
from infra.local.clock import LocalClock
from infra.local.environment import aws_environment
from infra.local.moto_time import queues_follow
from infra.local.resources import Resources, make_resources
from infra.local.stack import Stack

NOON = 1_782_993_600_000  # 2026-07-02T12:00:00Z


@dataclass(frozen=True)
class Aws:
    """What the template made, and the clock its queues follow; the clock is held."""

    made: Resources
    clock: LocalClock


@pytest.fixture
def aws() -> Iterator[Aws]:
    from moto import mock_aws

    clock = LocalClock()
    clock.hold(NOON)
    moto_fixes.apply()
    with ExitStack() as opened:
        opened.enter_context(aws_environment())
        opened.enter_context(mock_aws())
        opened.enter_context(queues_follow(clock.now))
        yield Aws(make_resources(), clock)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as running:
        yield running
