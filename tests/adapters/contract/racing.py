"""Threads that really race: all have read before the first one writes, and then each goes on as it can."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from chalicelib.domain.errors import Conflict
from chalicelib.domain.profile import Activity, Profile
from chalicelib.domain.stored import Write
from chalicelib.services.ports import Profiles

T = TypeVar("T")

THREADS = 8


def together(act: Callable[[int, Callable[[], None]], T]) -> list[T]:
    """Run `act` in each of the threads; it gets its number, and `meet`, which waits for all the others."""
    barrier = threading.Barrier(THREADS)

    def meet() -> None:
        barrier.wait(timeout=30)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda number: act(number, meet), range(THREADS)))


def count_up(profiles: Profiles, times: int) -> int:
    """Every thread adds one `times` times to one profile's count, reading again on conflict; the final count."""
    first = Profile("p_1", "0.first")
    first.facts.activity["Page Viewed"] = Activity(0, 1, 1)
    profiles.commit([Write(first, "")])

    def add(number: int, meet: Callable[[], None]) -> None:
        for turn in range(times):
            profile = _read(profiles)
            if turn == 0:
                meet()
            while not _added(profiles, profile, f"{number}-{turn}"):
                profile = _read(profiles)

    together(add)
    return _read(profiles).facts.activity["Page Viewed"].total


def _read(profiles: Profiles) -> Profile:
    profile = profiles.read(["p_1"], consistent=True)["p_1"]
    assert isinstance(profile, Profile)
    return profile


def _added(profiles: Profiles, profile: Profile, nonce: str) -> bool:
    expected = profile.version
    profile.version = f"{int(expected.split('.')[0]) + 1}.{nonce}"
    profile.facts.activity["Page Viewed"].total += 1
    try:
        profiles.commit([Write(profile, expected)])
    except Conflict:
        return False
    return True
