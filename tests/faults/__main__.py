"""Faults at the calls of a day, and what came of them.

python -m tests.faults                      a spread of faults
FULL=1 python -m tests.faults               every fault at every call
python -m tests.faults killed-after:57      one of them, told in full
"""

from __future__ import annotations

import os
import sys
from collections import Counter, defaultdict

from tests.faults.injecting import KINDS, Call, Fault
from tests.faults.runs import Run, broken, faults_for, run, spread, undisturbed
from tests.faults.world import world

SAMPLE = 60


def main(named: list[str]) -> int:
    """Run them; exit status 1 if an invariant broke."""
    with world() as stack:
        reference = undisturbed(stack)
        every = faults_for(reference.calls)
        wanted = [each for each in every if str(each) in named]
        chosen = wanted if named else every if os.environ.get("FULL") else spread(every, SAMPLE)
        print(f"{len(reference.calls)} calls a day, {len(chosen)} of {len(every)} faults", flush=True)
        found: dict[Fault, list[str]] = {}
        for place, fault in enumerate(chosen, start=1):
            one = run(stack, fault)
            found[fault] = broken(one, reference)
            if found[fault] or named:
                _tell(one, found[fault])
            if place % 100 == 0:
                print(f"{place} done", flush=True)
        print(_table(reference.calls, found))
    return 1 if any(found.values()) or (named and not wanted) else 0


def _tell(one: Run, faults: list[str]) -> None:
    print(f"\n{one.fault} struck {one.struck}: {'all is well' if not faults else ''}")
    for each in faults:
        print(f"    {each}")
    if faults:
        print(f"    again: python -m tests.faults {one.fault}", flush=True)


def _table(calls: tuple[Call, ...], found: dict[Fault, list[str]]) -> str:
    """A line for each function and operation: runs, and runs that broke an invariant, by kind of fault."""
    runs: defaultdict[str, Counter[str]] = defaultdict(Counter)
    broke: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for fault, faults in found.items():
        call = str(calls[fault.number])
        runs[call][fault.kind] += 1
        broke[call][fault.kind] += bool(faults)
    lines = [
        f"\n{'faults injected (and runs that broke an invariant)':<50}" + "".join(f"{k:>15}" for k in KINDS)
    ]
    for call in sorted(runs):
        cells = (f"{runs[call][k]}" + (f" ({broke[call][k]})" if broke[call][k] else "") for k in KINDS)
        lines.append(f"{call:<50}" + "".join(f"{cell:>15}" for cell in cells))
    total = sum(map(bool, found.values()))
    return "\n".join([*lines, f"\n{len(found)} faults injected, {total} runs broke an invariant"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
