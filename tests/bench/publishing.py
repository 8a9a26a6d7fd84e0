"""A playbook of a thousand messages: published over HTTP on the local stack, and loaded by a fresh interpreter."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from infra.local.stack import Stack
from tests.bench.big_playbooks import text_of
from tests.bench.rows import Row, of_this_machine
from tests.bench.starting import BYTECODE

MESSAGES = 1000
ROUNDS = 9
#: What a worker does at its first event, with the stored bytes at hand: CPU (ms) with imports, and without.
LOADING = """
import sys, time
from pathlib import Path
data = Path(sys.argv[1]).read_bytes()
started = time.process_time()
from chalicelib.services.live_rules import LiveRules
from chalicelib.domain.playbook import compiler, kept

class Stored:
    def compiled(self, version):
        return data

imported = time.process_time()
rules = LiveRules(Stored(), lambda: 0).version(1)
ended = time.process_time()
assert len(rules.messages) == int(sys.argv[2])
print(1000 * (ended - started), 1000 * (ended - imported))
"""


def run() -> Sequence[Row]:
    """Seconds to publish, and milliseconds of CPU until the rules are ready."""
    from chalicelib import wiring

    text = text_of(MESSAGES).encode()
    with Stack() as stack:
        started = time.perf_counter()
        answer = stack.request("PUT", "/v1/playbook", text, key="local-operator-key")
        taken = time.perf_counter() - started
        assert answer.status == 200, answer.json()
        kept = wiring.playbooks().compiled(answer.json()["version"])
    what = f"{MESSAGES:,} messages ({len(text) / 1000:.0f} KB)"
    return [Row(f"publishing {what}", taken, "s", 10, noise=of_this_machine()), loading(kept)]


def loading(kept: bytes) -> Row:
    """CPU until a fresh interpreter has the rules, imports included."""
    whole, alone = _loaded(kept)
    name = "loading them in a fresh interpreter, with imports"
    return Row(name, whole, "ms CPU", 150, f"{alone:.0f} without", of_this_machine())


def _loaded(kept: bytes) -> tuple[float, float]:
    """The medians of some fresh interpreters, after one that is not counted, so that bytecode is cached."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = str(BYTECODE)
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(kept)
        command = [sys.executable, "-c", LOADING, file.name, str(MESSAGES)]
        told = [subprocess.run(command, check=True, env=env, capture_output=True) for _ in range(ROUNDS + 1)]
    figures = [[float(figure) for figure in one.stdout.split()] for one in told[1:]]
    return statistics.median(one[0] for one in figures), statistics.median(one[1] for one in figures)
