"""Hypothesis for all tests: no deadline (machines are noisy), and in CI the same examples every time.

Files that take minutes come first, so that no worker is left alone with one at the end.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

settings.register_profile("topeka", deadline=None, derandomize="CI" in os.environ, print_blob=True)
settings.load_profile("topeka")

LONGEST = ("test_identity_machine.py", "test_identity_calm.py", "test_story.py", "test_split_profile.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, all else as it was."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))
