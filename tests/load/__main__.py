"""A closed-loop load over HTTP, and whether anything was lost or doubled. Writes build/load.json.

make load                                                      on a local stack of its own
MINUTES=2 WORKERS=16 SEED=7 make load
ENDPOINT=https://... WRITE_KEY=... OPERATOR_KEY=... make load   on a deployed stage: PUBLISH=1 publishes the load's
                                                               playbook there, CLEAN=1 erases its customers again
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.rows import Row, table
from tests.load.driving import PLAYBOOK, Figures, Load
from tests.load.endpoint import Endpoint, from_environment, local_stack, resident_mb
from tests.load.truth import Found, at_the_mailbox, in_profiles

RESULTS = Path("build/load.json")
MOST_EVENTS = 30_000
"""A local stack keeps everything in memory, and takes in some hundred events a second."""
SETTLES_IN_S = 420
GROWTH = 1.5


def main() -> int:
    """Run the load; exit status 1 if something was lost, doubled, refused for no reason, or never came to rest."""
    endpoint = from_environment()
    if endpoint is not None:
        return _told(endpoint)
    with local_stack() as local:
        return _told(local)


def _told(endpoint: Endpoint) -> int:
    rows, words, told = measured(
        endpoint,
        minutes=float(os.environ.get("MINUTES") or 1),
        workers=int(os.environ.get("WORKERS") or 8),
        seed=int(os.environ.get("SEED") or 1),
        run=f"load{int(time.time())}",
    )
    print(f"{table(rows)}\n")
    for each in words:
        print(f"  {each}")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({**told, "figures": [row.to_json() for row in rows]}, indent=2) + "\n")
    missed = [row.name for row in rows if not row.met]
    print(f"{len(rows)} figures, {len(missed)} targets missed" + (f": {', '.join(missed)}" if missed else ""))
    return 1 if missed else 0


def measured(
    endpoint: Endpoint,
    *,
    minutes: float,
    workers: int,
    seed: int,
    run: str,
    most: int = MOST_EVENTS,
    customers: int = 300,
) -> tuple[list[Row], list[str], dict[str, Any]]:
    """The figures, what is amiss in words, and how it was run."""
    load = Load(endpoint, run, seed, customers)
    _publish(endpoint)
    load.log_in(load.buyers)
    _settle(endpoint, load)
    memory = [resident_mb(endpoint.process)]
    started = time.monotonic()
    figures = Figures()
    for part in (1, 2):  # memory is compared half by half: the second must not grow faster than the first
        half = load.drive(part, workers, started + part * 30 * minutes, most // 2)
        figures.add(half)
        memory.append(resident_mb(endpoint.process))
    took = time.monotonic() - started
    load.log_in(range(customers))
    settled = _settle(endpoint, load)
    memory.append(resident_mb(endpoint.process))
    found = Found()
    in_profiles(load.truth, _activities(endpoint, load), found)
    if endpoint.local:
        at_the_mailbox(load.truth, endpoint.get("/local/mailbox"), found)
    if os.environ.get("CLEAN") and not endpoint.local:
        _clean(endpoint, load)
    rows = [*_speed(figures, took), *_faults(figures, found, settled), *_kept(endpoint, memory, figures)]
    words = [
        *found.words,
        *([] if endpoint.local else ["no mailbox and no memory to look into at this endpoint"]),
    ]
    return (
        rows,
        words,
        {"seed": seed, "workers": workers, "minutes": minutes, "url": endpoint.url, "run": load.run},
    )


def _publish(endpoint: Endpoint) -> None:
    if endpoint.local or os.environ.get("PUBLISH"):
        status, body = endpoint.ask("PUT", "/v1/playbook", PLAYBOOK, {"content-type": "application/yaml"})
        if status != 200:
            raise RuntimeError(
                f"the load's playbook was refused with {status}: {body.decode(errors='replace')}"
            )


def _settle(endpoint: Endpoint, load: Load) -> float:
    """Wait until nothing changes any more; seconds it took, a minute more than allowed if it never did."""
    started = time.monotonic()
    if endpoint.local:
        with endpoint.connection() as line:
            line.timeout = SETTLES_IN_S
            line.request("POST", "/local/settle", b"{}")
            if line.getresponse().status != 200:
                return SETTLES_IN_S + 60
        return time.monotonic() - started
    before: Any = None
    while time.monotonic() - started < SETTLES_IN_S:
        now = _activities(endpoint, load)
        if now == before:
            return time.monotonic() - started
        before = now
        time.sleep(10)
    return SETTLES_IN_S + 60


def _activities(endpoint: Endpoint, load: Load) -> dict[str, dict[str, int]]:
    found = {}
    for customer in load.truth.customers():
        profile = endpoint.get(f"/v1/profiles/user:{customer}") or {"activity": {}}
        found[customer] = {name: counted["total"] for name, counted in profile["activity"].items()}
    return found


def _clean(endpoint: Endpoint, load: Load) -> None:
    for customer in load.truth.customers():
        endpoint.ask("DELETE", f"/v1/profiles/user:{customer}")


def _speed(figures: Figures, took: float) -> list[Row]:
    answered = sum(map(len, figures.took.values()))
    rows = [
        Row("requests a second", answered / took, "a second", note=f"{answered} in {took:.0f} s"),
        Row("events a second", figures.events / took, "a second", note=f"{figures.events} told once"),
    ]
    for kind, seconds in sorted(figures.took.items()):
        ordered = sorted(seconds)
        rows.append(
            Row(f"{kind}: p50", 1000 * ordered[len(ordered) // 2], "ms", note=f"{len(ordered)} answered")
        )
        rows.append(Row(f"{kind}: p99", 1000 * ordered[int(len(ordered) * 0.99)], "ms"))
    return rows


def _faults(figures: Figures, found: Found, settled: float) -> list[Row]:
    bad = {status: n for status, n in sorted(figures.statuses.items()) if status not in (200, 429, 503)}
    asked_again = figures.statuses[429] + figures.statuses[503]
    return [
        Row(
            "answers that are no success (throttled ones aside)",
            sum(bad.values()),
            "requests",
            0,
            str(bad or ""),
        ),
        Row(
            "throttled or unavailable, and asked again",
            asked_again,
            "requests",
            note=f"{figures.given_up} given up",
        ),
        Row("sent once more though answered", figures.again, "requests"),
        Row("events lost", found.lost, "events", 0),
        Row("events doubled", found.doubled, "events", 0),
        Row("messages lost", found.messages_lost, "messages", 0),
        Row("messages doubled or over a cap", found.messages_doubled, "messages", 0),
        Row("came to rest after", settled, "s", SETTLES_IN_S),
    ]


def _kept(endpoint: Endpoint, memory: Sequence[float], figures: Figures) -> list[Row]:
    """Memory at the start, half-way, at the end of the load, and at rest; moto keeps all data in it."""
    if not all(memory):
        return []
    start, half, end, rest = memory
    growth = (end - half) / max(half - start, 20.0)
    said = f"{start:.0f}, {half:.0f}, {end:.0f}, {rest:.0f} MB: start, half-way, end, at rest"
    return [
        Row("memory of the stack, growth of the second half over the first", growth, "times", GROWTH, said),
        Row("memory kept an event", 1024 * (rest - start) / max(figures.events, 1), "KB"),
    ]


if __name__ == "__main__":
    sys.exit(main())
