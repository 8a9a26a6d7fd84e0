"""Fixtures for the HTTP entry points."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.entrypoints.workspace import Workspace, opened


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace over HTTP, empty."""
    with opened(monkeypatch) as made:
        yield made
