"""A worker: a process with a stack of its own, that lives days under faults."""

from __future__ import annotations

from contextlib import ExitStack
from multiprocessing.util import Finalize

from infra.local.stack import Stack
from tests.faults.injecting import Fault
from tests.faults.runs import Run, broken, run, undisturbed
from tests.faults.world import world

Plan = tuple[Fault, ...]
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


def live(plan: Plan) -> tuple[Plan, list[str]]:
    """The plan, and what it broke in words."""
    stack, reference = begin()
    try:
        return plan, broken(run(stack, reference, *plan), reference)
    except Exception as error:  # noqa: BLE001 - a day that cannot be lived to its end is a finding
        return plan, [f"the day is lived to its end: {type(error).__name__}: {str(error)[:300]}"]
