"""Links in messages, read."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib import wiring

if TYPE_CHECKING:
    from chalicelib.services.read_link import ReadLink


@cache
def read_link() -> ReadLink:
    """What a link's token says."""
    from chalicelib.services.read_link import ReadLink

    return ReadLink(wiring.deliveries(), wiring.live_rules(), wiring.secrets(), wiring.clock)
