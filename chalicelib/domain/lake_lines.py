"""The lake's lines: whose they are, which of them an erasure takes, and when that is done.

Files are rewritten in passes, one a week at most, each for every erasure there has been. The passes stand on a fixed
grid, so that all erasures of a week ask for the same one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

DAY = 86_400_000
#: Passes begin on Thursdays at 00:00 UTC (1970 began on one).
PASS_EVERY = 7 * DAY
#: What was under way at an erasure is in the lake after this: the stream brings a commit for at most 24 hours, and
#: Firehose tries to deliver for 24 more.
SETTLED_AFTER = 3 * DAY
#: A pass is through after this, also one that failed and had to be sent back from the dead letters.
PASS_TAKES = 7 * DAY


class _Line(msgspec.Struct):
    profile: str = ""


_line = msgspec.json.Decoder(_Line)
_times = msgspec.json.Decoder(dict[str, Any])
_TIMES = ("timestamp", "receivedAt", "at")


def first_job() -> dict[str, Any]:
    """The job that starts a pass."""
    return {"kind": "rewrite_lake", "erased": "", "after": ""}


def pass_after(at: int) -> int:
    """When the pass begins that an erasure at that time waits for (ms)."""
    return -(-(at + SETTLED_AFTER) // PASS_EVERY) * PASS_EVERY


def rewritten_by(at: int) -> int:
    """By when the lake is without a customer who was erased at that time: at most 17 days later (ms)."""
    return pass_after(at) + PASS_TAKES


def without(lines: bytes, erased: Mapping[str, int]) -> bytes:
    """The lines of a file without those of homes that were `erased` at a time (ms) or later.

    A line of somebody who came to such a home afterwards stays, and so does what is no line of ours.
    """
    return b"".join(line for line in lines.splitlines(keepends=True) if not _goes(line, erased))


def _goes(line: bytes, erased: Mapping[str, int]) -> bool:
    try:
        until = erased.get(_line.decode(line).profile)
        return until is not None and _began(_times.decode(line)) <= until
    except msgspec.DecodeError:
        return False


def _began(line: Mapping[str, Any]) -> int:
    """When an event was stamped or received, whichever is earlier, or a decision made; 0 where nothing tells."""
    return min((line[name] for name in _TIMES if isinstance(line.get(name), int)), default=0)
