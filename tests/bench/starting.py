"""A cold start: importing a handler's module and making its clients, over Chalice and the same clients alone.

Each side runs in fresh interpreters, in turn (A B A B ...), and CPU is compared pair by pair, so that a
machine whose speed drifts does not matter. Both find their bytecode cached, by a run that is not counted.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench.rows import Row

_HTTP = ("dynamodb", "sqs")
HOT = {
    "ingest": ("dynamodb", "sqs", "firehose"),
    "relay": ("dynamodb", "sqs", "firehose"),
    "send": ("dynamodb", "sqs", "sesv2", "sns"),
    "feedback": ("dynamodb", "sqs"),
    "tick": ("dynamodb", "sqs"),
    "jobs": ("dynamodb", "sqs"),
    "collect": _HTTP,
    "decide": _HTTP,
    "app": _HTTP,
}
"""The clients of each handler that a customer waits for, directly or behind a queue; `app` is all that serve HTTP."""
OTHERS = dict.fromkeys(
    ("inbox", "profiles", "quarantine", "playbook", "experiments", "moments", "switches", "pages", "health"), _HTTP
)  # fmt: skip
ROUNDS = {"hot": 7, "others": 3}
MOST = {"hot": 1.25, "others": 2.0}
NOISE = 0.05
"""Of the median of pairs of CPU times, each side in an interpreter of its own."""
BYTECODE = Path("build/bytecode").absolute()


def run() -> Sequence[Row]:
    """The median of the pairwise ratios, handler by handler, and of `app`, which serves HTTP."""
    return [
        measured(name, clients, ROUNDS[kind], MOST[kind])
        for kind, handlers in (("hot", HOT), ("others", OTHERS))
        for name, clients in handlers.items()
    ]


def measured(name: str, clients: Sequence[str], rounds: int, most: float, extra: str = "") -> Row:
    """One handler; `extra` is code that it runs besides."""
    module = "app" if name == "app" else f"chalicelib.entrypoints.{name}"
    ours = f"import {module}\nfrom chalicelib import wiring\nfor name in {clients!r}: wiring.client(name)\n{extra}"
    floor = f"import chalice, boto3\nfor name in {clients!r}: boto3.client(name)"
    cpu_of(ours), cpu_of(floor)
    pairs = [(cpu_of(ours), cpu_of(floor)) for _ in range(rounds)]
    ratio = statistics.median(a / b for a, b in pairs)
    note = f"{statistics.median(a for a, _ in pairs):.0f} over {statistics.median(b for _, b in pairs):.0f} ms CPU"
    return Row(f"import and clients of {name}, over chalice and clients", ratio, "times", most, note, NOISE)


def cpu_of(code: str) -> float:
    """CPU of a fresh interpreter running the code (ms)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    env["PYTHONPYCACHEPREFIX"] = str(BYTECODE)
    subprocess.run([sys.executable, "-c", code], check=True, env=env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000
