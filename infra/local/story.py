"""The sample story: what a weather shop's customers do, and whom it talks to when it rains and when the sun burns.

It is played by an ordinary client of the HTTP contract, under the playbook in `events/story`, on the local
clock; everything it tells is read back from the system.
"""

from __future__ import annotations

from collections.abc import Callable

from infra.local.story_customers import read_customers
from infra.local.story_playing import run
from infra.local.story_telling import tell


def play(base_url: str, out: Callable[[str], object] = print) -> None:
    """Play the story against a stack on which nothing was collected yet, and tell it."""
    out("The sample story plays; half a minute, please ...")
    tell(run(base_url, read_customers()), base_url, out)
