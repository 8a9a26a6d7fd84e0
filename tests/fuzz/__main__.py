"""Input nobody would send, at everything that reads input. Writes build/fuzz.json.

make fuzz                                       four minutes: every parser, the HTTP contract, bombs
FULL=1 make fuzz                                fifty minutes
SEED=7 MINUTES=2 make fuzz                      other inputs, for as long as is wanted
python -m tests.fuzz batch build/fuzz/batch-1   one input again, at the parser it went wrong in
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.fuzz.bombs import Burst, bombs, thrown
from tests.fuzz.guard import wrong_with
from tests.fuzz.shop import opened
from tests.fuzz.slices import ENGINES, Found, Slice, engines, lived
from tests.fuzz.targets import TARGETS

RESULTS, INPUTS = Path("build/fuzz.json"), Path("build/fuzz")
MINUTES, FULL_MINUTES = 4.0, 50.0
REQUESTS = 0.25
"""The share of the time that requests over HTTP have."""
_STARTS_S = 3.0
"""What a process of its own takes before its first input."""
_WORKERS = 2


def main(words: list[str]) -> int:
    """Do it all; exit status 1 if anything went wrong."""
    if words:
        return _again(*words)
    full = bool(os.environ.get("FULL"))
    minutes = float(os.environ.get("MINUTES") or (FULL_MINUTES if full else MINUTES))
    number = int(os.environ.get("SEED") or 1)
    missing = [one for one in (*ENGINES, "schemathesis") if not importlib.util.find_spec(one)]
    for one in missing:
        print(f"{one} is not installed here: what it would find is left out")
    print(f"seed {number}, {minutes:g} minutes", flush=True)
    begun = time.monotonic()
    found = parsers(60 * minutes * (1 - REQUESTS), number)
    print(_of_parsers(found), flush=True)
    bursts, asked = _over_http(60 * minutes * REQUESTS, number)
    print(_of_bombs(bursts))
    print(_of_requests(asked))
    wrong = [*_kept(found), *_of_http(bursts, asked)]
    inputs = sum(one.inputs for one in found) + asked.get("requests", 0) + len(bursts)
    RESULTS.parent.mkdir(exist_ok=True)
    told = {
        "seed": number,
        "minutes": round((time.monotonic() - begun) / 60, 1),
        "inputs": inputs,
        "wrong": wrong,
    }
    parts = {
        "parsers": [_row(one) for one in found],
        "bombs": [_burst(one) for one in bursts],
        "requests": asked,
    }
    RESULTS.write_text(json.dumps({**told, **parts}, indent=2) + "\n")
    print(f"\n{inputs:,} inputs in {told['minutes']} minutes, {len(wrong)} ways of going wrong")
    for line in wrong:
        print(f"  {line}")
    return 1 if wrong else 0


def parsers(seconds: float, number: int) -> list[Found]:
    """Every parser by every engine there is, in so much time on two cores."""
    pairs = [(target, engine) for target in TARGETS for engine in engines()]
    each = max(1.0, seconds * _WORKERS / len(pairs) - _STARTS_S)
    with ThreadPoolExecutor(_WORKERS) as pool:
        return list(pool.map(lambda pair: lived(Slice(pair[0], pair[1], each, number)), pairs))


def _over_http(seconds: float, number: int) -> tuple[list[Burst], dict[str, Any]]:
    with opened() as shop:
        bursts = thrown(shop.url, bombs())
        if not importlib.util.find_spec("schemathesis"):
            return bursts, {}
        from tests.fuzz.requests import asked

        done = asked(shop, seconds, number)
    statuses = {str(status): count for status, count in sorted(done.statuses.items())}
    figures = {"requests": done.requests, "slowest_ms": done.slowest_ms, "grown_mb": done.grown_mb}
    return bursts, {**figures, "statuses": statuses, "wrong": done.wrong}


def _kept(found: Sequence[Found]) -> list[str]:
    """Each input that went wrong as a file, and how to try it again."""
    told, counts = [], defaultdict[str, int](int)
    for one in found:
        for words, data in one.wrong:
            counts[one.slice.target] += 1
            path = INPUTS / f"{one.slice.target}-{counts[one.slice.target]}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            told.append(f"{one.slice.target}: {words}; python -m tests.fuzz {one.slice.target} {path}")
    return told


def _of_http(bursts: Sequence[Burst], asked: dict[str, Any]) -> list[str]:
    told = [f"{one.bomb}: {one.wrong}" for one in bursts if one.wrong]
    return told + [f"{words}; {how}" for words, how in asked.get("wrong", {}).items()]


def _again(target: str, path: str) -> int:
    words = wrong_with(TARGETS[target].take, Path(path).read_bytes())
    print(words or "nothing goes wrong")
    return 1 if words else 0


def _of_parsers(found: Sequence[Found]) -> str:
    lines = [f"\n  {'parser':<60} {'inputs by ' + ' and '.join(engines()):<36} {'slowest':>8}"]
    for target in TARGETS.values():
        own = [one for one in found if one.slice.target == target.name]
        inputs = " and ".join(f"{one.inputs:,}" for one in own)
        slowest = max(one.slowest_ms for one in own)
        mark = "WRONG" if any(one.wrong for one in own) else "ok"
        lines.append(f"  {target.about:<60} {inputs:<36} {slowest:>5.0f} ms  {mark}")
    return "\n".join(lines)


def _of_bombs(bursts: Sequence[Burst]) -> str:
    worst = max(bursts, key=lambda one: one.seconds)
    grown = max(one.grown_mb for one in bursts)
    bad = sum(bool(one.wrong) for one in bursts)
    refused = sum(400 <= one.status < 500 for one in bursts)
    return (
        f"\n  {len(bursts)} bombs: {refused} refused, {bad} wrong; the slowest took {worst.seconds * 1000:.0f} ms "
        f"({worst.bomb}), the largest {grown:.0f} MB"
    )


def _of_requests(asked: dict[str, Any]) -> str:
    if not asked:
        return ""
    statuses = ", ".join(f"{status}: {count:,}" for status, count in asked["statuses"].items())
    return (
        f"  {asked['requests']:,} requests made of infra/openapi.yaml: {len(asked['wrong'])} ways of going wrong; "
        f"the slowest took {asked['slowest_ms']:.0f} ms, memory grew by {asked['grown_mb']:.0f} MB ({statuses})"
    )


def _row(one: Found) -> dict[str, Any]:
    wrong = [words for words, _ in one.wrong]
    named = {"target": one.slice.target, "engine": one.slice.engine, "seconds": one.slice.seconds}
    return {**named, "inputs": one.inputs, "slowest_ms": one.slowest_ms, "wrong": wrong}


def _burst(one: Burst) -> dict[str, Any]:
    return {
        "bomb": one.bomb,
        "status": one.status,
        "seconds": one.seconds,
        "grown_mb": one.grown_mb,
        "wrong": one.wrong,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
