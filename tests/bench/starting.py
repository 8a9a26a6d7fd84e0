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

ROUNDS = 7
CLIENTS = {
    "ingest": ("dynamodb", "sqs", "firehose"),
    "relay": ("dynamodb", "sqs", "firehose"),
    "send": ("dynamodb", "sqs", "sesv2", "sns"),
    "feedback": ("dynamodb", "sqs"),
    "tick": ("dynamodb", "sqs"),
    "jobs": ("dynamodb", "sqs"),
}
HOT = 1.25
BYTECODE = Path("build/bytecode").absolute()


def run() -> Sequence[Row]:
    """The median of the pairwise ratios, handler by handler, and of `app`, which serves HTTP."""
    rows = []
    for name, clients in [*CLIENTS.items(), ("app", ("dynamodb", "sqs"))]:
        module = "app" if name == "app" else f"chalicelib.entrypoints.{name}"
        ours = f"import {module}\nfrom chalicelib import wiring\nfor name in {clients!r}: wiring.client(name)"
        floor = f"import chalice, boto3\nfor name in {clients!r}: boto3.client(name)"
        cpu_of(ours), cpu_of(floor)
        pairs = [(cpu_of(ours), cpu_of(floor)) for _ in range(ROUNDS)]
        ratio = statistics.median(a / b for a, b in pairs)
        note = f"{statistics.median(a for a, _ in pairs):.0f} over {statistics.median(b for _, b in pairs):.0f} ms CPU"
        rows.append(Row(f"import and clients of {name}, over chalice and clients", ratio, "times", HOT, note))
    return rows


def cpu_of(code: str) -> float:
    """CPU of a fresh interpreter running the code (ms)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env |= {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    env["PYTHONPYCACHEPREFIX"] = str(BYTECODE)
    subprocess.run([sys.executable, "-c", code], check=True, env=env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000
