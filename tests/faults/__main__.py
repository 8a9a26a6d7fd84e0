"""Faults at everything a day asks of AWS and is handed by it, and what came of them. Writes build/faults.json.

make faults                                         a sample, in ten minutes at most
FULL=1 make faults                                  every fault, and one combination for ten: half an hour on two cores
FULL=1 MINUTES=15 make faults                       as many of them as that takes
SEED=7 make faults                                  another sample, other combinations
python -m tests.faults killed-after:57              one fault, told in full, and made small if it breaks anything
python -m tests.faults twice:3+throttled:40 seed:4  faults together
"""

from __future__ import annotations

import json
import math
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from tests.faults.branching import Plan
from tests.faults.injecting import KINDS, Fault, named
from tests.faults.runs import broken, combination, faults_for, run
from tests.faults.shrinking import shrunk, story
from tests.faults.working import begin, end, live

RESULTS = Path("build/faults.json")
MINUTES = 7.0
"""After which a sample takes nothing new."""
TOGETHER = 40
"""So many days a worker lives at once: as one until each one's first fault."""
COMBINATIONS = 0.1
"""So many combinations for each single fault of a run."""
WORKERS = 2


def main(words: list[str]) -> int:
    """Run them; exit status 1 if an invariant broke."""
    seed, full = int(os.environ.get("SEED") or 1), bool(os.environ.get("FULL"))
    _, reference = begin()
    every = faults_for(reference.calls, reference.handed)
    if words:
        return _told_in_full([_plan(word, every) for word in words])
    plans = _plans(every, seed)
    print(f"{len(reference.calls)} calls and {len(reference.handed)} hand-overs a day, {len(every)} faults; "
          f"seed {seed}, {len(plans)} runs wanted", flush=True)  # fmt: skip
    minutes = float(os.environ.get("MINUTES") or (math.inf if full else MINUTES))
    found = dict(_lived(plans, time.monotonic() + 60 * minutes))
    broke = {plan: words for plan, words in found.items() if words}
    print(_table(found, len(plans) - len(found)))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(_results(seed, found), indent=2) + "\n")
    if broke:
        print(f"\n{len(broke)} runs broke an invariant; the first of them, made small:\n")
        _told_in_full(list(broke)[:3])
    cut = math.isinf(minutes) and len(found) < len(plans)
    return 1 if broke or cut else 0


def _plan(word: str, every: Sequence[Fault]) -> Plan:
    if word.startswith("seed:"):
        return combination(every, int(word.removeprefix("seed:")))
    try:
        return tuple(named(part) for part in word.split("+"))
    except ValueError as error:
        sys.exit(str(error))


def _plans(every: Sequence[Fault], seed: int) -> list[Plan]:
    """Single faults in an order of chance, and combinations among them: whatever is cut off was no kind's own."""
    chance = random.Random(seed)
    single: list[Plan] = [(fault,) for fault in every]
    together = [
        combination(every, seed * 100_000 + number) for number in range(int(COMBINATIONS * len(single)))
    ]
    plans = list(dict.fromkeys(single + together))
    chance.shuffle(plans)
    return plans


def _lived(plans: Sequence[Plan], until: float) -> Iterator[tuple[Plan, list[str]]]:
    """Each plan and what it broke, by workers with a stack each; none is begun after `until`."""
    parts = [plans[start : start + TOGETHER] for start in range(0, len(plans), TOGETHER)]
    with ProcessPoolExecutor(WORKERS, get_context("spawn")) as pool:
        for done, found in enumerate(in_turn(pool, parts, until), 1):
            for plan, words in found.items():
                if words:
                    print(f"{_name(plan)}: {words}", flush=True)
                yield plan, words
            if done % 10 == 0:
                print(f"{min(done * TOGETHER, len(plans)):,} done", flush=True)


def in_turn(pool: Executor, parts: Iterable[Sequence[Plan]], until: float) -> Iterator[dict[Plan, list[str]]]:
    """What each part broke, one a worker at a time; none is begun after `until` (of `time.monotonic`)."""
    waiting = iter(parts)
    running = {pool.submit(live, part) for part in islice(waiting, WORKERS)}
    while running:
        ended = next(as_completed(running))
        running.remove(ended)
        if time.monotonic() < until:
            running |= {pool.submit(live, part) for part in islice(waiting, 1)}
        yield ended.result()


def _told_in_full(plans: Sequence[Plan]) -> int:
    stack, reference = begin()
    failed = False
    for plan in plans:
        one = run(stack, reference, *plan)
        found = broken(one, reference)
        print(f"{_name(plan)}: {'broken' if found else 'all is well'}\n{story(one, found)}\n")
        if found:
            failed = True
            small = shrunk(stack, reference, one)
            plain = run(stack, reference, without=small.without)
            print(f"  made small:\n{story(small, broken(small, plain))}")
            print(f"    again: python -m tests.faults {_name(plan)}\n")
    return 1 if failed else 0


def _name(plan: Plan) -> str:
    return "+".join(map(str, plan))


def _table(found: dict[Plan, list[str]], left: int) -> str:
    """A line for each kind of fault: how many runs, and how many of them broke an invariant."""
    runs, broke = Counter[str](), Counter[str]()
    for plan, words in found.items():
        kind = plan[0].kind if len(plan) == 1 else "several together"
        runs[kind] += 1
        broke[kind] += bool(words)
    lines = [f"\n{'faults':<18}{'runs':>8}{'broke an invariant':>22}"]
    lines += [
        f"{kind:<18}{runs[kind]:>8}{broke[kind]:>22}" for kind in (*KINDS, "several together") if runs[kind]
    ]
    lines.append(f"{'all':<18}{runs.total():>8}{broke.total():>22}")
    for plan, words in list(found.items()):
        lines += [f"  {_name(plan)}: {each}" for each in words]
    if left:
        lines.append(f"{left} more were left for want of time; FULL=1 takes them all")
    return "\n".join(lines)


def _results(seed: int, found: dict[Plan, list[str]]) -> dict[str, object]:
    return {
        "seed": seed,
        "runs": len(found),
        "faults": sum(map(len, found)),
        "broken": {_name(plan): words for plan, words in found.items() if words},
    }


if __name__ == "__main__":
    try:
        status = main(sys.argv[1:])
    finally:
        end()
    sys.exit(status)
