"""A channel's breaker: open, nobody calls its provider; then one message at a time tries whether it answers again.

    closed   --TRIP failures in a row, seen by one worker-->   open until now + 10 s
    open     --its time is over: one message is the probe-->   open for all others until now + PROBE
    probe    --answered-->   closed
             --failed-->     open again, twice as long, at most 5 minutes
             --never heard of (its worker died)-->   its time ends, and another message is the probe

Each worker counts for itself, and what they find is shared: ten workers, or a hundred that come and go, open it once
and send one probe between them. Moving from one state to the next is conditional on the state that was seen.

SES asks that one wait "up to 10 minutes" after a throttling error and try again (SES Developer Guide, Errors related
to the sending quotas). What waits meanwhile is in the queue, and goes out at the channel's rate afterwards.
"""

from __future__ import annotations

import msgspec

from chalicelib.domain.timers import MINUTE

SECOND = 1_000
#: Failures in a row, in one worker, that open it: a whole batch of its queue. A provider that fails one call in three
#: is slow, not gone: it comes to ten in a row once in 59,049.
TRIP = 10
#: How long it is open at first, and at most (ms).
FIRST, LONGEST = 10 * SECOND, 5 * MINUTE
#: How long others wait for a probe's answer (ms): longer than a provider is given to answer (12 s).
PROBE = 30 * SECOND
#: Those that waited come back over this long at least, after it (ms).
SPREAD = 30 * SECOND


class Breaker(msgspec.Struct, frozen=True):
    """`step` is how often it was opened in a row, 0: closed. It is open until `until` (ms)."""

    until: int = 0
    step: int = 0

    def is_open(self, now: int) -> bool:
        """Whether nobody may call."""
        return now < self.until

    def opened(self, now: int) -> Breaker:
        """After failures: for the first time, or once more."""
        return Breaker(now + min(LONGEST, FIRST << min(self.step, 16)), self.step + 1)

    def probed(self, now: int) -> Breaker:
        """While a probe is under way."""
        return Breaker(now + PROBE, self.step)

    def spread(self) -> int:
        """Over how long those that waited come back (ms): the longer it was open, the more they are."""
        return min(LONGEST, max(SPREAD, FIRST << min(self.step, 16)))


CLOSED = Breaker()
