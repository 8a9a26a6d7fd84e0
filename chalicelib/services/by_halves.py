"""Work done together, of which one part may be poisoned: the part is found, and the rest is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from chalicelib.domain.errors import Retry

T = TypeVar("T")


def by_halves(
    work: Callable[[Sequence[T]], None], things: Sequence[T], set_aside: Callable[[T, Exception], None]
) -> None:
    """All at once if that works; else half by half, until what fails stands alone and is set aside.

    `work` must bear repeating. `Retry` is passed on: then nothing is wrong with any of them.
    """
    if not things:
        return
    try:
        work(things)
    except Retry:
        raise
    except Exception as fault:  # noqa: BLE001 - one poisoned thing must not take its neighbours with it
        if len(things) == 1:
            set_aside(things[0], fault)
            return
        middle = len(things) // 2
        by_halves(work, things[:middle], set_aside)
        by_halves(work, things[middle:], set_aside)
