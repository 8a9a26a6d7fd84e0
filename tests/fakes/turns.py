"""Lanes and breakers in memory."""

from __future__ import annotations

from chalicelib.domain.breaker import CLOSED, Breaker
from tests.fakes.faulty import Faulty, port


class FakeTurns(Faulty):
    """`free`: when the next slot of each lane is free (microseconds); `breakers` by channel."""

    def __init__(self) -> None:
        super().__init__()
        self.free: dict[str, int] = {}
        self.breakers: dict[str, Breaker] = {}

    @port
    def take(self, lane: str, now: int, width: int, line: int) -> int | None:
        free = max(self.free.get(lane, 0), now * 1_000)
        if free > (now + line) * 1_000:
            return None
        self.free[lane] = free + width
        return -(-free // 1_000)

    @port
    def breaker(self, channel: str) -> Breaker:
        return self.breakers.get(channel, CLOSED)

    @port
    def move_breaker(self, channel: str, old: Breaker, new: Breaker) -> bool:
        if self.breakers.get(channel, CLOSED) != old:
            return False
        self.breakers[channel] = new
        return True
