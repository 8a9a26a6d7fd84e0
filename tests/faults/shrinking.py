"""Making a failing case small, and telling it as a story a person can follow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.local.stack import Stack
from tests.faults.injecting import CALL_KINDS, Call, Fault, Handed
from tests.faults.runs import Run, broken, run

TRIES = 12
"""Places at which a fault is looked for on a day with a step less: dropping a step moves what comes after it."""


def shrunk(stack: Stack, reference: Run, failing: Run) -> Run:
    """A run that breaks one of the same invariants with as few faults, and then as few steps, as were found."""
    names = broken_names(failing, reference)
    best = _fewer_faults(stack, reference, failing, names)
    return _fewer_steps(stack, reference, best, names) if len(best.faults) == 1 else best


def broken_names(one: Run, reference: Run) -> set[str]:
    """The invariants that do not hold."""
    return {found.split(":")[0] for found in broken(one, reference)}


def _fewer_faults(stack: Stack, reference: Run, failing: Run, names: set[str]) -> Run:
    best = failing
    for fault in failing.faults:
        fewer = tuple(each for each in best.faults if each != fault)
        if fewer and broken_names(smaller := run(stack, reference, *fewer), reference) & names:
            best = smaller
    return best


def _fewer_steps(stack: Stack, reference: Run, failing: Run, names: set[str]) -> Run:
    best = failing
    steps = [mark.step for mark in failing.marks[:-1]]
    last = _step_of(failing)
    after = frozenset(steps[steps.index(last) + 1 :]) if last in steps else frozenset()
    for more in (after, *({step} for step in reversed(steps))):
        if not more - best.without:
            continue
        without = best.without | more
        shorter = run(stack, reference, without=without)
        for fault in _alike(best, shorter):
            smaller = run(stack, reference, fault, without=without)
            if broken_names(smaller, shorter) & names:
                best = smaller
                break
    return best


def _step_of(one: Run) -> str:
    """The step during which the fault struck."""
    fault = one.faults[0]
    begun = [
        mark
        for mark in one.marks
        if (mark.calls if fault.kind in CALL_KINDS else mark.handed) <= fault.number
    ]
    return begun[-1].step


def _alike(failing: Run, shorter: Run) -> Iterator[Fault]:
    """The fault at what is like what it struck, on the shorter day: counted from the end first."""
    if not failing.struck:
        return
    fault, target = failing.struck[0]
    mine, theirs = _met(failing, fault), _met(shorter, fault)
    left = sum(str(each) == str(target) for each in mine[fault.number :])
    places = [number for number, each in enumerate(theirs) if str(each) == str(target)]
    wanted = len(places) - left
    for number in sorted(range(len(places)), key=lambda place: abs(place - wanted))[:TRIES]:
        yield Fault(fault.kind, places[number])


def _met(one: Run, fault: Fault) -> Sequence[Call | Handed]:
    return one.calls if fault.kind in CALL_KINDS else one.handed


def story(one: Run, found: Sequence[str]) -> str:
    """The day as it was lived: its steps, where the faults struck, and what broke."""
    lines = []
    for place, mark in enumerate(one.marks):
        following = one.marks[place + 1] if place + 1 < len(one.marks) else None
        struck = [
            f"           {fault.kind}: {target} (number {fault.number})"
            for fault, target in one.struck
            if _within(
                fault,
                (mark.calls, following.calls if following else None),
                (mark.handed, following.handed if following else None),
            )
        ]
        if mark.step not in one.without or struck:
            left_out = " (left out)" if mark.step in one.without else ""
            lines += [f"    {_clock(mark.minute)}  {mark.step}{left_out}", *struck]
    return "\n".join([*lines, *(f"    broken: {each}" for each in found)])


def _within(fault: Fault, calls: tuple[int, int | None], handed: tuple[int, int | None]) -> bool:
    first, end = calls if fault.kind in CALL_KINDS else handed
    return first <= fault.number and (end is None or fault.number < end)


def _clock(minute: int) -> str:
    return f"{12 + minute // 60}:{minute % 60:02d}"
