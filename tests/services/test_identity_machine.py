"""Who is who, whatever comes: random events, workers that race and die, a queue that repeats and reorders.

Run more with `EXAMPLES=20000 python -m pytest tests/services/test_identity_machine.py`. What fails is printed as
the steps of a small story; each step is a call of `Stage`, so it can be pasted into a test of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations, product
from typing import Any, get_args

from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from chalicelib.domain.events import Event
from tests.fakes.stepping import DONE, Fate, Turn
from tests.services.identity_stage import VALUES, Stage

EXAMPLES = int(os.environ.get("EXAMPLES", "2000"))
STEPS = 40
WORKERS = 3


def _named(count: int) -> list[tuple[str, ...]]:
    """Every way to name a customer by so many identifiers of different kinds."""
    return [
        tuple(f"{kind}:{value}" for kind, value in zip(kinds, values, strict=True))
        for kinds in combinations(VALUES, count)
        for values in product(*(VALUES[kind] for kind in kinds))
    ]


#: What an event says beside who it is of.
SAYS: tuple[dict[str, Any], ...] = (
    {}, {"order": 3}, {"order": 4}, {"plan": "gold"}, {"plan": "iron"},
)  # fmt: skip
ALIASES = [
    ((f"user:{user}", *more), previous)
    for more in ((), ("device:t",))
    for user in "uv"
    for previous in ("a", "b", "u", "v")
    if user != previous
]
#: Draws are what costs time, so an event is three of them. Few names are drawn oftener than many.
NAMES = [*((names, "") for names in [*_named(1) * 6, *_named(2) * 2, *_named(3)]), *ALIASES]
#: Who is who else in a calm world.
SAME = {"user:v": "user:u", "email:z@example.com": "email:x@example.com", "u": "c", "v": "c"}
LAGS = [(), (1,), (0, 1), (2, 0), (0, 0, 1), (3, 1, 0), (0, 2, 1)]
TURNS = [
    *[DONE] * 24,
    *(Turn(lags=lags, torn=torn) for torn in (False, True) for lags in LAGS),
    *(Turn(fate) for fate in get_args(Fate) for _ in range(4)),
]

events = st.tuples(st.integers(0, 11), st.sampled_from(NAMES), st.sampled_from(SAYS))
small = st.integers(0, 11)


class IdentityMachine(RuleBasedStateMachine):
    """Sends, repeats, takes and goes on, in any order; then everything comes to rest and is compared.

    In a `calm` world no link is ever refused and no device changes hands: there is one user, with two addresses.
    Reads don't lag there either. Messages are picked from the newest on, so that what fails is told without
    older ones that matter to nothing.
    """

    calm = False

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage(WORKERS)
        self.sound = True

    @rule(event=events, more=st.none() | st.tuples(events, st.none() | events))
    def send(self, event: Any, more: Any) -> None:
        drawn = [event] + ([one for one in more if one] if more else [])
        self._try(self.stage.send, *(self._made(*one) for one in drawn))

    @precondition(lambda self: self.stage.sent)
    @rule(pick=small)
    def again(self, pick: int) -> None:
        self._try(self.stage.again, len(self.stage.sent) - 1 - pick % len(self.stage.sent))

    @precondition(lambda self: self.stage.messages and self._workers(busy=False))
    @rule(pick=small, count=st.integers(1, 3))
    def take(self, pick: int, count: int) -> None:
        newest = list(reversed(self.stage.messages))
        start = pick % len(newest)
        self._try(self.stage.take, self._workers(busy=False)[0], *newest[start : start + count])

    @precondition(lambda self: self._workers(busy=True))
    @rule(pick=small, plain=st.integers(0, 2), turn=st.sampled_from(TURNS))
    def go(self, pick: int, plain: int, turn: Turn) -> None:
        busy = self._workers(busy=True)
        worker = busy[pick % len(busy)]
        for one in (*[DONE] * plain, replace(turn, lags=()) if self.calm else turn):
            if self.stage.workers[worker].is_busy:
                self._try(self.stage.go, worker, one)

    def teardown(self) -> None:
        try:
            if self.sound:
                self._try(self.stage.settle)
                self._try(self.stage.compare)
        finally:
            self.stage.close()
            if not self.sound:
                note(self.stage.told())

    def _made(self, at: int, named: tuple[tuple[str, ...], str], says: dict[str, Any]) -> Event:
        names, previous = named
        if self.calm:
            names = tuple(SAME.get(name, name) for name in names)
            previous = SAME.get(previous, previous)
        return self.stage.event(at, *names, previous=previous, **says)

    def _workers(self, *, busy: bool) -> list[int]:
        return [number for number, worker in enumerate(self.stage.workers) if worker.is_busy == busy]

    def _try(self, act: Callable[..., object], *args: Any) -> None:
        """A step. After one that fails there is no end to be compared."""
        self.sound = False
        act(*args)
        self.sound = True


class CalmMachine(IdentityMachine):
    """What holds even where nobody shares a device."""

    calm = True


def everyone_is_who_they_are(machine: type[IdentityMachine], examples: int) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=STEPS))


def test_everyone_is_who_the_model_says_whatever_comes() -> None:
    everyone_is_who_they_are(IdentityMachine, EXAMPLES)
