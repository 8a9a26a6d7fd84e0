"""One stack for each file of clients, with nothing published: what they send is all there is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.end_to_end.shop import Shop, opened


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    with opened() as running:
        yield running
