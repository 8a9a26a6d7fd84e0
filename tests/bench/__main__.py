"""Runs every part, prints the table and writes build/bench.json.

Exit status 1 if a target was missed, or one that is known to be missed was missed by more.

python -m tests.bench            all parts
python -m tests.bench calls      one part
"""

from __future__ import annotations

import json
import logging
import sys
import time
from importlib import import_module
from pathlib import Path

from tests.bench.rows import Part, Row, table

PARTS = (
    "calls", "ingest", "scaling", "identities", "floods", "conditions", "deciding", "bandits",
    "publishing", "starting", "rendering", "packages", "documents", "throughput", "captures", "bandit",
    "experiment",
)  # fmt: skip
RESULTS = Path("build/bench.json")


def main(chosen: list[str]) -> int:
    """Run the parts by name."""
    unknown = set(chosen) - set(PARTS)
    if unknown:
        print(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
        return 2
    rows: list[Row] = []
    for name in chosen or PARTS:
        part: Part = import_module(f"tests.bench.{name}").run
        started = time.monotonic()
        found = part()
        rows.extend(found)
        print(f"{name} ({time.monotonic() - started:.0f} s)\n{table(found)}\n", flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([row.to_json() for row in rows], indent=2) + "\n")
    missed = [row.name for row in rows if row.is_worse]
    owed = [row.name for row in rows if not row.met and not row.is_worse]
    print(f"{len(rows)} figures, {len(missed)} targets missed" + (f": {', '.join(missed)}" if missed else ""))
    if owed:
        print(f"{len(owed)} targets known to be missed, and no worse than known: {', '.join(owed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    sys.exit(main(sys.argv[1:]))
