"""Days that are one day until their first fault: it is lived once, and each parts from it there as a copied process.

A copy is a `fork` in the midst of the call that is to be struck, or of what is handed over: everything the day has made
so far is there as it was, moto's tables among it. So a fault at the end of the day costs next to nothing.
"""

from __future__ import annotations

import json
import os
import select
import signal
from collections import defaultdict
from collections.abc import Sequence
from typing import NoReturn

from infra.local.stack import Stack
from tests.faults.injecting import CALL_KINDS, Fault, Injector, Kind
from tests.faults.runs import Run, broken, live, run

Plan = tuple[Fault, ...]
LONGEST_S = 180
"""A day takes a few seconds."""
ENDS = "the day is lived to its end"


def lived(stack: Stack, reference: Run, plans: Sequence[Plan]) -> dict[Plan, list[str]]:
    """What each plan broke, in words. The process must have one thread."""
    branches = _Branches(plans)
    words: list[str] = []
    try:
        words = broken(live(stack, reference.published, branches.injector), reference)
    except BaseException as error:
        if branches.own is None:
            raise
        words = [f"{ENDS}: {type(error).__name__}: {str(error)[:300]}"]
    if branches.own is not None:
        branches.tell(words)
    # What met nothing is a day without a fault: in its last hour numbers are not the same every time.
    unmet = [plan for plan in plans if plan not in branches.found]
    return branches.found | {plan: broken(run(stack, reference, *plan), reference) for plan in unmet}


class _Branches:
    """`found` is what the copies told; in a copy, `own` is its plan."""

    def __init__(self, plans: Sequence[Plan]) -> None:
        self.injector = Injector(branch=self._part)
        self.found: dict[Plan, list[str]] = {}
        self.own: Plan | None = None
        self._tell = -1
        self._waiting: defaultdict[tuple[bool, int], list[Plan]] = defaultdict(list)
        for plan in plans:
            for fault in plan:
                self._waiting[fault.kind in CALL_KINDS, fault.number].append(plan)

    def tell(self, words: Sequence[str]) -> NoReturn:
        """Tell what the copy's day broke; the copy ends."""
        with os.fdopen(self._tell, "w") as told:
            json.dump(words, told)
        os._exit(0)

    def _part(self, kinds: Sequence[Kind], number: int) -> None:
        if self.own is not None:
            return
        for plan in self._waiting.pop((kinds is CALL_KINDS, number), ()):
            if plan not in self.found and self._copied(plan):
                return

    def _copied(self, plan: Plan) -> bool:
        """Whether this is the copy, in which the plan is in force from now on."""
        heard, tell = os.pipe()
        copy = os.fork()
        if copy:
            os.close(tell)
            self.found[plan] = _told_by(copy, heard)
            return False
        os.close(heard)
        self.own, self._tell = plan, tell
        self.injector.faults = plan
        return True


def _told_by(copy: int, heard: int) -> list[str]:
    text = b""
    with os.fdopen(heard, "rb") as pipe:
        while select.select([pipe], [], [], LONGEST_S)[0]:
            part = os.read(pipe.fileno(), 65_536)
            if not part:
                break
            text += part
        else:
            os.kill(copy, signal.SIGKILL)
    os.waitpid(copy, 0)
    words: list[str] = json.loads(text) if text else [f"{ENDS}: not after {LONGEST_S} s, or its process died"]
    return words
