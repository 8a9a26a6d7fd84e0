"""How many messages a second each channel may send: what the provider says, else what is set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chalicelib.domain.timers import MINUTE
from chalicelib.services.ports import Clock

#: How long what a provider said is believed (ms): quotas change a few times a year.
MAX_AGE = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class LiveRates:
    """`quotas` ask a channel's provider (None: it doesn't tell); `fixed` are the settings, 0 for no limit.

    A provider that told once and doesn't now is believed to stand by what it said.
    """

    quotas: Mapping[str, Callable[[], float | None]]
    fixed: Mapping[str, float]
    clock: Clock
    _told: dict[str, tuple[int, float | None]] = field(default_factory=dict)

    def __call__(self, channel: str) -> float:
        """Messages a second, 0 for no limit."""
        told = self._quota(channel)
        return self.fixed.get(channel, 0.0) if told is None else told

    def _quota(self, channel: str) -> float | None:
        ask = self.quotas.get(channel)
        if ask is None:
            return None
        now = self.clock()
        at, told = self._told.get(channel, (0, None))
        if channel not in self._told or now - at >= MAX_AGE:
            told = ask() or told
            self._told[channel] = (now, told)
        return told
