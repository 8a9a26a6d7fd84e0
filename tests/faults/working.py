"""A worker: a process with a stack of its own, that lives days under faults."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from multiprocessing.util import Finalize

from infra.local.stack import Stack
from tests.faults.branching import Plan, lived
from tests.faults.runs import Run, undisturbed
from tests.faults.world import world

_open = ExitStack()
_here: list[tuple[Stack, Run]] = []


def begin() -> tuple[Stack, Run]:
    """This process's stack, and the day as it is when nothing goes wrong."""
    if not _here:
        Finalize(None, end, exitpriority=10)
        stack = _open.enter_context(world())
        _here.append((stack, undisturbed(stack)))
    return _here[0]


def end() -> None:
    """Close the stack, if there is one."""
    _here.clear()
    _open.close()


def live(plans: Sequence[Plan]) -> dict[Plan, list[str]]:
    """What each plan broke, in words."""
    stack, reference = begin()
    return lived(stack, reference, plans)
