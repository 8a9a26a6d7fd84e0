"""What was refused in the last 14 days, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.domain.events import Rejection
from chalicelib.domain.instants import to_text
from chalicelib.services.ports import Rejected


@dataclass(frozen=True, slots=True)
class ListRejected:
    """Latest first."""

    rejected: Rejected

    def __call__(self, since: int, limit: int, cursor: str) -> dict[str, Any]:
        """A page of what was received at `since` (ms) or later."""
        page = self.rejected.page(since, cursor, limit)
        return {"rejected": [_shown(one) for one in page.items], "cursor": page.cursor}


def _shown(one: Rejection) -> dict[str, Any]:
    return {
        "id": one.id,
        "code": one.code,
        "message": one.message,
        "index": one.index,
        "receivedAt": to_text(one.received_at),
        "excerpt": one.excerpt,
    }
