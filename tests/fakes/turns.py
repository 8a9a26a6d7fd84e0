"""Lanes in memory."""

from __future__ import annotations

from tests.fakes.faulty import Faulty, port


class FakeTurns(Faulty):
    """`free`: when the next slot of each lane is free (microseconds)."""

    def __init__(self) -> None:
        super().__init__()
        self.free: dict[str, int] = {}

    @port
    def take(self, lane: str, now: int, width: int, line: int) -> int | None:
        free = max(self.free.get(lane, 0), now * 1_000)
        if free > (now + line) * 1_000:
            return None
        self.free[lane] = free + width
        return -(-free // 1_000)
