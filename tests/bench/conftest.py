"""What several broken builds have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.adapters.profiles import DynamoProfiles
from chalicelib.domain.profile import Door


@pytest.fixture
def read_more(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes every read of homes so many times more than once."""
    read = DynamoProfiles.read

    def more(times: int) -> None:
        def again(self: DynamoProfiles, ids: Any, **how: Any) -> dict[str, Door]:
            wanted = list(ids)
            for _ in range(times):
                read(self, wanted, **how)
            return read(self, wanted, **how)

        monkeypatch.setattr(DynamoProfiles, "read", again)

    return more
