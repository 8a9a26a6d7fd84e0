"""One stack in one thread for a module's tests, and the day as it is when nothing goes wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local.stack import Stack
from tests.faults.runs import Run, undisturbed
from tests.faults.world import world


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with world() as running:
        yield running


@pytest.fixture(scope="module")
def reference(stack: Stack) -> Run:
    return undisturbed(stack)
